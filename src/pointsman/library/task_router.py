"""TaskRouter: which of several registered models does a task, for programs that run their models themselves.

    router = TaskRouter(Strategy.LEAST_LOADED)
    router.register_model("model-1", "http://127.0.0.1:11434/v1#llama3.2")
    with router.task("implement a binary search algorithm") as model:
        answer = model.instance.ask("implement a binary search algorithm")

Thread-safe; needs no server and no event loop. ``AsyncTaskRouter`` is the same for asyncio.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, Unpack, overload

from pointsman.errors import Misuse, NoCandidate
from pointsman.flow.drive import run
from pointsman.library.base import Base, Wishes
from pointsman.library.choice import Asked
from pointsman.library.models import Held, Model
from pointsman.library.prompts import prompts_of
from pointsman.library.routed import shape_of
from pointsman.library.task import Task
from pointsman.library.wait import in_thread

Function = Callable[..., Any]
Answer = TypeVar("Answer")


class TaskRouter(Base):
    """See ``Base`` for the arguments and for everything that does not wait."""

    def route_task(self, prompt: str, **wishes: Unpack[Wishes]) -> str:
        """The id of the model that shall do it; ``record_task_result`` tells what came of it.

        When nobody has room a task that says its ``priority`` or its ``deadline`` waits in this thread; one that says
        neither is refused at once. Raises NoModels, NoCandidate, AtLimit, DeadlineMissed, QueueFull.
        """
        return self._given(self._asked(prompt, **wishes))[0].id

    def route_many(self, prompts: Iterable[str], **wishes: Unpack[Wishes]) -> list[str]:
        """One model a prompt, in their order, each counted before the next is chosen. If one can't be given to anybody
        those before it are taken back.
        """
        given: list[tuple[Model, Held]] = []
        try:
            for prompt in prompts_of(prompts):
                given.append(self._given(self._asked(prompt, reported=False, **wishes)))  # noqa: PERF401  kept on errors
        except BaseException:
            self._take_back(given)
            raise
        return self._hold(given)

    @contextmanager
    def task(self, prompt: str, **wishes: Unpack[Wishes]) -> Iterator[Task]:
        """A model for as long as the block runs. Its time is the latency, an exception a failure, and both are recorded
        when it ends. Arguments and errors are those of ``route_task``.
        """
        task = Task(self._desk, *self._given(self._asked(prompt, reported=False, **wishes)))
        try:
            yield task
        except BaseException as error:
            task.end(error)
            raise
        task.end()

    @overload
    def routed(self, function: Callable[..., Answer]) -> Callable[..., Answer]: ...
    @overload
    def routed(
        self, *, prompt: str | None = None, **wishes: Unpack[Wishes]
    ) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]: ...
    def routed(self, function: Function | None = None, *, prompt: str | None = None, **wishes: Any) -> Any:
        """A decorator: each call is a task. The function is given ``model`` (and ``instance``, if it takes one); its
        argument ``prompt``, or else the first, is what it is about. ``wishes`` are those of ``route_task``.
        """

        def decorate(function: Function) -> Function:
            shape = shape_of(function, prompt, wishes, Wishes.__annotations__)
            _refuse_what_goes_on(function)

            @wraps(function, updated=())
            def call(*args: Any, **kwargs: Any) -> Any:
                made = shape.call(args, kwargs)
                with self.task(made.prompt, **wishes) as task:
                    given, named = made.with_model(task)
                    return function(*given, **named)

            return call

        return decorate if function is None else decorate(function)

    def _given(self, asked: Asked) -> tuple[Model, Held]:
        try:
            return self._desk.take(asked)
        except NoCandidate as nobody:
            if not asked.patient or not nobody.crowded:
                raise
            return run(self._desk.wait_for_room(asked, nobody), in_thread(self._desk.board))


def _refuse_what_goes_on(function: Function) -> None:
    """What returns before its work is done would be a success before it began."""
    if inspect.iscoroutinefunction(function):
        raise Misuse(f"{function!r:.80} is a coroutine function: route it with an AsyncTaskRouter", param="function")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise Misuse(f"{function!r:.80} is a generator: use `with router.task(prompt)` inside it", param="function")
