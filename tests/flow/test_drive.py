"""The drivers: one flow, one script, one result, whoever drives; nothing left behind when it ends or is cancelled."""

from __future__ import annotations

import asyncio
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import ModelNotFound
from pointsman.flow.attempt import serve
from pointsman.flow.drive import Drive, arun, run
from pointsman.flow.effects import Failed, Relay, Sleep
from pointsman.model.outcome import FailureKind

RESET = Failed(FailureKind.RESET, "gone")

# what the three deployments of two groups say, one word a reply
WORDS = st.sampled_from(["ok", "reset", "slow", "429", "503 soon", "400", "404", "401", "rubbish"])
STREAMED = st.sampled_from(["stream", "cut", "error first", "error later", "reset", "429", "400"])


def replies(kit, word: str):
    return {
        "ok": lambda: kit.World().answer,
        "reset": lambda: RESET,
        "slow": lambda: Failed(FailureKind.TIMEOUT, "late"),
        "429": lambda: kit.refused(429),
        "503 soon": lambda: kit.refused(503, retry_after="0.5"),
        "400": lambda: kit.refused(400),
        "404": lambda: kit.refused(404),
        "401": lambda: kit.refused(401),
        "rubbish": lambda: kit.refused(200, b"not json"),
        "stream": kit.Stream,
        "cut": lambda: kit.Stream(*kit.FRAMES[:2]),
        "error first": lambda: kit.Stream(b'data: {"error":{"message":"x"}}\n\n'),
        "error later": lambda: kit.Stream(*kit.FRAMES[:2], b'data: {"error":{"message":"x"}}\n\n'),
    }[word]()


def house_of(kit, script: dict[str, list[str]], draws=(0.3, 0.7)):
    members = kit.place("a"), kit.place("b", max_parallel_requests=1), kit.place("c", "f")
    world = kit.World({name: [replies(kit, word) for word in words] for name, words in script.items()})
    return kit.House(world, *members, fallbacks={"m": ("f",)}, draws=draws, threshold=2)


def told(trip) -> tuple:
    answer = trip.answer.body if trip.answer is not None else None
    error = (trip.error.status, trip.error.message) if trip.error is not None else None
    return answer, error, trip.outcome, trip.leg, trip.decision


def lists(words):
    return st.fixed_dictionaries({name: st.lists(words, min_size=1, max_size=3) for name in "abc"})


@given(script=lists(WORDS))
def test_every_driver_comes_to_the_same_end(kit, script):
    """For any script: the same calls and waits in the same order, the same answer or error, and no lease out."""
    ends = []
    for driver in kit.drivers:
        house = house_of(kit, script)
        trip = driver(serve(house.trip()), house.world.answer)
        assert house.in_flight == 0
        ends.append((house.world.asked, told(trip)))
    assert all(end == ends[0] for end in ends)


@given(script=lists(STREAMED))
def test_every_driver_streams_alike(kit, script):
    """The same for requests that stream."""
    ends = []
    for driver in kit.drivers:
        house = house_of(kit, script)
        trip = driver(serve(house.trip(stream=True)), house.world.answer)
        assert house.in_flight == 0
        ends.append((house.world.asked, told(trip), trip.relayed, trip.first_token))
    assert all(end == ends[0] for end in ends)


def test_what_the_decision_raises_reaches_the_driver(kit, drive):
    """An unknown name is raised to whoever drives, once."""
    house = house_of(kit, {})
    with pytest.raises(ModelNotFound):
        drive(serve(house.trip("stranger")), house.world.answer)


@pytest.mark.parametrize("error", [ValueError("boom"), RecursionError(), KeyboardInterrupt()])
def test_what_the_world_raises_reaches_the_driver_and_the_lease_is_back(kit, drive, error):
    """A bug or an interrupt in performing is the flow's end; its ``finally`` has run by then."""
    house = kit.House(kit.World({"a": [error]}), kit.place("a"))
    with pytest.raises(type(error)):
        drive(serve(house.trip()), house.world.answer)
    assert house.in_flight == 0


def test_a_reply_that_is_none_is_a_bug_that_is_told(kit, drive):
    """A world that answers nonsense is found out, and no lease stays out."""
    house = kit.House(kit.World({"a": [None]}), kit.place("a"))
    with pytest.raises(TypeError):
        drive(serve(house.trip()), house.world.answer)
    assert house.in_flight == 0


def test_a_thousand_replies_at_once_do_not_grow_the_stack(kit):
    """A reply from within ``perform`` waits for it: many retries are a loop, not a recursion."""
    house = kit.House(kit.World({"a": [RESET]}), kit.place("a"), threshold=10**6, router={"num_retries": 3000})
    trip = house.trip(timeout=1e9)
    ends = []
    kit.Given(serve(trip), lambda e, resume: resume(house.world.answer(e)), lambda *end: ends.append(end)).resume()
    assert len(ends[0][0].attempts) == 3001


class Halted:
    """A driver that stops at the n-th effect and is then cancelled."""

    def __init__(self, kit, house, at: int, **request) -> None:
        self.left, self.world, self.ends, self.cancelled = at, house.world, [], []
        self.drive = kit.Given(serve(house.trip(**request)), self.perform, lambda *end: self.ends.append(end))
        self.drive.resume()

    def perform(self, effect, resume):
        self.left -= 1
        if self.left < 0:
            return lambda: self.cancelled.append(effect)
        resume(self.world.answer(effect))
        return lambda: self.cancelled.append("one that was over")


@given(script=lists(WORDS), at=st.integers(0, 12))
def test_a_caller_may_leave_at_any_moment(kit, script, at):
    """Wherever it is cancelled the lease is back, what was under way is cancelled, and no end is told."""
    house = house_of(kit, script)
    halted = Halted(kit, house, at)
    over = bool(halted.ends)
    halted.drive.cancel()
    halted.drive.cancel()
    halted.drive.resume(RESET)
    assert house.in_flight == 0
    assert (len(halted.cancelled), len(halted.ends)) == (0 if over else 1, 1 if over else 0)
    assert "one that was over" not in halted.cancelled


@given(script=lists(STREAMED), at=st.integers(0, 6))
def test_a_caller_may_leave_a_stream_at_any_moment(kit, script, at):
    """In the middle of a relay too."""
    house = house_of(kit, script)
    halted = Halted(kit, house, at, stream=True)
    halted.drive.cancel()
    assert house.in_flight == 0


def test_cancelled_within_perform_nothing_goes_on(kit):
    """The effect that was just begun is cancelled too, and an early reply is not heard."""
    house = kit.House(kit.World(), kit.place("a"))
    cancelled, ends = [], []

    def perform(effect, resume):
        resume(house.world.answer(effect))
        drive.cancel()
        return lambda: cancelled.append(effect)

    drive = kit.Given(serve(house.trip()), perform, lambda *end: ends.append(end))
    drive.resume()
    assert (len(cancelled), ends, house.in_flight) == (1, [], 0)


def test_leaving_is_nobodys_failure(kit):
    """A deployment whose caller left is as fit as before."""
    house = kit.House(kit.World(), kit.place("a"), threshold=1)
    for _ in range(5):
        Halted(kit, house, 0).drive.cancel()
    record = house.board.record(house.settings.deployments[0])
    assert (record.failures, record.successes, dict(house.board.resting)) == (0, 0, {})


def test_a_caller_that_leaves_in_a_wait_has_no_lease_out(kit):
    """Nobody is asked while a flow sleeps, so nobody is held."""
    house = kit.House(kit.World({"a": [RESET]}), kit.place("a"))
    halted = Halted(kit, house, 1)
    assert house.in_flight == 0
    halted.drive.cancel()
    assert [type(effect) for effect in halted.cancelled] == [Sleep]


async def test_a_cancelled_task_cancels_its_flow(kit):
    """``arun`` gives the lease back and cancels what the world was doing."""
    house = kit.House(kit.World(), kit.place("a"))
    cancelled = []
    loop = asyncio.get_running_loop()
    flow = arun(serve(house.trip()), lambda effect, _resume: lambda: cancelled.append(effect), loop.create_future())
    task = asyncio.create_task(flow)
    await asyncio.sleep(0)
    assert house.in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (house.in_flight, len(cancelled)) == (0, 1)


def test_an_interrupt_in_a_thread_gives_the_lease_back(kit):
    """``run`` closes its flow whatever ends it."""
    house = kit.House(kit.World(), kit.place("a"))

    def interrupted(_effect):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(serve(house.trip()), interrupted)
    assert house.in_flight == 0


class Asker(Drive):
    """Who is asked holds the drive, and the drive holds how to cancel it, as in the gateway."""

    __slots__ = ("waiting", "world")

    def __init__(self, house, **asked) -> None:
        super().__init__(serve(house.trip(**asked)))
        self.world = house.world
        self.waiting: list = []
        self.resume()

    def perform(self, effect, /):
        waits = (self.resume, self.world.answer(effect))
        self.waiting.append(waits)
        return lambda: self.waiting.remove(waits)

    def done(self, _result, _error, /) -> None:
        self.waiting.clear()

    def until(self, count: int) -> None:
        """Answer so many effects, if there are so many."""
        while self.waiting and count:
            resume, reply = self.waiting.pop()
            count -= 1
            resume(reply)


SCRIPTS = {
    "answer": ({}, {}),
    "stream": ({"a": ["stream"], "b": ["stream"]}, {"stream": True}),
    "retry": ({"a": ["reset"], "b": ["reset"], "c": ["reset"]}, {}),
    "bad request": ({"a": ["400"], "b": ["400"]}, {}),
    "unknown name": ({}, {"model": "stranger"}),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_request_leaves_nothing_for_the_collector(kit, name):
    """With the collector off, all that a request made is gone when it ends: no cycles."""
    script, asked = SCRIPTS[name]

    def once() -> None:
        house.world.calls.clear()
        house.world.relays.clear()
        Asker(house, **asked).until(100)

    house = house_of(kit, script)
    once()
    house = house_of(kit, script)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            once()
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("at", [0, 1])
def test_a_cancelled_request_leaves_nothing_for_the_collector(kit, at):
    """Nor does one whose caller left."""
    house = house_of(kit, {"a": ["stream"], "b": ["stream"]})

    def once() -> None:
        asker = Asker(house, stream=True)
        asker.until(at)
        asker.cancel()

    once()
    house.world.calls.clear()
    gc.collect()
    gc.disable()
    try:
        once()
        house.world.calls.clear()
        house.world.relays.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_relay_is_the_performers_handle(kit):
    """What was opened comes back in the relay, untouched."""
    stream = kit.Stream()
    house = kit.House(kit.World({"a": [stream]}), kit.place("a"))
    house.serve(stream=True)
    assert [relay.opened.stream for relay in house.world.relays] == [stream]
    assert isinstance(house.world.relays[0], Relay)
