"""What all instances share: one prompt sent at a time, asks beside it, deadlines, the end. How a prompt is answered is
the subclass's.

A coroutine on the background loop works on each prompt and fills an ``Answer``; every method here may be called from
any thread, and none holds a lock while it waits.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from datetime import timedelta
from threading import Lock, current_thread
from types import TracebackType
from typing import Any, Self

from pointsman.errors import InstanceBusy, InstanceClosed, InstanceFailed, Misuse, NothingSent
from pointsman.library.instances.answer import Answer
from pointsman.library.instances.background import Background, enter, leave
from pointsman.library.instances.protocol import Update
from pointsman.library.numbers import seconds
from pointsman.model.outcome import CONSEQUENCES, FailureKind

Timeout = float | timedelta | None

Work = Callable[[str, Answer], Coroutine[Any, Any, None]]
"""Works on a prompt: what comes is added to the answer."""


class BaseInstance(ABC):
    """Implements ``Instance``. ``timeout`` is seconds for an answer, or a timedelta, begin to end; None: as long as it
    takes.
    """

    def __init__(self, title: str, timeout: Timeout) -> None:
        self.title = title
        self.timeout = checked(timeout)
        self._lock = Lock()
        self._background: Background | None = None
        self._under_way: set[Answer] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sent: Answer | None = None
        self._told = (0, False)
        self._closed = False

    @abstractmethod
    async def _answer(self, prompt: str, answer: Answer) -> None:
        """Work on a prompt, on the background loop: what comes is added to the answer. Raises why there is none."""

    def _enter(self, background: Background) -> None:  # noqa: B027  not every kind needs it
        """Before the first prompt, and again in a forked process: what is tied to a loop is made here."""

    async def _leave(self) -> None:  # noqa: B027  likewise
        """The last thing on the loop: let go of everything. No answer is under way any more."""

    @property
    def alive(self) -> bool:
        return not self._closed

    @property
    def output(self) -> str:
        return "" if self._sent is None else self._sent.text

    @property
    def dropped(self) -> int:
        """Characters of ``output`` that were not kept: of a very long answer the last 1,048,576 are."""
        return 0 if self._sent is None else self._sent.dropped

    def send_prompt(self, prompt: str) -> None:
        with self._lock:
            if self._sent is not None and not self._sent.done:
                raise InstanceBusy(f"{self.title} still works on the last prompt; wait for result(), or use ask()")
            self._sent, self._told = self._begun(prompt, self.timeout), (0, False)

    def has_updated(self) -> Update:
        with self._lock:
            sent = self._sent
            now = (0, False) if sent is None else (sent.length, sent.done)
            updated, self._told = now != self._told, now
        return Update(updated, self.alive and (sent is None or now[1]))

    def result(self, timeout: Timeout = None) -> str:
        if self._sent is None:
            raise NothingSent(f"{self.title} was sent no prompt yet")
        self._may_wait()
        return self._sent.result(checked(timeout))

    def ask(self, prompt: str, timeout: Timeout = None) -> str:
        self._may_wait()
        return self._waited(self._begin(prompt, timeout))

    async def aask(self, prompt: str, timeout: Timeout = None) -> str:  # noqa: ASYNC109  as ``ask``
        answer = self._begin(prompt, timeout)
        try:
            return await asyncio.wrap_future(answer.future)
        finally:
            self._given_up(answer)

    def close(self) -> None:
        with self._lock:
            background = self._background
            if self._closed:
                return
            self._closed = True
            under_way = list(self._under_way)
        for answer in under_way:
            answer.abandon(self._over())
        if background is not None:
            if background.is_alive():
                background.settle(self._end())
            leave(self, background)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self, prompt: str, timeout: Timeout, work: Work | None = None) -> Answer:
        limit = self.timeout if timeout is None else checked(timeout)
        with self._lock:
            return self._begun(prompt, limit, work)

    def _begun(self, prompt: str, limit: float | None, work: Work | None = None) -> Answer:
        """An answer that is worked on. Called under the lock."""
        prompt = self._may_begin(prompt)
        if self._background is None or not self._background.is_alive():
            self._under_way.clear()  # in a forked process: what the other one still has to do
            self._tasks.clear()
            self._background = enter(self)
            self._enter(self._background)
        answer = Answer()
        self._under_way.add(answer)
        answer.future.add_done_callback(lambda _: self._under_way.discard(answer))
        answer.work = self._background.submit(self._work(work or self._answer, prompt, answer, limit))
        return answer

    async def _work(self, work: Work, prompt: str, answer: Answer, limit: float | None) -> None:
        """Settles the answer, whatever happens."""
        task, scope = asyncio.current_task(), asyncio.timeout(limit)
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            async with scope:
                await work(prompt, answer)
        except asyncio.CancelledError:
            answer.fail(self._over())
            raise
        except BaseException as error:  # noqa: BLE001  it is the answer's end, not the loop's
            answer.fail(self._late(limit) if scope.expired() else error)
        else:
            answer.complete()

    async def _end(self) -> None:
        if self._tasks:  # all of them cancelled, and not yet done with that
            await asyncio.wait(self._tasks)
        await self._leave()

    def _failed(self, kind: FailureKind, detail: str, retry_after: float | None = None) -> InstanceFailed:
        means = CONSEQUENCES[kind]
        return InstanceFailed(
            f"{self.title}: {detail}", kind=kind.value, status=means.status, code=means.code, retry_after=retry_after
        )

    def _late(self, limit: float | None) -> InstanceFailed:
        return self._failed(FailureKind.TIMEOUT, f"no answer within {limit or 0.0:g} s")

    def _waited(self, answer: Answer) -> str:
        try:
            return answer.result()
        finally:
            self._given_up(answer)

    def _given_up(self, answer: Answer) -> None:
        """Who asked does not wait any more."""
        if not answer.done:
            answer.abandon(InstanceClosed(f"{self.title}: nobody waits for the answer any more"))

    def _may_begin(self, prompt: str) -> str:
        """The prompt as plain text: nobody has to know what else it is, such as the router's task."""
        if not isinstance(prompt, str):
            raise Misuse(f"a prompt is a text, not {type(prompt).__name__}", param="prompt")
        if self._closed:
            raise self._over()
        return str.__str__(prompt)

    def _may_wait(self) -> None:
        if isinstance(current_thread(), Background):
            raise Misuse(f"{self.title}: this would wait for itself: within a coroutine use aask()")

    def _over(self) -> InstanceClosed:
        return InstanceClosed(f"{self.title} is closed")


def checked(timeout: Timeout) -> float | None:
    """Seconds. Raises Misuse for what is no time to wait."""
    return None if timeout is None else seconds(timeout, "timeout")
