"""Fallbacks that are for one cause only: where they stand, who is turned to them at once, and how they are told."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.errors import InvalidBody, ModelNotFound, NoCandidate
from pointsman.fakes import deployment, settings
from pointsman.model.decision import Tier
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Turn
from pointsman.routing.candidates import Candidates, Look
from pointsman.routing.explain import as_data, as_text
from pointsman.routing.fallback import as_wished
from pointsman.routing.shapes import Sight
from pointsman.routing.topology import compile_topology
from support.deciding import asking, board, decide, down, plan, said

CONTEXT, FILTERED = FailureKind.CONTEXT, FailureKind.FILTERED
M, N, F, LONG, LONGER, SAFE = GROUPS = tuple(
    deployment(name, name) for name in ("m", "n", "f", "long", "longer", "safe")
)
COLD, WARM = {"temperature": msgspec.Raw(b"0")}, {"temperature": msgspec.Raw(b"1")}


def configured(*members, **more):
    more.setdefault("fallbacks", {"m": ("f",)})
    more.setdefault("context_fallbacks", {"m": ("long",), "long": ("longer",)})
    return settings(*(members or GROUPS), **more)


def windows(**contexts: int | None):
    """Groups of one, each with a context."""
    return configured(*(deployment(name, name, context=context) for name, context in contexts.items()))


def tiers(made, name: str = "m", **more) -> list[tuple[str, FailureKind | None]]:
    return [(tier.group, tier.on) for tier in decide(made, name, **more).tiers]


def test_they_stand_behind_all_others_by_cause():
    """Those of a fallback's own list are among them, each once."""
    usual, special = [("m", None), ("f", None)], [("long", CONTEXT), ("longer", CONTEXT), ("safe", FILTERED)]
    assert tiers(configured(content_fallbacks={"m": ("safe", "f")})) == [*usual, *special, ("f", FILTERED)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("m", ["long"]), ("nick", ["longer"]), ("also-m", ["long"]), ("n", ["safe"]), ("stranger", ["safe"])],
)
def test_they_are_found_as_the_usual_ones_are(name, expected):
    """By the very name, else by the name it stands for, else those of ``*``."""
    made = settings(
        *GROUPS,
        deployment("up", "*", model=None),
        aliases={"nick": "m", "also-m": "m"},
        context_fallbacks={"m": ("long",), "nick": ("longer",), "*": ("safe",)},
        default_provider="up",
    )
    assert [group for group, on in tiers(made, name) if on is CONTEXT] == expected


@pytest.mark.parametrize("most", [0, 1, 2, 9])
def test_max_fallbacks_holds_for_each_cause(most):
    """So many groups at most after the one asked for, whatever is turned to."""
    following = {f"g{n}": (f"g{n + 1}",) for n in range(5)}
    made = configured(
        *[deployment(f"d{n}", f"g{n}") for n in range(6)],
        router=RouterSettings(max_fallbacks=most),
        fallbacks=following,
        context_fallbacks=following,
        content_fallbacks=following,
    )
    found = [on for _, on in tiers(made, "g0")]
    assert [found.count(on) for on in (None, CONTEXT, FILTERED)] == [1 + min(most, 5), min(most, 5), min(most, 5)]
    wished = [on for _, on in tiers(made, "g0", fallbacks=("g1", "g2", "g3"))]
    assert wished.count(None) == 1 + min(most, 3)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"fallbacks": ("n",)}, [("n", None), ("safe", FILTERED)]),
        ({"fallbacks": ()}, [("long", CONTEXT), ("longer", CONTEXT), ("safe", FILTERED)]),
        ({"turns": {CONTEXT: Turn(("n",))}}, [("f", None), ("n", CONTEXT), ("safe", FILTERED)]),
        ({"turns": {CONTEXT: Turn()}}, [("f", None), ("safe", FILTERED)]),
        (
            {"turns": {FILTERED: Turn(("n", "n"))}},
            [("f", None), ("long", CONTEXT), ("longer", CONTEXT), ("n", FILTERED)],
        ),
        ({"fallbacks": ("n",), "turns": {CONTEXT: Turn(("f",))}}, [("n", None), ("f", CONTEXT), ("safe", FILTERED)]),
        ({"fallbacks": (), "disable_fallbacks": True}, []),
    ],
)
def test_the_callers_fallbacks_take_the_place_of_the_configured(wanted, expected):
    """For each cause his own; whom he names at all may be for what is too long, but not for what a filter refused."""
    made = configured(fallbacks={"m": ("f",)}, content_fallbacks={"*": ("safe",)})
    assert tiers(made, **wanted) == [("m", None), *expected]


def test_nobody_serves_a_name_that_the_caller_wants_asked():
    """A mistake of his, told before anybody is asked."""
    with pytest.raises(ModelNotFound):
        decide(configured(), turns={CONTEXT: Turn(("nobody",))})


def test_who_wants_no_fallbacks_keeps_the_levels_of_the_group():
    """By ``order``; nothing else, for no cause."""
    members = deployment("m1", "m", order=1), deployment("m2", "m", order=2), *GROUPS[1:]
    made = configured(*members, content_fallbacks={"*": ("safe",)})
    decision = decide(made, fallbacks=(), disable_fallbacks=True)
    assert plan(decision) == [("m1", "m", 0), ("m2", "m", 1)]


def test_what_the_caller_wants_otherwise_stands_in_the_tier():
    """Of a name that stands twice the first counts."""
    decision = decide(configured(), fallbacks=("n", "f", "n"), fallback_fields=(COLD, {}, WARM))
    assert [(tier.group, tier.fields) for tier in decision.tiers[:3]] == [("m", None), ("n", COLD), ("f", None)]
    decision = decide(configured(), turns={CONTEXT: Turn(("n", "f"), (COLD, {}))})
    assert [(tier.group, tier.fields) for tier in decision.tiers if tier.on is CONTEXT] == [("n", COLD), ("f", None)]


def test_a_request_is_as_the_caller_wants_it_there():
    """Other fields in the place of its own, and its length by them."""
    request = asking(body={"messages": msgspec.Raw(b'["%s"]' % (b"x" * 396)), **WARM}, tokens=120)
    short = Tier("f", "f", (F,), fields={"messages": msgspec.Raw(b"[]"), **COLD})
    wished = as_wished(request, short)
    assert (wished.body, wished.tokens) == ({"messages": msgspec.Raw(b"[]"), **COLD}, 120 - 398 // 4 - 1)
    assert as_wished(request, Tier("f", "f", (F,))) is request


def test_a_request_that_is_too_long_for_the_group_goes_to_them_at_once():
    """Nobody has to refuse it first."""
    decision = decide(windows(m=1000, f=None, long=8000, longer=None), tokens=4000)
    assert (decision.choice.id, decision.tiers[decision.tier].on) == ("long", CONTEXT)
    assert said(decision, "fallback") == "turned to: 'long', for requests that are too long"
    assert [leg[0] for leg in plan(decision)] == ["long", "longer"]


def test_the_next_of_them_takes_its_place_where_it_is_too_long_too():
    """And if it is too long for all, the caller hears so."""
    assert decide(windows(m=1000, f=None, long=2000, longer=None), tokens=4000).choice.id == "longer"
    with pytest.raises(InvalidBody, match="beyond everybody who serves 'm'"):
        decide(windows(m=1000, f=None, long=2000, longer=2000), tokens=4000)


@pytest.mark.parametrize("contexts", [{"m": None}, {"m": 8000}])
def test_they_never_take_the_place_of_a_group_that_is_down(contexts):
    """They are for one cause, and an outage is another."""
    made = windows(**contexts, long=None)
    with pytest.raises(NoCandidate, match="no deployment of 'm'"):
        decide(made, view=down(board(), made.deployments[0], kind=FailureKind.AUTH), tokens=4000)


def test_one_member_that_may_take_it_is_enough():
    """Whoever is not known to be too small may take it; if it is down, its group is down."""
    small, large = deployment("m1", "m", context=1000), deployment("m2", "m", context=8000)
    made = configured(small, large, *GROUPS[2:])
    assert decide(made, tokens=4000).choice.id == "m2"
    assert decide(made, view=down(board(), large, kind=FailureKind.FORBIDDEN), tokens=4000).choice.id == "f"


def test_a_later_level_of_the_group_comes_before_them():
    """It is the group that was asked for."""
    levels = deployment("m1", "m", context=1000, order=1), deployment("m2", "m", context=8000, order=2)
    decision = decide(configured(*levels, *GROUPS[2:]), tokens=4000)
    assert (decision.choice.id, decision.tiers[decision.tier].on) == ("m2", None)


def test_a_fallback_of_the_callers_with_a_shorter_text_is_enough():
    """The same group may take what it is asked there; whom the configuration has for long ones is not needed."""
    short = {"messages": msgspec.Raw(b"[]")}
    request = {"body": {"messages": msgspec.Raw(b'["%s"]' % (b"x" * 15996))}, "tokens": 4000}
    made = windows(m=1000, f=1000, long=None)
    assert decide(made, fallbacks=("f",), fallback_fields=(short,), **request).choice.id == "f"
    assert decide(made, fallbacks=("m",), fallback_fields=(short,), **request).tier == 1


def test_they_are_told_in_every_explanation():
    """A line of their own beside the plan, ``on`` in its data, and a word for each deployment."""
    made = configured(content_fallbacks={"m": ("safe", "f")})
    sights: list[Sight] = []
    decision, topology = decide(made, sights=sights), compile_topology(made)
    assert as_text(decision).splitlines()[-3:] == [
        "  plan         m, then f (fallback f)",
        "  if too long  long (fallback long), then longer (fallback longer)",
        "  if filtered  safe (fallback safe), then f (fallback f)",
    ]
    told = [(leg["deployment"], leg.get("on")) for leg in as_data(decision)["plan"]]
    assert told[:2] == [("m", None), ("f", None)]
    assert told[2:] == [("long", "context"), ("longer", "context"), ("safe", "filtered"), ("f", "filtered")]
    look = Look(asking(), topology, board(), sights, decision.steps, decision)
    change = {row["deployment"]: row.get("change") for row in Candidates(look).rows()}
    assert change["f"] == "when everybody before it has failed; or name model 'f'"
    assert change["long"] == "for requests that are too long; or name model 'long'"
    assert change["safe"] == "for requests that a content filter refused; or name model 'safe'"
    assert change["n"] == "name model 'n'"
