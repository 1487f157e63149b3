"""Callables: of every shape, with the errors that they raise, in the thread where they are asked."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading

import pytest

from pointsman.errors import InstanceClosed, InstanceFailed, Misuse
from pointsman.library.instances import FunctionInstance


def upper(prompt: str) -> str:
    return prompt.upper()


async def aupper(prompt: str) -> str:
    await asyncio.sleep(0)
    return prompt.upper()


class Upper:
    def __call__(self, prompt: str) -> str:
        return prompt.upper()


class AsyncUpper:
    async def __call__(self, prompt: str) -> str:
        return prompt.upper()


CALLABLES = {
    "function": (upper, "upper"),
    "lambda": (lambda prompt: prompt.upper(), "<lambda>"),
    "method": (str.upper, "upper"),
    "partial": (functools.partial(lambda way, prompt: getattr(prompt, way)(), "upper"), "partial"),
    "object": (Upper(), "Upper"),
    "coroutine function": (aupper, "aupper"),
    "coroutine partial": (functools.partial(aupper), "partial"),
    "coroutine object": (AsyncUpper(), "AsyncUpper"),
    "lambda with a coroutine": (lambda prompt: aupper(f"{prompt}"), "<lambda>"),
}


@pytest.fixture(params=CALLABLES)
def shape(request):
    return CALLABLES[request.param]


async def test_every_shape_of_callable_answers(shape):
    """Asked, awaited, and sent a prompt; named as the callable is."""
    function, name = shape
    with FunctionInstance(function) as instance:
        assert instance.title == name
        assert await asyncio.to_thread(instance.ask, "one") == "ONE"
        assert await instance.aask("one") == "ONE"
        instance.send_prompt("two")
        assert await asyncio.to_thread(instance.result) == "TWO"


class BrokenError(Exception):
    """Of the user's own."""


@pytest.mark.parametrize("error", [BrokenError("why"), ValueError("x"), TimeoutError("its own"), StopAsyncIteration()])
@pytest.mark.parametrize("awaits", [False, True])
async def test_what_it_raises_is_the_failure(error, awaits):
    """The user's own, whichever way it was asked, and the next prompt may be sent."""

    def fails(_prompt: str) -> str:
        raise error

    async def afails(_prompt: str) -> str:
        raise error

    with FunctionInstance(afails if awaits else fails) as instance:
        with pytest.raises(type(error)) as raised:
            await asyncio.to_thread(instance.ask, "one")
        assert raised.value.args == error.args
        with pytest.raises(type(error)):
            await asyncio.to_thread(instance.ask, "one", 30.0)
        with pytest.raises(type(error)) as raised:
            await instance.aask("one")
        assert raised.value.args == error.args
        instance.send_prompt("one")
        with pytest.raises(type(error)) as raised:
            await asyncio.to_thread(instance.result)
        assert raised.value.args == error.args
        assert instance.has_updated() == (True, True)


def test_an_exit_within_it_does_not_take_the_others_along():
    """sys.exit in a coroutine on the instances' loop is that prompt's failure."""

    async def leaves(_prompt: str) -> str:
        raise SystemExit(3)

    with FunctionInstance(leaves) as instance, FunctionInstance(aupper) as other:
        assert other.ask("one") == "ONE"
        with pytest.raises(SystemExit):
            instance.ask("one")
        assert other.ask("two") == "TWO"


def test_an_iterator_that_ends_within_it_is_an_error_too():
    """StopIteration, which no coroutine may raise, is told as what it is: a mistake in the callable."""

    def ends(_prompt: str) -> str:
        return next(iter(()))

    with FunctionInstance(ends) as instance:
        with pytest.raises(StopIteration):
            instance.ask("one")
        instance.send_prompt("one")
        with pytest.raises(RuntimeError):
            instance.result()


@pytest.mark.parametrize("said", [None, b"bytes", 1, ["text"]])
async def test_an_answer_is_a_text(said):
    """Anything else is a failure that says what came instead."""

    async def asays(_prompt: str) -> object:
        return said

    for function in (lambda _: said, asays):
        with FunctionInstance(function, title="it") as instance:
            with pytest.raises(InstanceFailed, match=f"it: it returned {type(said).__name__}, not a text") as failed:
                await asyncio.to_thread(instance.ask, "one")
            assert failed.value.kind == "garbage"
            with pytest.raises(InstanceFailed):
                await instance.aask("one")


def test_a_function_works_in_the_thread_that_asks():
    """What is bound to a thread works; where it must not block, it has a thread of its own with the same context."""
    whose = contextvars.ContextVar("whose")
    whose.set("the test's")
    with FunctionInstance(lambda _: f"{threading.current_thread().name} {whose.get()}") as instance:
        assert instance.ask("one") == f"{threading.current_thread().name} the test's"
        assert instance.ask("one", timeout=30) == "pointsman-function the test's"
        instance.send_prompt("one")
        assert instance.result() == "pointsman-function the test's"


async def test_a_coroutine_is_awaited_where_it_is_asked():
    """On the caller's own loop; by others on the loop of the instances."""
    loops = []

    async def where(_prompt: str) -> str:
        loops.append(asyncio.get_running_loop())
        return ""

    with FunctionInstance(where) as instance:
        await instance.aask("one")
        await asyncio.to_thread(instance.ask, "one")
        await asyncio.to_thread(instance.ask, "one")
    assert loops[0] is asyncio.get_running_loop()
    assert loops[1] is loops[2] is not loops[0]


async def test_a_coroutine_that_is_late_is_cancelled():
    """Its own clean-up runs."""
    cleaned = []

    async def waits(_prompt: str) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)
        return ""

    with FunctionInstance(waits) as instance:
        with pytest.raises(InstanceFailed):
            await instance.aask("one", timeout=0.01)
        with pytest.raises(InstanceFailed):
            await asyncio.to_thread(instance.ask, "one", 0.01)
        instance.send_prompt("one")
    assert len(cleaned) >= 2


def test_within_a_coroutine_of_the_loop_nobody_waits_for_it():
    """A coroutine that asks another instance must await it; else it would wait for itself for ever."""
    other = FunctionInstance(aupper)

    async def asks(prompt: str) -> str:
        with pytest.raises(Misuse, match=r"use aask\(\)"):
            other.ask(prompt)
        other.send_prompt(prompt)
        with pytest.raises(Misuse, match=r"use aask\(\)"):
            other.result()
        return await other.aask(prompt)

    with other, FunctionInstance(asks) as instance:
        assert instance.ask("one") == "ONE"


def test_an_instance_may_be_closed_from_within():
    """By the very coroutine that it works on."""

    async def closes(_prompt: str) -> str:
        instance.close()
        return ""

    instance = FunctionInstance(closes)
    with pytest.raises(InstanceClosed):
        instance.ask("one")


def test_only_what_can_be_called_is_taken():
    with pytest.raises(Misuse, match="function is a callable, not str"):
        FunctionInstance("upper")


def test_repr_says_what_it_is():
    """Title, whether it is awaited, whether it is closed."""
    assert repr(FunctionInstance(upper)) == "FunctionInstance('upper')"
    assert repr(FunctionInstance(aupper, title="it")) == "FunctionInstance('it', coroutine)"
