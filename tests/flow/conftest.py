"""The world of a flow, scripted: plain functions that answer effects, for every driver alike."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from pointsman.config.settings import RouterSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.fakes import settings as made_of
from pointsman.flow.attempt import serve
from pointsman.flow.drive import Drive, arun, run
from pointsman.flow.effects import (
    Call,
    Effect,
    Ended,
    Failed,
    Join,
    Late,
    Opened,
    Patiently,
    Raced,
    Relay,
    Reply,
    Sleep,
    Wait,
)
from pointsman.flow.trip import Core, Trip
from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Request
from pointsman.model.rest import BreakerSettings
from pointsman.model.secret import Secret
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.queue import QueueSettings
from pointsman.state.scoreboard import Rules, Scoreboard

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

OK = json.dumps({"choices": [{"message": {"content": "hi"}}], "usage": {"total_tokens": 7}}).encode()
FRAMES = (
    b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n',
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"total_tokens":9}}\n\ndata: [DONE]\n\n',
)


class Stream:
    """An upstream that streams these chunks and then ends so. Also the handle that a Relay is for."""

    def __init__(self, *chunks: bytes, ended: Ended | None = None) -> None:
        self.chunks = deque(chunks or FRAMES)
        self.ended = ended or Ended(None)
        self.sent = b""

    def open(self, call: Call) -> Reply:
        """As the wire does: frames are held back until the first content."""
        reader = call.reader
        assert reader is not None
        self.reader = reader
        while self.chunks and not reader.content and reader.refusal is None:
            self.sent += reader.feed(self.chunks.popleft())
        if not reader.content and reader.refusal is None:
            self.sent += reader.close()
        if reader.refusal is not None:
            return Failed(reader.refusal.kind, reader.refusal.detail, sent=True)
        return Opened(self) if reader.content else Failed(FailureKind.GARBAGE, "a stream without content", sent=True)

    def relay(self) -> Ended:
        while self.chunks:
            self.sent += self.reader.feed(self.chunks.popleft())
        if self.ended.failure is None:
            self.sent += self.reader.close()
        return self.ended


class World:
    """Answers effects from a script: for each provider a list of replies, the last one over and over.

    A reply may be an exception (raised) or a function of the call. ``asked`` is what was asked, in order; sleeping and
    asking move the clock.
    """

    def __init__(self, script: dict[str, list[Any]] | None = None, *, takes: float = 0.5) -> None:
        self.clock = FakeClock()
        self.script = {name: deque(replies) for name, replies in (script or {}).items()}
        self.takes = takes
        self.asked: list[str | float] = []
        self.calls: list[Call] = []
        self.relays: list[Relay] = []
        self.late: set[str] = set()
        self.meanwhile: deque[Callable[[], None]] = deque()  # what happens while somebody waits in line

    def slow(self, effect: Patiently) -> bool:
        """Does the provider take longer than that? Then the clock moves as far."""
        late = effect.call.provider.name in self.late
        if late:
            self.asked.append(f"{effect.call.provider.name} is late")
            self.clock.advance(effect.seconds)
        return late

    def raced(self, first: Call, second: Call | None) -> Reply:
        """The second delivers first, unless it fails; a late one never delivers while there is another."""
        if second is None:
            return Raced(False, self.answer(first))
        reply = self.answer(second)
        if isinstance(reply, Opened) or (isinstance(reply, Answered) and reply.status == 200):
            return Raced(True, reply)
        return Raced(False, self.answer(first), reply)

    def answer(self, effect: Effect) -> Reply:  # noqa: PLR0911  a list of effects
        if isinstance(effect, Sleep):
            self.asked.append(effect.seconds)
            self.clock.advance(effect.seconds)
            return None
        if isinstance(effect, Wait):
            self.asked.append("wait")
            if self.meanwhile:
                self.meanwhile.popleft()()
            if effect.ticket.kept is None:
                self.clock.advance(effect.seconds)
            return None
        if isinstance(effect, Relay):
            self.relays.append(effect)
            return effect.opened.stream.relay()
        if isinstance(effect, Patiently):
            return Late(effect.call) if self.slow(effect) else self.answer(effect.call)
        if isinstance(effect, Join):
            return self.raced(effect.race, effect.call)
        name = effect.provider.name
        self.asked.append(name)
        self.calls.append(effect)
        self.clock.advance(self.takes)
        replies = self.script.get(name) or deque([Answered(200, {}, OK)])
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, Stream):
            return reply.open(effect)
        return reply(effect) if callable(reply) else reply


class House:
    """A router over a world: one provider for each deployment, so that a script can tell them apart."""

    def __init__(self, world: World, *members: Deployment, draws=(0.5,), threshold: int = 5, **more: Any) -> None:
        more["router"] = RouterSettings(**more.get("router", {}))
        router = more["router"]
        self.world = world
        self.settings = made_of(*members, **more)
        dice = LoadedDice(draws)
        rules = Rules(
            BreakerSettings(threshold, rate=0.0),
            CooldownSettings(router.cooldown_time),
            queue=QueueSettings(router.queue_size, router.queue_timeout),
            rests=not router.disable_cooldowns,
        )
        self.board = Scoreboard(world.clock, dice, rules)
        self.core = Core(Pipeline(compile_topology(self.settings)), self.board, dice)

    def trip(self, model: str | None = "m", **more: Any) -> Trip:
        more.setdefault("endpoint", "chat")
        more.setdefault("body", {"messages": b"[]"})
        return Trip(Request(model=model, **more), self.core)

    def serve(self, model: str | None = "m", **more: Any) -> Trip:
        return run(serve(self.trip(model, **more)), self.world.answer)

    @property
    def in_flight(self) -> int:
        return sum(record.in_flight for record in self.board.records().values())


def place(name: str, group: str = "m", **more: Any) -> Deployment:
    """A deployment at a provider of the same name, whose address and key must never be told."""
    at = provider(name, base_url=f"http://10.9.8.7/{name}", api_key=Secret("sk-hush"), kind=more.pop("kind", "openai"))
    return deployment(name, group, at, **more)


def refused(status: int, body: bytes = b'{"error": {"message": "no"}}', **headers: str) -> Answered:
    return Answered(status, {k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}, body)


def by_run(flow, answer: Callable[[Effect], Reply]) -> Any:
    return run(flow, answer)


def _end(ends: list) -> Any:
    ((result, error),) = ends
    if error is not None:
        raise error
    return result


class Given(Drive):
    """A drive whose ``perform`` and ``done`` are handed over."""

    __slots__ = ("_done", "_perform")

    def __init__(self, flow, perform, done) -> None:
        super().__init__(flow)
        self._perform, self._done = perform, done

    def perform(self, effect, /):
        return self._perform(effect, self.resume)

    def done(self, result, error, /) -> None:
        self._done(result, error)


def by_drive_at_once(flow, answer) -> Any:
    """Every reply comes from within ``perform``."""
    ends: list = []
    Given(flow, lambda effect, resume: resume(answer(effect)), lambda *end: ends.append(end)).resume()
    return _end(ends)


def by_drive_later(flow, answer) -> Any:
    """Every reply comes after ``perform`` has returned."""
    ends, waiting = [], []

    def perform(effect, resume):
        reply = answer(effect)
        waiting.append(lambda: resume(reply))
        return waiting.clear

    Given(flow, perform, lambda *end: ends.append(end)).resume()
    while waiting:
        waiting.pop()()
    return _end(ends)


def by_arun(flow, answer) -> Any:
    """On a loop, replies at its next turn."""

    async def main():
        loop = asyncio.get_running_loop()

        def perform(effect, resume):
            return loop.call_soon(resume, answer(effect)).cancel

        return await arun(flow, perform, loop.create_future())

    return asyncio.run(main())


@pytest.fixture(params=[by_run, by_drive_at_once, by_drive_later, by_arun], ids=lambda f: f.__name__)
def drive(request):
    """Every way to drive a flow to its end: ``drive(flow, answer)``."""
    return request.param


class Kit:
    """What tests of this room are made of."""

    OK, FRAMES = OK, FRAMES
    World, House, Stream, Given = World, House, Stream, Given
    place, refused = staticmethod(place), staticmethod(refused)
    drivers = (by_run, by_drive_at_once, by_drive_later, by_arun)


@pytest.fixture(scope="session")
def kit():
    return Kit
