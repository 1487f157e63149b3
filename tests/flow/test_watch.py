"""Watches: whom they ask what, how often, and what the scoreboard makes of the answers."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import Capability, Pace, SizeRule, WarmSettings, WatchSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, settings
from pointsman.flow.effects import Call, Failed, Sleep
from pointsman.flow.watch import ROUNDS, SELDOM, TOGETHER, watches
from pointsman.model.exchange import Answered, Loaded
from pointsman.model.listing import Card, Listing
from pointsman.model.outcome import FailureKind
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard

WARM = WarmSettings(timeout=0.1, every=10.0)
OFTEN = WatchSettings(Pace(30.0, 5.0), Pace(2.0, 1.0))
PLACE = provider("here", "ollama")
HOT, COLD = deployment("hot", at=PLACE, model="a:1b"), deployment("cold", at=PLACE, model="b:1b")
KEPT = Answered(200, {}, b'{"models":[{"name":"a:1b"}]}')
OTHER = Answered(200, {}, b'{"models":[{"name":"b:1b"}]}')
LATE = Failed(FailureKind.TIMEOUT, "no reply within 0.1 s", sent=True)
SILENT = [LATE, Answered(500, {}, b""), Answered(200, {}, b"?")]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return Scoreboard(clock, LoadedDice())


def begun(board, *members, learn=lambda: None, **more):
    """The watches of a configuration, each with its first question."""
    flows = watches(compile_topology(settings(*members, watch=OFTEN, **more)), board, learn)
    return [(flow, flow.send(None)) for flow in flows]


def warmth(board):
    """The one watch of a configuration that prefers warm deployments."""
    ((flow, asked),) = begun(board, HOT, COLD, warm=WARM)
    return flow, asked


def known(board) -> tuple[bool | None, bool | None]:
    return board.warm(HOT), board.warm(COLD)


# Models in memory


def test_it_asks_sleeps_and_asks_again(board):
    """Within the configured time, as often as configured; each word takes the place of the one before."""
    flow, asked = warmth(board)
    assert isinstance(asked, Call)
    assert (asked.provider, asked.request.path, asked.timeout, asked.reader) == (PLACE, "/api/ps", 0.1, None)
    assert known(board) == (None, None)
    assert flow.send(KEPT) == Sleep(10.0)
    assert known(board) == (True, False)
    assert flow.send(None) == asked
    flow.send(OTHER)
    assert known(board) == (False, True)


@pytest.mark.parametrize("reply", SILENT)
def test_a_late_answer_or_none_means_that_nobody_knows(board, reply):
    """What was said before is not taken for the present."""
    flow, _ = warmth(board)
    flow.send(KEPT)
    flow.send(None)
    flow.send(reply)
    assert known(board) == (None, None)


def test_a_word_holds_for_a_while_and_no_longer(board, clock):
    """If the watch has ended, what it said is forgotten soon."""
    flow, _ = warmth(board)
    flow.send(KEPT)
    flow.close()
    clock.advance(WARM.every * ROUNDS - 0.1)
    assert known(board) == (True, False)
    clock.advance(0.1)
    assert known(board) == (None, None)


def test_who_delivered_of_late_is_warm_whatever_the_watch_says(board, clock):
    """For ten minutes after its last answer; a failure is none."""
    board.servers.tell_loaded(PLACE, Loaded(), 1e6)
    lease = board.take(HOT)
    board.failed(lease, FailureKind.SERVER_ERROR)
    board.give_back(lease)
    assert (board.served(HOT), board.warm(HOT)) == (False, False)
    lease = board.take(HOT)
    board.succeeded(lease, 1)
    board.give_back(lease)
    clock.advance(599.9)
    assert (board.served(HOT), board.warm(HOT), board.warm(COLD)) == (True, True, False)
    clock.advance(0.2)
    assert (board.served(HOT), board.warm(HOT)) == (False, False)


def test_a_swap_forgets_what_was_said_and_who_has_become_another(board):
    """The same name may be another server now."""
    board.servers.tell_loaded(PLACE, Loaded(frozenset({"a:1b"})), 1e6)
    lease = board.take(HOT)
    board.succeeded(lease, 1)
    board.give_back(lease)
    board.forget_all_but([HOT])
    assert known(board) == (True, None)
    moved = deployment("hot", at=provider("here", "ollama", "http://127.0.0.1:2"), model="a:1b")
    board.forget_all_but([moved])
    assert board.warm(moved) is None


# Requests of others


def test_who_is_watched_for_its_load_tells_of_others(board, clock):
    """What a server has less what it has from here; the next word takes its place, and silence ends it."""
    place = provider("here", "vllm", watch_load=True)
    one, two = deployment("one", at=place), deployment("two", at=place)
    ((flow, asked),) = begun(board, one, two)
    assert (asked.request.path, asked.timeout) == ("/metrics", 1.0)
    lease = board.take(one)
    told = b'vllm:num_requests_running{a="b"} 4\nvllm:num_requests_waiting{a="b"} 2\n'
    assert flow.send(Answered(200, {}, told)) == Sleep(2.0)
    assert (board.load(one), board.load(two), board.in_flight(two)) == (6, 5, 0)
    board.give_back(lease)
    assert board.load(one) == 5
    clock.advance(2.0 * ROUNDS)
    assert board.load(one) == 0
    flow.send(None)
    flow.send(Answered(200, {}, told))
    assert board.load(one) == 6
    flow.send(None)
    flow.send(LATE)
    assert board.load(one) == 0


def test_a_server_that_knows_of_fewer_than_were_sent_has_none_of_others(board):
    """Some of ours are still on their way to it."""
    place = provider("here", "vllm", watch_load=True)
    member = deployment("one", at=place)
    ((flow, _),) = begun(board, member)
    board.take(member)
    flow.send(Answered(200, {}, b"vllm:num_requests_running 0\nvllm:num_requests_waiting 0\n"))
    assert board.load(member) == 1


# Lists

NAMED = provider("here", "vllm")
ONE, ANOTHER = Answered(200, {}, b'{"data":[{"id":"a:1b"}]}'), Answered(200, {}, b'{"data":[{"id":"b:1b"}]}')


def listening(board, learned, at=NAMED):
    """The one watch of a configuration that goes by sizes."""
    sizes = (SizeRule("< 8B", "here", most=8, below=True),)
    member = deployment("hot", at=at, model="a:1b")
    ((flow, asked),) = begun(board, member, sizes=sizes, learn=lambda: learned.append(dict(board.servers.lists)))
    return flow, asked


def test_a_list_is_told_and_learned_a_moment_later(board):
    """So that those that come together are learned at once. Then it is asked again."""
    learned = []
    flow, asked = listening(board, learned)
    assert (asked.request.path, asked.timeout) == ("/models", 5.0)
    assert flow.send(ONE) == Sleep(TOGETHER)
    assert learned == []
    assert flow.send(None) == Sleep(30.0)
    assert learned == [{NAMED: Listing({"a:1b": Card()})}]
    assert flow.send(None) == asked


@pytest.mark.parametrize("reply", SILENT)
def test_who_does_not_answer_changes_nothing(board, reply):
    """The last list holds: a server that is busy has its models still."""
    learned = []
    flow, _ = listening(board, learned)
    flow.send(ONE)
    flow.send(None)
    before = board.servers.lists
    flow.send(None)
    assert flow.send(reply) == Sleep(30.0)
    assert board.servers.lists is before
    assert len(learned) == 1


def test_an_equal_list_is_no_news(board):
    """The mapping stays the very one, so nothing is compiled anew; another list is another mapping."""
    flow, _ = listening(board, [])
    seen = []
    for reply in (ONE, ONE, ANOTHER):
        flow.send(reply)
        seen.append(board.servers.lists)
        flow.send(None)
        flow.send(None)
    assert seen[0] is seen[1]
    assert seen[2] is not seen[1]
    assert seen[2][NAMED] == Listing({"b:1b": Card()})


def test_a_service_is_asked_less_often_once_it_has_answered(board):
    """Its list is long, and seldom another."""
    flow, _ = listening(board, [], provider("here", "openai"))
    assert flow.send(LATE) == Sleep(30.0)
    flow.send(None)
    assert flow.send(ONE) == Sleep(TOGETHER)
    assert flow.send(None) == Sleep(30.0 * SELDOM)


# Models one by one


def tags(**digests: str | None) -> Answered:
    """Ollama's list of these models."""
    models = [{"name": name} | ({"digest": digest} if digest else {}) for name, digest in digests.items()]
    return Answered(200, {}, msgspec.json.encode({"models": models}))


def shown(context: int) -> Answered:
    return Answered(200, {}, msgspec.json.encode({"model_info": {"a.context_length": context}}))


def round_of(flow, board, listed, replies) -> tuple[list[str], dict[str, int | None]]:
    """Whom one round asks about, with these replies by model, and which contexts are known after it."""
    asked, call = [], flow.send(listed)
    while isinstance(call, Call):
        assert (call.request.path, call.timeout) == ("/api/show", 5.0)
        model = msgspec.json.decode(call.request.body)["model"]
        asked.append(model)
        call = flow.send(replies.get(model, LATE))
    assert call == Sleep(TOGETHER)
    assert flow.send(None) == Sleep(30.0)
    assert flow.send(None).request.path == "/api/tags"
    return asked, {name: card.context for name, card in board.servers.lists[PLACE].cards.items()}


def test_each_model_is_asked_about_once_as_long_as_it_is_the_same(board):
    """Ollama tells by a digest; one that is pulled anew is asked about again, and one that is gone is forgotten."""
    flow, _ = listening(board, [], PLACE)
    first = tags(a="1", b="2")
    assert round_of(flow, board, first, {"a": shown(8), "b": shown(9)}) == (["a", "b"], {"a": 8, "b": 9})
    assert round_of(flow, board, first, {}) == ([], {"a": 8, "b": 9})
    assert round_of(flow, board, tags(a="1", b="3"), {"b": shown(7)}) == (["b"], {"a": 8, "b": 7})
    assert round_of(flow, board, tags(a="1"), {}) == ([], {"a": 8})
    assert round_of(flow, board, first, {"b": shown(6)}) == (["b"], {"a": 8, "b": 6})


def test_a_server_without_digests_is_asked_each_time(board):
    """And its last word holds when it does not answer."""
    flow, _ = listening(board, [], PLACE)
    assert round_of(flow, board, tags(a=None), {"a": shown(8)}) == (["a"], {"a": 8})
    assert round_of(flow, board, tags(a=None), {"a": shown(9)}) == (["a"], {"a": 9})
    assert round_of(flow, board, tags(a=None), {}) == (["a"], {"a": 9})


def test_who_does_not_answer_is_asked_no_further_question_in_this_round(board):
    """The others' turn comes with the next one; a refusal is an answer."""
    flow, _ = listening(board, [], PLACE)
    three = tags(a="1", b="2", c="3")
    no = Answered(404, {}, b"")
    assert round_of(flow, board, three, {"a": no}) == (["a", "b"], {"a": None, "b": None, "c": None})
    assert round_of(flow, board, three, {"a": shown(1), "b": shown(2), "c": shown(3)})[1] == {"a": 1, "b": 2, "c": 3}
    assert round_of(flow, board, tags(a="9", b="2", c="3"), {}) == (["a"], {"a": None, "b": 2, "c": 3})


def test_a_list_is_kept_by_who_is_the_same_in_all_that_it_is(board):
    """A swap forgets those of others, and those of the same name at another address."""
    far = provider("far", "vllm")
    for place in (PLACE, far):
        board.servers.tell_list(place, Listing({place.name: Card()}))
    before = board.servers.lists
    board.forget_all_but([HOT, deployment("f", at=far)])
    assert board.servers.lists is before
    board.forget_all_but([HOT, deployment("f", at=provider("far", "vllm", "http://127.0.0.1:2"))])
    assert list(board.servers.lists) == [PLACE]


# Who is asked what


def test_only_what_is_of_use_is_asked(board):
    """A section, a condition or a provider asks for it; hosted services have nothing to say of memory or load."""
    hosted = provider("far", "openai", watch_load=True)
    members = (HOT, COLD, deployment("far", at=hosted))
    assert begun(board, *members) == []
    asked = [call.request.path for _, call in begun(board, *members, warm=WARM)]
    assert asked == ["/api/ps"]
    wanted = {"big": Capability("big", min_size=13.0)}
    asked = [(call.provider.name, call.request.path) for _, call in begun(board, *members, capabilities=wanted)]
    assert asked == [("here", "/api/tags"), ("far", "/models")]
