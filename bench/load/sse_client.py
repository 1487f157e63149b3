"""The load generator of the SSE runs: keeps N streams open, times every token, prints a StreamLoad.

Each slot runs one stream after the other on a kept-alive connection. Slots begin spread over the length of
one stream: time to first token is then that of a request that arrives while the other streams flow, not
that of a burst. Run as a script: ``sse_client.py PLAN``, PLAN being the JSON of a Plan.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import cast

import httptools
import msgspec
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facts import StreamLoad
from load.body import PATH, SECONDS_BETWEEN_TOKENS, TOKEN_MARK, TOKENS, request

STALL_SECONDS = 0.2


class Plan(msgspec.Struct, frozen=True):
    """What to run against which port."""

    port: int
    headers: dict[str, str]
    slots: int
    streams_per_slot: int
    short: bool  # streams of one token
    starts_seconds: float  # no stream begins later than this
    deadline_seconds: float  # no stream is waited for longer than this


class Tally:
    """What all slots saw together."""

    def __init__(self) -> None:
        self.started = 0
        self.complete = 0
        self.stalls = 0
        self.stalled_streams = 0
        self.first: list[float] = []
        self.gaps: list[float] = []
        self.problems: Counter[str] = Counter()


class Slot(asyncio.Protocol):
    """One connection. A stream ends in exactly one call of ``_finish``."""

    transport: asyncio.Transport

    def __init__(self, tally: Tally, wire: bytes, expected: int) -> None:
        self._tally = tally
        self._expected = expected
        self._wire = wire
        self._parser = httptools.HttpResponseParser(self)
        self._now = self._asked = self._last = 0.0
        self._tokens = self._stalls = 0
        self._tail = b""
        self.done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    @property
    def reusable(self) -> bool:
        return not self.transport.is_closing() and bool(self._parser.should_keep_alive())

    def ask(self) -> asyncio.Future[None]:
        """Sends the request; the future is done when the stream has ended, well or badly."""
        self.done = asyncio.get_running_loop().create_future()
        self._tokens = self._stalls = 0
        self._tail = b""
        self._tally.started += 1
        self._asked = self._last = perf_counter()
        self.transport.write(self._wire)
        return self.done

    def data_received(self, data: bytes) -> None:
        self._now = perf_counter()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._finish(f"unreadable answer: {type(error).__name__}")
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._tail = body[-32:] if len(body) > 24 else (self._tail + body)[-32:]
        tokens = body.count(TOKEN_MARK)
        if not tokens:
            return
        gap = self._now - self._last
        if not self._tokens:
            self._tally.first.append(gap)
        else:
            self._tally.gaps.append(gap)
            self._stalls += gap > STALL_SECONDS
        self._tokens += tokens
        self._last = self._now

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status != 200:
            self._finish(f"status {status}")
        elif self._tokens != self._expected or b"[DONE]" not in self._tail:
            self._finish("stream ended early")
        else:
            self._finish("")

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish("connection lost" if exc is None else type(exc).__name__)

    def give_up(self) -> None:
        """The deadline has passed: a running stream is not complete, a first token still due is late."""
        if self.done is not None and not self.done.done() and not self._tokens:
            self._tally.first.append(perf_counter() - self._asked)
        self._finish("not finished in time")
        self.transport.abort()

    def _finish(self, problem: str) -> None:
        if self.done is None or self.done.done():
            return
        self._tally.stalls += self._stalls
        self._tally.stalled_streams += bool(self._stalls)
        if problem:
            self._tally.problems[problem] += 1
        else:
            self._tally.complete += 1
        self.done.set_result(None)


async def _connected(plan: Plan, tally: Tally, wire: bytes) -> Slot:
    loop = asyncio.get_running_loop()
    _, slot = await loop.create_connection(
        lambda: Slot(tally, wire, 1 if plan.short else TOKENS), "127.0.0.1", plan.port
    )
    return slot


async def _run_slot(plan: Plan, tally: Tally, wire: bytes, delay: float) -> None:
    loop = asyncio.get_running_loop()
    slot: Slot | None = None
    last_start = loop.time() + plan.starts_seconds
    await asyncio.sleep(delay)
    try:
        for _ in range(plan.streams_per_slot):
            if loop.time() > last_start:
                break
            if slot is None or not slot.reusable:
                slot = await _connected(plan, tally, wire)
            await slot.ask()
        if slot is not None:
            slot.transport.close()
    except OSError as error:
        tally.problems[f"cannot connect: {type(error).__name__}"] += 1
    except asyncio.CancelledError:
        if slot is not None:
            slot.give_up()


def _wire(plan: Plan) -> bytes:
    body = request(stream=True, short=plan.short)
    own = {
        "host": f"127.0.0.1:{plan.port}",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**own, **plan.headers}.items())
    return f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def run(plan: Plan) -> StreamLoad:
    """All slots, spread over one stream's length, until the last stream ends or the deadline passes."""
    tally, wire = Tally(), _wire(plan)
    length = TOKENS * SECONDS_BETWEEN_TOKENS
    gc.freeze()
    gc.disable()  # a pause here would be counted as a stall of the competitor
    begun = perf_counter()
    tasks = [
        asyncio.create_task(_run_slot(plan, tally, wire, length * index / plan.slots)) for index in range(plan.slots)
    ]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(plan.deadline_seconds):
            await asyncio.gather(*tasks)
    return StreamLoad(
        streams=tally.started,
        complete=tally.complete,
        stalls=tally.stalls,
        stalled_streams=tally.stalled_streams,
        gap_p99_ms=round(_percentile(tally.gaps, 0.99) * 1000, 3),
        gap_max_ms=round(max(tally.gaps, default=0.0) * 1000, 3),
        seconds=round(perf_counter() - begun, 3),
        problems=dict(tally.problems),
        ttft_ms=[round(value * 1000, 3) for value in tally.first],
    )


if __name__ == "__main__":
    result = uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Plan)))
    print(msgspec.json.encode(result).decode())
