"""The two drivers. A flow is a generator that yields effects; a driver answers them until it returns.

``run`` is for threads: ``perform`` blocks. ``Drive`` is for an event loop: ``perform`` may resume it at once or later;
nothing is awaited, so a flow costs no task. ``arun`` lets a coroutine await one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar

from pointsman.flow.effects import Effect, Reply

T = TypeVar("T")
Flow = Generator[Effect, Reply, T]
Cancel = Callable[[], None]
Late = Callable[[T], None]


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


class Drive(ABC, Generic[T]):
    """One flow under way on an event loop. A subclass says how effects are performed and what is done at the end."""

    __slots__ = ("_busy", "_cancel", "_early", "_flow", "over")

    def __init__(self, flow: Flow[T]) -> None:
        self._flow = flow
        self._cancel: Cancel | None = None
        self._busy = False  # within ``perform``, or over
        self._early: tuple[Reply] | None = None  # a reply that came before ``perform`` returned
        self.over = False

    @abstractmethod
    def perform(self, effect: Effect, /) -> Cancel | None:
        """Perform one effect and call ``resume`` once with the reply; returns how to cancel it meanwhile."""

    @abstractmethod
    def done(self, result: T | None, error: BaseException | None, /) -> None:
        """The flow has ended with a result or an exception. Called once, unless it was cancelled."""

    def resume(self, reply: Reply = None) -> None:
        """Go on with a reply (None starts the flow). One that comes from within ``perform`` waits for it;
        one that comes after the end is not heard.
        """
        if self._busy:
            self._early = (reply,)
            return
        self._busy = True
        try:
            while True:
                cancel = self.perform(self._flow.send(reply))
                if self.over:  # cancelled from within ``perform``
                    if cancel is not None:
                        cancel()
                    return
                if self._early is None:
                    break
                (reply,), self._early = self._early, None
            self._cancel = cancel
            self._busy = False
        except StopIteration as end:
            self.over = True
            self._cancel = None  # it may know us: without this a request can be a cycle for the collector
            self.done(end.value, None)
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the flow's result
            self.over = True
            self._cancel = None
            self._flow.close()  # if it was ``perform`` that raised, the flow still holds its lease
            self.done(None, error)

    def cancel(self) -> None:
        """End it now: what it waits for is cancelled and its ``finally`` blocks run. ``done`` is not called."""
        if self.over:
            return
        self.over = self._busy = True
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()
        self._flow.close()


class Awaited(Drive[T]):
    """A drive whose end settles a future."""

    __slots__ = ("_future", "_late", "_perform")

    def __init__(self, flow: Flow[T], perform: Perform, future: Any, late: Late[T]) -> None:
        super().__init__(flow)
        self._perform = perform
        self._future = future
        self._late = late

    def perform(self, effect: Effect, /) -> Cancel | None:
        return self._perform(effect, self.resume)

    def done(self, result: T | None, error: BaseException | None, /) -> None:
        if self._future.done():  # who awaited it has left
            if error is None and result is not None:
                self._late(result)
        elif error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


def _dropped(_result: Any) -> None:
    """A result that nobody awaits any more, where it holds nothing."""


async def arun(flow: Flow[T], perform: Perform, future: Any, late: Late[T] = _dropped) -> T:
    """Drive a flow to its end and await it. ``future`` is an empty future of the running loop. ``late`` is given the
    result if whoever awaits was cancelled when it was there already.
    """
    drive = Awaited(flow, perform, future, late)
    drive.resume()
    try:
        answer: T = await future
    except BaseException:
        if future.done() and not future.cancelled() and future.exception() is None:
            late(future.result())
        raise
    finally:
        drive.cancel()
    return answer
