"""A callable as an instance: a function from prompt to answer, or a coroutine function.

A function works in the thread of who asks it; where somebody has to be able to go on meanwhile (``send_prompt``,
``aask``, a time limit), in a thread of its own, which can't be stopped: after a time-out it works on and nobody
listens. A coroutine is awaited where ``aask`` is, else on the instances' own loop, and can be cancelled. What the
callable raises is raised as it is.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Thread

from pointsman.errors import Misuse
from pointsman.library.instances.answer import Answer
from pointsman.library.instances.base import BaseInstance, Timeout, checked
from pointsman.model.outcome import FailureKind

Function = Callable[[str], str | Awaitable[str]]


class FunctionInstance(BaseInstance):
    """``title`` is the callable's name unless it is given."""

    def __init__(self, function: Function, *, title: str | None = None, timeout: Timeout = None) -> None:
        if not callable(function):
            raise Misuse(f"function is a callable, not {type(function).__name__}", param="function")
        super().__init__(title or str(getattr(function, "__name__", type(function).__name__)), timeout)
        self._function = function
        self._awaits = _is_coroutine(function)

    def __repr__(self) -> str:
        state = "" if self.alive else ", closed"
        return f"FunctionInstance({self.title!r}{', coroutine' if self._awaits else ''}{state})"

    def ask(self, prompt: str, timeout: Timeout = None) -> str:
        if self._awaits or (self.timeout if timeout is None else timeout) is not None:
            return super().ask(prompt, timeout)
        prompt = self._may_begin(prompt)
        said = self._function(prompt)
        if not inspect.isawaitable(said):
            return self._text(said)
        self._may_wait()
        return self._waited(self._begin(prompt, timeout, lambda _, answer: self._settle(said, answer)))

    async def aask(self, prompt: str, timeout: Timeout = None) -> str:  # noqa: ASYNC109  as ``ask``
        if not self._awaits:
            return await super().aask(prompt, timeout)
        limit = self.timeout if timeout is None else checked(timeout)
        prompt = self._may_begin(prompt)
        scope = asyncio.timeout(limit)
        try:
            async with scope:
                said = self._function(prompt)
                return self._text(await said if inspect.isawaitable(said) else said)
        except TimeoutError:
            if scope.expired():
                raise self._late(limit) from None
            raise

    async def _answer(self, prompt: str, answer: Answer) -> None:
        said = self._function(prompt) if self._awaits else await _in_a_thread(self._function, prompt)
        await self._settle(said, answer)

    async def _settle(self, said: object, answer: Answer) -> None:
        answer.complete(self._text(await said if inspect.isawaitable(said) else said))

    def _text(self, said: object) -> str:
        if not isinstance(said, str):
            raise self._failed(FailureKind.GARBAGE, f"it returned {type(said).__name__}, not a text")
        return said


def _is_coroutine(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


async def _in_a_thread(function: Function, prompt: str) -> object:
    """What it returns, from a daemon thread: one that hangs must not keep the program from ending."""
    loop = asyncio.get_running_loop()
    end: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()

    def settle(outcome: tuple[object, BaseException | None]) -> None:
        if not end.done():  # else nobody listens any more
            end.set_result(outcome)

    def work() -> None:
        outcome: tuple[object, BaseException | None]
        try:
            outcome = function(prompt), None
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the answer's
            outcome = None, error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    Thread(target=contextvars.copy_context().run, args=(work,), name="pointsman-function", daemon=True).start()
    said, error = await end
    if error is not None:
        raise error
    return said
