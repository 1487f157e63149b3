"""The two drivers. A flow is a generator that yields effects; a driver answers them until it returns.

``run`` is for threads: ``perform`` blocks. ``Drive`` is for an event loop: ``perform`` takes a callback and may call
it at once or later; nothing is awaited, so a flow costs no task. ``arun`` lets a coroutine await one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar

from pointsman.flow.effects import Effect, Reply

T = TypeVar("T")
Flow = Generator[Effect, Reply, T]
Cancel = Callable[[], None]


class Perform(Protocol):
    """Performs one effect and calls ``resume`` once with the reply; returns how to cancel it meanwhile."""

    def __call__(self, effect: Effect, resume: Callable[[Reply], None], /) -> Cancel | None: ...


def run(flow: Flow[T], perform: Callable[[Effect], Reply]) -> T:
    """Drive a flow to its end in this thread."""
    reply: Reply = None
    try:
        while True:
            reply = perform(flow.send(reply))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()


def _nothing(*_args: object) -> None: ...


class Drive(Generic[T]):
    """One flow under way on an event loop. ``done`` gets the result or the exception once, unless cancelled."""

    __slots__ = ("_cancel", "_done", "_early", "_flow", "_inside", "_perform", "over")

    def __init__(self, flow: Flow[T], perform: Perform, done: Callable[[T | None, BaseException | None], None]) -> None:
        self._flow = flow
        self._perform = perform
        self._done = done
        self._cancel: Cancel | None = None
        self._inside = False
        self._early: tuple[Reply] | None = None  # a reply that came before ``perform`` returned
        self.over = False

    def resume(self, reply: Reply = None) -> None:
        """Go on with a reply (None starts the flow). One that comes from within ``perform`` waits for it."""
        if self.over:
            return
        if self._inside:
            self._early = (reply,)
            return
        self._inside = True
        try:
            while True:
                self._cancel = self._perform(self._flow.send(reply), self.resume)
                if self._early is None:
                    break
                (reply,), self._early = self._early, None
        except StopIteration as end:
            self._end(end.value, None)
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the flow's result
            self._flow.close()  # if it was ``perform`` that raised, the flow still holds its lease
            self._end(None, error)
        finally:
            self._inside = False

    def cancel(self) -> None:
        """End it now: what it waits for is cancelled and its ``finally`` blocks run. ``done`` is not called."""
        if self.over:
            return
        self.over = True
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()
        self._flow.close()
        self._let_go()

    def _end(self, result: T | None, error: BaseException | None) -> None:
        self.over = True
        done = self._done
        self._let_go()
        done(result, error)

    def _let_go(self) -> None:
        """Whoever asked holds this drive, and it held them: without this every request is a cycle for the collector."""
        self._perform = self._done = _nothing
        self._cancel = None


async def arun(flow: Flow[T], perform: Perform, future: Any) -> T:
    """Drive a flow to its end and await it. ``future`` is an empty future of the running loop."""

    def done(result: T | None, error: BaseException | None) -> None:
        if not future.done():
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

    drive = Drive(flow, perform, done)
    drive.resume()
    try:
        answer: T = await future
        return answer
    finally:
        drive.cancel()
