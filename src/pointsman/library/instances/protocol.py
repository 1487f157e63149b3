"""What the router may ask of an instance: somebody who takes prompts and gives answers.

    send_prompt(prompt)     starts the work and returns at once
    has_updated()           (updated, has_prompt): is there news of it, may the next prompt be sent
    output                  what has come of the answer so far
    result(timeout)         waits for the whole answer
    ask(prompt)             sends, waits and returns; aask is its twin for coroutines

``send_prompt``, ``has_updated``, ``output`` and ``result`` speak of one prompt, the last that was sent. ``ask`` stands
apart from it and may be called from many threads at once.
"""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Protocol, Self, runtime_checkable


class Update(NamedTuple):
    """``updated``: something has come since it was asked last, or the answer has ended. ``has_prompt``: it waits for
    the next prompt, which means that the answer to the last one is complete or will not come.
    """

    updated: bool
    has_prompt: bool


@runtime_checkable
class Instance(Protocol):
    """Safe for threads. Errors are those of ``pointsman.errors``, and whatever a callable of yours raises."""

    @property
    def title(self) -> str:
        """Its name for people: in errors and in ``repr``."""
        ...

    @property
    def alive(self) -> bool:
        """May it be sent a prompt, as far as is known without trying?"""
        ...

    @property
    def output(self) -> str:
        """What has come of the answer to the last prompt; empty if none was sent."""
        ...

    def send_prompt(self, prompt: str, /) -> None:
        """Start work. Raises InstanceBusy while the prompt before is worked on, and InstanceClosed."""
        ...

    def has_updated(self) -> Update: ...

    def result(self, timeout: float | None = None) -> str:
        """The answer to the last prompt. Waits ``timeout`` seconds at most, then raises StillWorking; the work goes on.
        Raises what went wrong if there is no answer, and NothingSent.
        """
        ...

    def ask(self, prompt: str, timeout: float | None = None) -> str:
        """The answer. After ``timeout`` seconds (None: the instance's own) the work is given up and InstanceFailed
        raised.
        """
        ...

    async def aask(self, prompt: str, timeout: float | None = None) -> str:  # noqa: ASYNC109  as ``ask``
        """The same for a coroutine; who is cancelled gives the work up."""
        ...

    def close(self) -> None:
        """Give up what is under way and let go of everything. May be called again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
