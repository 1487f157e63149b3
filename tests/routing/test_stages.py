"""Each stage on its own: what it settles, what it leaves out, and the sentence it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import ExactMatch, Pattern, Task, TaskSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.model.members import Members
from pointsman.model.outcome import FailureKind
from pointsman.routing.patterns import LONGEST
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.stages import health, limits
from pointsman.routing.stages.alias import alias
from pointsman.routing.stages.default_provider import default_provider
from pointsman.routing.stages.exact import exact
from pointsman.routing.stages.pattern import pattern
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard

P, Q = provider("p"), provider("q", default_model="house")
OPEN_P, OPEN_Q = deployment("p", "*", P, model=None), deployment("q", "*", Q, model=None)
M1, M2 = deployment("m1", "m", P), deployment("m2", "m", Q)

MADE = compile_topology(
    settings(
        M1,
        M2,
        OPEN_P,
        OPEN_Q,
        exact={"e": ExactMatch("e", "p"), "o": ExactMatch("o", "q", model="upstream"), "m": ExactMatch("m", "q")},
        patterns=(Pattern("^llama", "p"), Pattern("70b", "q", fallback="p"), Pattern("^llama-70b$", "q")),
        aliases={"nick": "m"},
        default_provider="q",
    )
)
BARE = compile_topology(settings(M1, M2))


def say(resolver, name, made):
    """A resolver's word on a name that came without hints."""
    return resolver(Asked(name), Found(name), made)


def names(word) -> list[str]:
    return [d.id for d in word.pool]


def test_an_alias_changes_only_the_name():
    """The next stages settle who serves it."""
    word = say(alias, "nick", MADE)
    assert (word.name, word.pool) == ("m", None)


@pytest.mark.parametrize("name", ["m", "stranger", None])
def test_what_is_no_alias_is_left_alone(name):
    """A word instead of a Settled: nothing to say."""
    assert say(alias, name, MADE) == "not an alias"
    assert say(alias, name, BARE) is None


def test_an_exact_entry_leads_to_its_provider_only():
    """The same name at another provider is out, though the model list has it there."""
    assert names(say(exact, "m", MADE)) == ["m2"]


def test_an_exact_entry_without_a_deployment_of_that_name_uses_the_open_one():
    """A provider serves any name as asked, or as the entry says."""
    plain, renamed = say(exact, "e", MADE), say(exact, "o", MADE)
    assert (names(plain), plain.name) == (["p"], "e")
    assert (names(renamed), renamed.name) == (["q"], "upstream")


def test_a_listed_model_name_is_an_exact_match():
    """All deployments of the name are candidates."""
    assert names(say(exact, "m", BARE)) == ["m1", "m2"]


@pytest.mark.parametrize(("name", "words"), [(None, "no model named"), ("x", "no exact match for 'x'")])
def test_exact_says_why_it_has_nothing(name, words):
    """The sentence is part of every explanation."""
    assert say(exact, name, BARE) == words


def test_exact_shortens_absurd_names_in_its_sentence():
    """A name of any length makes a short step."""
    assert len(say(exact, "x" * 10_000, BARE)) < 120


@pytest.mark.parametrize(("name", "provider_name"), [("llama-7b", "p"), ("llama-70b", "p"), ("qwen-70b", "q")])
def test_the_first_listed_pattern_that_matches_decides(name, provider_name):
    """Later and narrower patterns have no say; a pattern is searched anywhere in the name."""
    word = say(pattern, name, MADE)
    assert (names(word), word.name) == ([provider_name], name)


def test_a_pattern_hands_on_its_fallback():
    """The provider to turn to goes with the word."""
    assert say(pattern, "qwen-70b", MADE).fallback == "p"


@pytest.mark.parametrize(
    ("name", "made", "words"),
    [
        (None, MADE, "no model named"),
        ("x", BARE, "no patterns configured"),
        ("x", MADE, "none of 3 patterns matches"),
        ("llama" + "x" * LONGEST, MADE, "none of 3 patterns matches"),
    ],
)
def test_pattern_says_why_it_has_nothing(name, made, words):
    """Also of names that are too long to be searched."""
    assert say(pattern, name, made) == words


@given(st.text(max_size=60))
def test_no_name_breaks_a_resolver(name):
    """Whatever callers ask for, each resolver has a word and no exception."""
    for resolver in (alias, exact, pattern, default_provider):
        assert isinstance(say(resolver, name, MADE), (str, Settled))


def test_the_default_provider_takes_any_name():
    """What nobody else settled is asked there, as it was asked for."""
    word = say(default_provider, "stranger", MADE)
    assert (names(word), word.name) == (["q"], "stranger")


def test_the_default_provider_serves_its_default_model_if_none_is_named():
    """A request without a model gets the house's."""
    word = say(default_provider, None, MADE)
    assert (names(word), word.name) == (["q"], "house")


def test_the_first_listed_model_stands_in_for_a_default():
    """A provider that lists models needs no default_model."""
    at = provider("p", models=("first", "second"))
    made = compile_topology(settings(deployment("p", "*", at, model=None), default_provider="p"))
    assert say(default_provider, None, made).name == "first"


def test_the_first_of_its_deployments_stands_in_for_a_default():
    """Where the provider lists no models of its own."""
    made = compile_topology(settings(deployment("d1", "a", P), deployment("d2", "b", P), OPEN_P, default_provider="p"))
    word = say(default_provider, None, made)
    assert (names(word), word.name) == (["d1"], "a")


@pytest.mark.parametrize("resolver", [exact, pattern, default_provider])
def test_a_router_s_name_is_no_model_s(resolver):
    """A pattern for every name does not take it, nor is the default provider asked for a model of that name."""
    tasks = TaskSettings((Task("chat", "m"),))
    made = compile_topology(settings(M1, OPEN_P, patterns=(Pattern(".", "p"),), default_provider="p", tasks=tasks))
    word = say(resolver, "auto/tasks", made)
    assert isinstance(word, str) or word.name == "m"


def test_without_a_model_anywhere_the_default_provider_says_so():
    """Neither the request nor the provider names one."""
    made = compile_topology(settings(OPEN_P, default_provider="p"))
    assert say(default_provider, None, made) == "default provider p has no default_model and the request names none"


@pytest.mark.parametrize(
    ("listed", "caught"), [(("m",), "m"), (("nobody", "m"), "m"), (("nick",), "nick"), (("llama-3",), "llama-3")]
)
def test_default_fallbacks_catch_a_name_that_is_served_nowhere(listed, caught):
    """The first of them that anybody serves, under its own name, by an alias or by a pattern; it is settled in turn."""
    made = settings(M1, M2, OPEN_P, aliases={"nick": "m"}, patterns=(Pattern("^llama", "p"),), default_fallbacks=listed)
    assert say(default_provider, "stranger", compile_topology(made)).model == caught


@pytest.mark.parametrize("name", ["stranger", None])
def test_without_default_and_fallbacks_there_is_nothing(name):
    """The last stage has no more to say than the others."""
    assert say(default_provider, name, BARE) == "no default provider configured"


def test_default_fallbacks_do_not_catch_a_request_without_a_model():
    """Who names nothing is told so."""
    made = compile_topology(settings(M1, default_fallbacks=("m",)))
    assert say(default_provider, None, made) == "no default provider configured"


@pytest.fixture
def board():
    return Scoreboard(FakeClock(), LoadedDice([0.5]))


def test_health_leaves_out_who_rests_and_says_why(board):
    """The sentence names each one that is out, and the excluded carry it by id."""
    lease = board.take(M1)
    board.failed(lease, FailureKind.RATE_LIMITED, 3.0)
    board.give_back(lease)
    kept = health.keep(Members((M1, M2)), request(), board)
    assert kept.pool == (M2,)
    assert kept.reason == "m1: cooling down for 3.0 s more (rate_limited)"
    assert kept.excluded == {"m1": "cooling down for 3.0 s more (rate_limited)"}


def test_health_keeps_the_pool_itself_if_all_are_fit(board):
    """Nothing is copied when nothing is left out."""
    pool = (M1, M2)
    assert health.keep(Members(pool), request(), board).pool is pool


def test_limits_leave_out_who_has_no_room(board):
    """Unlimited members are not even asked about."""
    tight = deployment("tight", rpm=1)
    board.take(tight)
    kept = limits.keep(Members((tight, M2)), request(), board)
    assert (kept.pool, kept.excluded) == ((M2,), {"tight": "1 requests a minute reached"})


def test_limits_count_the_tokens_that_are_asked_for(board):
    """A large request is sent past a deployment that a small one still fits."""
    tight = deployment("tight", tpm=100)
    assert limits.keep(Members((tight,)), request(tokens=100), board).pool == (tight,)
    assert limits.keep(Members((tight,)), request(tokens=101), board).pool == ()


def test_a_long_list_of_exclusions_makes_a_short_sentence(board):
    """A thousand deployments at their limits are told in a line."""
    crowd = tuple(deployment(f"d{n}", rpm=0) for n in range(1000))
    kept = limits.keep(Members(crowd), request(), board)
    assert (kept.pool, len(kept.excluded)) == ((), 1000)
    assert len(kept.reason) < 500


def test_a_stranger_at_a_place_that_rests_is_left_out_too():
    """Nobody asked it yet, so nothing is remembered of it but where it is."""
    known, stranger = deployment("known"), deployment("stranger")
    board = Scoreboard(FakeClock(), LoadedDice())
    board.failed(board.take(known), FailureKind.AUTH)
    assert list(board.suspects(Members((M1, stranger, known)))) == [0, 1, 2]
    assert health.keep(Members((known, stranger)), request(), board).pool == ()


def test_a_pool_without_the_same_ones_is_the_same_pool():
    """So a strategy is not made ready again as long as the same deployment rests."""
    members = Members((M1, M2))
    assert members.less([M1.id]) is members.less({M1.id: "rests"})
    assert members.less([M1.id]).pool == (M2,)
    assert members.less([]) is members
