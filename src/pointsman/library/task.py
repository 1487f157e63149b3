"""A task under way: who has it, and how it ends. ``with router.task(prompt) as model`` leases a model, times what is
done and records what came of it; an exception is a failure.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from pointsman.errors import InstanceFailed, Misuse
from pointsman.library.categories import TaskCategory
from pointsman.library.desk import Desk
from pointsman.library.models import Failure, Held, Model
from pointsman.model.outcome import FailureKind

LEAVING = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What ends a task without a word on its model."""


class Task(str):
    """The id of the model that has the task, with all else that is known of it. Ended once, by whom it was given to."""

    __slots__ = ("_desk", "_failure", "_held", "_model", "_over")

    def __new__(cls, _desk: Desk, model: Model, _held: Held) -> Self:
        return super().__new__(cls, model.id)

    def __init__(self, desk: Desk, model: Model, held: Held) -> None:
        self._desk = desk
        self._model = model
        self._held = held
        self._failure: str | None = None
        self._over = False

    def __repr__(self) -> str:
        state = "ended" if self._over else "under way"
        return f"Task({str(self)!r}, {self.category.value}, {state})"

    def __reduce__(self) -> Any:
        return (str, (str(self),))  # a copy elsewhere is the id: there is nothing to give back there

    @property
    def model(self) -> str:
        return str.__str__(self)

    @property
    def instance(self) -> Any:
        """What the model was registered with."""
        return self._model.instance

    @property
    def category(self) -> TaskCategory:
        return self._held.category

    @property
    def elapsed(self) -> float:
        """Seconds since the model was chosen."""
        return self._desk.board.clock() - self._held.lease.begun

    def fail(self, reason: str = "told to") -> None:
        """It will count as a failure, although nothing is raised: an answer that came and was no good."""
        if self._over:
            raise Misuse("the task is over: fail() belongs inside the with block", param="task")
        self._failure = reason

    def end(self, error: BaseException | None = None) -> None:
        """Give the model back and record what came of it. Further calls do nothing."""
        if self._over:
            return
        self._over = True
        if isinstance(error, LEAVING):
            self._desk.given_up(self._model, self._held)
            return
        failed = error is not None or self._failure is not None
        self._desk.ended(self._model, self._held, failure_of(error) if failed else None)


def failure_of(error: BaseException | None) -> Failure:
    """What an exception says of the model: an instance's own word for it, else as little as can be said."""
    if isinstance(error, InstanceFailed) and error.kind in _KINDS:
        return Failure(_KINDS[error.kind], error.retry_after)
    return Failure(FailureKind.TIMEOUT if isinstance(error, TimeoutError) else FailureKind.SERVER_ERROR)


_KINDS = {kind.value: kind for kind in FailureKind}
