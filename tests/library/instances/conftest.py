"""Every kind of instance, by a name: one that answers, and one that is asked and never does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from library.instances.programs import DEAF, ECHO, READER, REPL
from pointsman.library.instances import EndpointInstance, FunctionInstance, Instance, ProcessInstance
from support.beside import provided

Make = Callable[..., Instance]


@contextmanager
def endpoint(kind: str, spoken: str, fault: str | None) -> Iterator[Make]:
    with provided(kind, faults=[fault] if fault else []) as (mock, _):
        yield lambda **more: EndpointInstance(mock.base_url, mock.models[0], kind=spoken, **more)


@contextmanager
def function(hangs: bool) -> Iterator[Make]:
    let_go = threading.Event()

    def answer(prompt: str) -> str:
        if hangs:
            let_go.wait()
        return f"re: {prompt}"

    yield lambda **more: FunctionInstance(answer, **more)
    let_go.set()


@contextmanager
def coroutine(hangs: bool) -> Iterator[Make]:
    async def answer(prompt: str) -> str:
        if hangs:
            await asyncio.Event().wait()
        return f"re: {prompt}"

    yield lambda **more: FunctionInstance(answer, **more)


@contextmanager
def process(program: list[str], **options: object) -> Iterator[Make]:
    yield lambda **more: ProcessInstance(program, **options, **more)


KINDS = {
    "endpoint, openai": (lambda: endpoint("openai", "openai", None), lambda: endpoint("openai", "openai", "hang")),
    "endpoint, ollama": (lambda: endpoint("ollama", "ollama", None), lambda: endpoint("ollama", "ollama", "hang")),
    "function": (lambda: function(False), lambda: function(True)),
    "coroutine": (lambda: coroutine(False), lambda: coroutine(True)),
    "process by lines": (lambda: process(ECHO), lambda: process(DEAF, grace=0.2)),
    "process by prompt": (
        lambda: process(REPL, prompt_marker="> "),
        lambda: process(DEAF, prompt_marker="> ", grace=0.2),
    ),
    "process, one shot": (
        lambda: process(READER, one_shot=True),
        lambda: process(["sleep", "1000"], one_shot=True, grace=0.2),
    ),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def made():
    """Makes instances and closes them."""
    with ExitStack() as stack:

        def make(kind: str, *, hangs: bool = False, **more: object) -> Instance:
            makes = stack.enter_context(KINDS[kind][hangs]())
            instance = makes(**more)
            stack.callback(instance.close)
            return instance

        yield make


@pytest.fixture(autouse=True)
def nothing_left():
    """Every test ends with the threads that it began with; some may be on their way out."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert set(threading.enumerate()) <= before
