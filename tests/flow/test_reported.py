"""What a request's way tells the scoreboard, so that later decisions may go by it."""

from __future__ import annotations

import json

import pytest

from pointsman.flow.effects import Failed
from pointsman.model.exchange import Answered
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.request import Hints
from pointsman.model.view import Standing

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
WHOLE = Answered(200, {}, json.dumps({"choices": [{"message": {"content": "hi"}}], "usage": USAGE}).encode())


def house_of(kit, script, *names: str):
    return kit.House(kit.World(script, takes=0.5), *map(kit.place, names or ("a",)), draws=(0.0,))


def standings(house) -> list[Standing]:
    return [house.board.standing(d) for d in house.settings.deployments]


def test_a_whole_answer_tells_its_seconds_and_its_seconds_a_token(kit):
    """Measured from when the deployment was asked; there is no first token of what comes whole."""
    house = house_of(kit, {"a": [WHOLE]})
    house.serve()
    assert standings(house) == [Standing(1, 1.0, 0.5, None, 0.125, 0.5)]


def test_a_stream_tells_when_its_first_content_came_and_when_it_was_over(kit):
    """Two figures: the wait for the first word, and the whole answer."""
    house = house_of(kit, {"a": [kit.Stream()]})
    stream = house.world.script["a"][0]
    relay, stream.relay = stream.relay, lambda: (house.world.clock.advance(2.0), relay())[1]
    house.serve(stream=True)
    assert standings(house) == [Standing(1, 1.0, 2.5, 0.5, None, 0.5)]


def test_an_answer_that_comes_whole_where_a_stream_was_asked_for_began_when_it_ended(kit):
    """Who does not stream lets its caller wait for the first word until the last."""
    house = house_of(kit, {"a": [WHOLE]})
    house.serve(stream=True)
    assert standings(house) == [Standing(1, 1.0, 0.5, 0.5, 0.125, 0.5)]


def test_every_attempt_is_held_for_or_against_its_own_deployment(kit):
    """The second one's time begins when it is asked, not when the request came."""
    slow = Failed(FailureKind.TIMEOUT, "no reply within 5 s", sent=True)
    house = house_of(kit, {"a": [slow], "b": [WHOLE]}, "a", "b")
    house.serve()
    failed, good = standings(house)
    assert (failed.samples, failed.success_rate, failed.latency) == (1, 0.0, None)
    assert good == Standing(1, 1.0, 0.5, None, 0.125, 0.5)


def test_what_is_nobodys_fault_is_no_result(kit):
    """A bad request, or one that a dialect has no words for, says nothing of the deployment."""
    house = house_of(kit, {"a": [kit.refused(400)]})
    house.serve()
    inexpressible = kit.House(kit.World(), kit.place("o", kind="ollama"))
    trip = inexpressible.serve(body={"messages": b"5"})
    assert standings(house) == standings(inexpressible) == [Standing()]
    assert [attempt.seconds for attempt in trip.attempts] == [0.0]


def said(session: str) -> Hints:
    return Hints(session=session)


def test_a_session_has_its_home_where_it_was_served(kit):
    """Also when that took a second attempt; requests without a session leave no trace."""
    house = house_of(kit, {"a": [kit.refused(500)], "b": [WHOLE]}, "a", "b")
    house.serve()
    assert len(house.board._homes) == 0
    house.serve(hints=said("s"))
    assert (house.board.home("s"), house.board.home("t")) == ("b", None)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_home_that_fails_its_session_is_none_any_more(kit, kind):
    """If the failure counts against it; what is the request's own fault changes nothing."""
    house = house_of(kit, {"a": [WHOLE, Failed(kind, "it failed")]})
    house.serve(hints=said("s"))
    house.serve(hints=said("s"), num_retries=0)
    assert house.board.home("s") == (None if CONSEQUENCES[kind].counts else "a")
