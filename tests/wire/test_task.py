"""A call that a coroutine answers: what becomes of it, and that it is answered once."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.flow.effects import Call, Ended, Failed, Opened
from pointsman.model.deployment import Provider
from pointsman.model.exchange import Answered, WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.providers.openai import SseReader
from pointsman.wire.task import Task

PROVIDER = Provider("far", "any_llm", "https://any-llm.invalid")
WORD = b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
ERROR = b'data: {"error":{"message":"no","type":"server_error"}}\n\n'


class Sink:
    def __init__(self):
        self.told = b""

    def write(self, frames):
        self.told += frames


def asked(answer, *, stream=True, timeout=20.0, idle=20.0):
    """A call under way, and the queue of its replies."""
    replies = asyncio.Queue()
    call = Call(PROVIDER, WireRequest("/v1/chat/completions", b"{}"), timeout, idle, SseReader() if stream else None)
    return Task(answer, call, replies.put_nowait, asyncio.get_running_loop()), replies


def frames_of(*frames, then=None, closed=None):
    async def told():
        try:
            for frame in frames:
                yield frame
            if then is not None:
                await then.wait()
        finally:
            if closed is not None:
                closed.set()

    async def answer(_call):
        return told()

    return answer


async def test_a_whole_reply():
    """As it is."""

    async def answer(_call):
        return Answered(200, {}, b"{}")

    _, replies = asked(answer, stream=False)
    assert await replies.get() == Answered(200, {}, b"{}")


async def test_a_stream_is_held_until_somebody_takes_it():
    """Opened once, passed on whole, ended once; it may have ended before the receiver came."""
    task, replies = asked(frames_of(WORD, WORD, LAST, DONE))
    opened, sink = await replies.get(), Sink()
    assert opened == Opened(task)
    await task._task
    task.relay(sink, replies.put_nowait)
    assert await replies.get() == Ended(None)
    assert sink.told == WORD + WORD + LAST + DONE
    assert replies.empty()


@pytest.mark.parametrize(("frames", "kind"), [((), FailureKind.GARBAGE), ((ERROR,), FailureKind.SERVER_ERROR)])
async def test_a_stream_without_content_has_failed(frames, kind):
    """Nothing was passed on."""
    _, replies = asked(frames_of(*frames))
    failed = await replies.get()
    assert (type(failed), failed.kind, failed.sent) == (Failed, kind, True)


async def test_an_error_within_a_stream_ends_it():
    """With its kind."""
    task, replies = asked(frames_of(WORD, ERROR))
    await replies.get()
    task.relay(Sink(), replies.put_nowait)
    assert (await replies.get()).failure is FailureKind.SERVER_ERROR


async def test_a_full_receiver_is_waited_for():
    """No frame is taken meanwhile, and the silence is not the service's."""
    read, begun = [], asyncio.Event()

    async def told():
        for frame in (WORD, WORD, LAST, DONE):
            read.append(frame)
            begun.set()
            yield frame

    async def answer(_call):
        return told()

    task, replies = asked(answer, idle=0.001)
    task.pause()
    await begun.wait()
    assert (read, replies.empty()) == ([WORD], True)
    task.unpause()
    await replies.get()
    sink = Sink()
    task.relay(sink, replies.put_nowait)
    assert await replies.get() == Ended(None)


@pytest.mark.parametrize(("stream", "kind"), [(False, FailureKind.TIMEOUT), (True, FailureKind.FIRST_TOKEN_TIMEOUT)])
async def test_time_is_up(stream, kind):
    """Before any content."""
    never, closed = asyncio.Event(), asyncio.Event()

    async def silent(_call):
        await never.wait()

    answer = frames_of(then=never, closed=closed) if stream else silent
    _, replies = asked(answer, stream=stream, timeout=0.001)
    assert (await replies.get()).kind is kind
    assert closed.is_set() is stream


async def test_silence_within_a_stream():
    """Ends it."""
    never, closed = asyncio.Event(), asyncio.Event()
    task, replies = asked(frames_of(WORD, then=never, closed=closed), idle=0.001)
    await replies.get()
    task.relay(Sink(), replies.put_nowait)
    assert (await replies.get()).failure is FailureKind.IDLE_TIMEOUT
    assert closed.is_set()


async def test_who_leaves_is_told_nothing():
    """The stream is closed, and nothing is answered."""
    never, closed = asyncio.Event(), asyncio.Event()
    task, replies = asked(frames_of(WORD, then=never, closed=closed))
    await replies.get()
    task.relay(Sink(), replies.put_nowait)
    task.abort()
    await closed.wait()
    assert replies.empty()
