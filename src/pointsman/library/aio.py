"""AsyncTaskRouter: TaskRouter for asyncio. Every line is shared but those that wait: here they wait on the event loop.

What does not wait is no coroutine: ``record_task_result``, ``get_all_metrics`` and the like are called as ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, Self, TypeVar, Unpack, overload

from pointsman.errors import Misuse, NoCandidate
from pointsman.flow.drive import arun
from pointsman.library.base import Base, Wishes
from pointsman.library.choice import Asked
from pointsman.library.models import Held, Model
from pointsman.library.prompts import prompts_of
from pointsman.library.routed import shape_of
from pointsman.library.task import Task
from pointsman.library.wait import OnLoop

Function = Callable[..., Awaitable[Any]]
Answer = TypeVar("Answer")


class AsyncTaskRouter(Base):
    """See ``Base`` for the arguments and for everything that does not wait. May be used by several event loops, and by
    threads without one, at the same time.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await asyncio.to_thread(self.close)

    async def route_task(self, prompt: str, **wishes: Unpack[Wishes]) -> str:
        """As ``TaskRouter.route_task``; whoever waits for room leaves the event loop free."""
        return (await self._given(self._asked(prompt, **wishes)))[0].id

    async def route_many(self, prompts: Iterable[str], **wishes: Unpack[Wishes]) -> list[str]:
        """As ``TaskRouter.route_many``."""
        given: list[tuple[Model, Held]] = []
        try:
            for prompt in prompts_of(prompts):
                given.append(await self._given(self._asked(prompt, reported=False, **wishes)))  # noqa: PERF401  kept on errors
        except BaseException:
            self._take_back(given)
            raise
        return self._hold(given)

    @asynccontextmanager
    async def task(self, prompt: str, **wishes: Unpack[Wishes]) -> AsyncIterator[Task]:
        """As ``TaskRouter.task``. A block that is cancelled says nothing of the model."""
        task = Task(self._desk, *await self._given(self._asked(prompt, reported=False, **wishes)))
        try:
            yield task
        except BaseException as error:
            task.end(error)
            raise
        task.end()

    @overload
    def routed(self, function: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]: ...
    @overload
    def routed(
        self, *, prompt: str | None = None, **wishes: Unpack[Wishes]
    ) -> Callable[[Callable[..., Awaitable[Answer]]], Callable[..., Awaitable[Answer]]]: ...
    def routed(self, function: Function | None = None, *, prompt: str | None = None, **wishes: Any) -> Any:
        """As ``TaskRouter.routed``, for coroutine functions."""

        def decorate(function: Function) -> Function:
            shape = shape_of(function, prompt, wishes, Wishes.__annotations__)
            if not asyncio.iscoroutinefunction(function):
                raise Misuse(f"{function!r:.80} is no coroutine function: route it with a TaskRouter", param="function")

            @wraps(function, updated=())
            async def call(*args: Any, **kwargs: Any) -> Any:
                made = shape.call(args, kwargs)
                async with self.task(made.prompt, **wishes) as task:
                    given, named = made.with_model(task)
                    return await function(*given, **named)

            return call

        return decorate if function is None else decorate(function)

    async def _given(self, asked: Asked) -> tuple[Model, Held]:
        try:
            return self._desk.take(asked)
        except NoCandidate as nobody:
            if not asked.patient or not nobody.crowded:
                raise
            desk, loop = self._desk, asyncio.get_running_loop()
            waiting = desk.wait_for_room(asked, nobody)
            return await arun(
                waiting, OnLoop(desk.board, loop), loop.create_future(), lambda given: desk.take_back(*given)
            )
