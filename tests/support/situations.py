"""Any configuration, any request, any state of health: what the laws of a decision are tried on."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from pointsman.config.settings import (
    Capability,
    ChainMember,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    Pattern,
    ProviderShare,
    RouterSettings,
    Settings,
    SizeRule,
    Strategies,
    TagSettings,
    Task,
    TaskSettings,
)
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, settings
from pointsman.model.condition import ALWAYS, Condition, Fact, Not
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import FailureKind
from pointsman.model.request import NO_HINTS, Hints, Request, Turn
from pointsman.model.rest import BreakerSettings
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.tiers import CAUSES
from pointsman.state.scoreboard import Rules, Scoreboard

NAMES = ("a", "b", "c-7b", "d-70b")
PLACES = ("p0", "p1", "p2")
CHAINS = ("default", "other", "fast")
CONDITIONS = [
    None,
    ALWAYS,
    Condition("stream", Fact("stream")),
    *(Condition(f"{name}_unavailable", Fact(f"{name}_unavailable")) for name in PLACES),
    Condition("not p0_unavailable", Not(Fact("p0_unavailable"))),
]
RULES = [Condition("stream", Fact("stream")), Condition("header.x", Fact("header.x")), ALWAYS]
"""Conditions of rules that ask nothing of the present: else one more failure may change who is asked for."""


class Situation(msgspec.Struct, frozen=True):
    """A configuration, requests to it, and what has failed before: indexes of deployments with the kind of failure."""

    settings: Settings
    requests: tuple[Request, ...]
    failures: tuple[tuple[int, FailureKind], ...]
    draws: tuple[float, ...]

    @property
    def request(self) -> Request:
        return self.requests[0]

    def board(self, more: tuple[tuple[int, FailureKind], ...] = ()) -> Scoreboard:
        """A memory in which all of that has happened; one failure that counts opens a breaker."""
        board = Scoreboard(FakeClock(), self.dice(), Rules(BreakerSettings(threshold=1)))
        for index, kind in (*self.failures, *more):
            with board.lock:
                lease = board.take(self.settings.deployments[index % len(self.settings.deployments)])
            board.failed(lease, kind)
            board.give_back(lease)
        return board

    def dice(self) -> LoadedDice:
        return LoadedDice(self.draws)


def few(values: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=most).map(tuple)


FEATURES: list[dict[str, Any]] = [
    {},
    {"weight": 0.0},
    {"weight": 2.5},
    {"rpm": 1},
    {"rpm": 2},
    {"max_parallel_requests": 1},
    {"tags": ("x",)},
    {"tags": ("x", "y")},
    {"tags": ("default",)},
    {"tag_regex": ("^User-Agent: cli",)},
    {"order": 1},
    {"order": 2},
    {"context": 10},
    {"context": 1000},
    {"size": 1.0},
    {"size": 70.0},
    {"cooldown_time": 0.0},
]
"""What a deployment may have; each draws a few."""

PROVIDERS = [provider(name, **more) for name in PLACES for more in ({}, {"default_model": "own"}, {"models": ("a",)})]


@st.composite
def members(draw: st.DrawFn) -> list[Deployment]:
    """Deployments of a few names at one to three places, and each place's open one."""
    places = [draw(st.sampled_from(PROVIDERS[3 * n : 3 * n + 3])) for n in range(draw(st.integers(1, 3)))]
    drawn = st.tuples(st.sampled_from(NAMES), st.sampled_from(places), few(st.sampled_from(FEATURES)))
    found = []
    for number, (name, place, features) in enumerate(draw(st.lists(drawn, min_size=1, max_size=7))):
        more = {key: value for feature in features for key, value in feature.items()}
        found.append(deployment(f"m{number}", name, place, **more))
    return [*found, *(deployment(place.name, "*", place, model=None) for place in places)]


@st.composite
def configurations(draw: st.DrawFn) -> Settings:
    """Any of the sections, about half of them at a time."""
    made = draw(members())
    names = st.sampled_from([d.id for d in made if d.model is None])
    served = st.sampled_from(sorted({d.model_name for d in made} - {"*"}))
    groups = few(served | st.sampled_from(["e", "xyz"]), 3)
    sections = _rules(names, served) | _groups(names, served, groups)
    chosen = draw(st.sets(st.sampled_from(sorted(sections)), max_size=6))
    return settings(
        *made,
        strategies=Strategies(draw(st.sampled_from(sorted(STRATEGIES)))),
        router=RouterSettings(num_retries=draw(st.integers(0, 2)), max_fallbacks=draw(st.integers(0, 5))),
        tags=draw(st.sampled_from(TAGGING)),
        **{name: draw(sections[name]) for name in sorted(chosen)},
    )


TAGGING = [TagSettings(), *(TagSettings(True, match_any, tasks=tasks) for match_any in (0, 1) for tasks in (0, 1))]


def _rules(names: Any, served: Any) -> dict[str, st.SearchStrategy[Any]]:
    spare, chain = st.none() | names, st.none() | st.sampled_from(CHAINS)
    exact = st.builds(ExactMatch, st.just("e"), names, spare, st.none() | st.just("upstream"), chain=chain)
    pattern = st.builds(Pattern, st.sampled_from(["^x", "y$", "^a"]), names, spare, chain=chain)
    capability = st.builds(
        Capability,
        st.just("fast"),
        few(served | st.just("xyz")),
        few(names),
        st.none() | st.just(13.0),
        st.none() | st.just(100),
        spare,
        st.none() | st.sampled_from(sorted(STRATEGIES)),
    )
    return {
        "exact": st.fixed_dictionaries({"e": exact}),
        "patterns": few(pattern),
        "default_provider": names,
        "metadata": few(st.builds(MetadataRule, st.sampled_from(["r", "s"]), names, st.sampled_from(RULES))),
        "capabilities": st.fixed_dictionaries({"fast": capability}),
        "sizes": st.tuples(st.builds(SizeRule, st.just("< 13B"), names, most=st.just(13.0), fallback=spare)),
        "tasks": st.builds(TaskSettings, st.tuples(st.builds(Task, st.just("chat"), served))),
    }


def _groups(names: Any, served: Any, groups: Any) -> dict[str, st.SearchStrategy[Any]]:
    member = st.builds(ChainMember, names, st.sampled_from(CONDITIONS), st.none() | served)
    chain = st.builds(FallbackChain, st.just("c"), few(member, 3), st.sampled_from([None, 0, 1]), st.just(0.1))
    return {
        "aliases": st.fixed_dictionaries({"alias": served}),
        "alias_groups": st.fixed_dictionaries({"several": groups}),
        "fallbacks": st.dictionaries(st.sampled_from([*NAMES, "e", "several"]), groups, max_size=3),
        "default_fallbacks": few(served, 1),
        "context_fallbacks": st.dictionaries(st.sampled_from([*NAMES, "*", "several"]), groups, max_size=2),
        "content_fallbacks": st.dictionaries(st.sampled_from([*NAMES, "*"]), groups, max_size=2),
        "redundant": st.fixed_dictionaries({"a": few(st.builds(ProviderShare, names, st.just(0.7)))}),
        "chains": st.dictionaries(st.sampled_from(CHAINS), chain, max_size=2),
    }


@st.composite
def requests(draw: st.DrawFn, made: Settings) -> Request:
    """Any request with hints that the configuration knows."""
    known: list[Any] = [{}, {"tags": ("x",)}, {"tags": ("z",)}, {"tags": ("!x", "y")}, {"tags": ("&y",)}, {"task": "y"}]
    known += [{"capability": "fast"}] * 4 if made.capabilities else []
    known += [{"chain": name} for name in made.chains]
    known += [{"task": "chat"}, {"task_class": "chat"}] if made.tasks is not None else []
    hints = {key: value for hint in draw(few(st.sampled_from(known))) for key, value in hint.items()}
    served = sorted({d.model_name for d in made.deployments if d.model is not None})
    listed = [*served, *made.exact, *made.aliases, *made.alias_groups, *(["xyz"] if made.patterns else [])]
    names = [*listed, *listed, None, "nobody-7b", "nobody"]
    fallbacks, disable = draw(st.none() | few(st.sampled_from(served))), draw(st.booleans())
    turns = draw(st.just({}) | st.dictionaries(st.sampled_from(CAUSES), few(st.sampled_from(served)), max_size=2))
    return Request(
        "chat",
        None if "capability" in hints and draw(st.booleans()) else draw(st.sampled_from(names)),
        {"messages": msgspec.Raw(b"[]")},
        stream=draw(st.booleans()),
        headers=draw(st.sampled_from([{}, {b"x": b"1"}, {b"user-agent": b"cli/1"}])),
        tokens=draw(st.sampled_from([0, 50])),
        fallbacks=() if disable and fallbacks is not None else fallbacks,
        hints=Hints(**hints) if hints else NO_HINTS,
        fallback_fields=tuple({"temperature": msgspec.Raw(b"%d" % n)} for n in range(len(fallbacks or ()))),
        disable_fallbacks=disable and fallbacks is not None,
        turns={} if disable else {cause: Turn(names) for cause, names in turns.items()},
    )


@st.composite
def situations(draw: st.DrawFn, most: int = 1) -> Situation:
    """``most`` requests to one configuration, after up to a dozen failures."""
    made = draw(configurations())
    failure = st.tuples(st.integers(0, len(made.deployments) - 1), st.sampled_from(list(FailureKind)))
    return Situation(
        made,
        tuple(draw(st.lists(requests(made), min_size=1, max_size=most))),
        draw(few(failure, 12)),
        tuple(draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3))),
    )
