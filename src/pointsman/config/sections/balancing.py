"""``load_balancing`` and ``strategies``: which strategy picks where, and what it looks at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from pointsman.config import strategies
from pointsman.config.findings import Path, Report
from pointsman.config.litellm import ARGS, FIXED
from pointsman.config.names import Ref
from pointsman.config.sections.context import Context
from pointsman.config.settings import Strategies, Weights
from pointsman.config.shapes import StrategyArgsSection, StrategySection

MEASURES = ("time_to_first_token", "latency")
FACTORS = ("latency", "success_rate", "cost")

Blocks = Mapping[str, StrategySection]


def read_strategies(
    word: str | None, places: tuple[Blocks, Blocks], args: StrategyArgsSection | None, context: Context
) -> Strategies:
    """Who picks where. ``word`` is ``router_settings.routing_strategy``; without it a block that says no
    ``applicable_to`` is the default. ``args`` are LiteLLM's, for that strategy.
    """
    report = context.report
    default = strategies.read(word, ("router_settings", "routing_strategy"), report) if word is not None else None
    taken: list[str] = [word] if word is not None else []
    groups: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, section in _blocks(places, report):
        for ref in _groups(section, context):
            if groups.setdefault(ref.name, name) != name:
                report.warning(ref.path, "{} has strategy {} already, and that one counts", ref.name, groups[ref.name])
        if section.applicable_to is None and not taken:
            report.info(section.path, "says no `applicable_to`: it picks wherever no other strategy is named")
            default = name
            taken.append(name)
        values.update(_values(section, report))
    default = default or strategies.DEFAULT
    if args is not None:
        values = _args(args, default, values, report) | values
    return Strategies(default, groups, **values)


def _args(args: StrategyArgsSection, strategy: str, said: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """The fields of Strategies that LiteLLM's keys say. Of its other keys it is told what is done instead."""
    taken: dict[str, Any] = {}
    for key, value in _given(args):
        figure, text = FIXED.get((strategy, key), (None, ""))
        if key in ARGS:
            field = ARGS[key][1]
            taken[field] = value
            if said.get(field, value) != value:
                report.warning(args.place(key), f"is not used: `{field}` of the strategy counts")
        elif figure is None:
            report.warning(args.place(key), "says nothing to strategy {}", strategy)
        elif value == figure:
            report.info(args.place(key), f"needs no saying: {text}")
        else:
            report.warning(args.place(key), f"is not acted on: {text}")
    return taken


def check_args(args: StrategyArgsSection | None, picking: Collection[str], report: Report) -> None:
    """Tell of keys for a strategy that picks nowhere."""
    if args is None:
        return
    for key, _ in _given(args):
        if key in ARGS and ARGS[key][0] not in picking:
            report.warning(args.place(key), "says nothing: strategy {} picks nowhere", ARGS[key][0])


def _given(args: StrategyArgsSection) -> list[tuple[str, Any]]:
    said = ((key, getattr(args, key)) for key in StrategyArgsSection.model_fields)
    return [(key, value) for key, value in said if value is not None]


def _blocks(places: tuple[Blocks, Blocks], report: Report) -> Iterator[tuple[str, StrategySection]]:
    """The strategies that this version has, by their canonical names."""
    for word, section in (item for place in places for item in place.items()):
        name = strategies.read(word, section.path, report)
        if name is not None:
            yield name, section


def _groups(section: StrategySection, context: Context) -> list[Ref]:
    path = section.place("applicable_to")
    refs = [Ref(name, (*path, index)) for index, name in enumerate(section.applicable_to or ())]
    context.groups += refs
    return refs


def _values(section: StrategySection, report: Report) -> Iterator[tuple[str, Any]]:
    """The fields of Strategies that a block has something to say about."""
    if section.weight_factors is not None or section.literal is not None:
        weights = _weights(section.weight_factors, section.place("weight_factors"), report)
        yield "weights", msgspec.structs.replace(weights, literal=bool(section.literal))
    if section.measure is not None:
        if section.measure not in MEASURES:
            path, known = section.place("measure"), ", ".join(MEASURES)
            report.unknown("error", path, "unknown measure {}", section.measure, MEASURES, known)
        yield "measure", section.measure
    if section.buffer is not None:
        yield "buffer", section.buffer


def _weights(value: Any, path: Path, report: Report) -> Weights:
    """A factor that is not named has no weight."""
    if value is None:
        return Weights()
    given: dict[str, float] = {}
    for name, weight, place in _factors(value, path, report):
        if name not in FACTORS:
            report.unknown("error", place, "unknown factor {}", name, FACTORS, ", ".join(FACTORS))
        elif isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
            report.error(place, "expected a number of at least 0")
        else:
            given[name] = float(weight)
    if given and not any(given.values()):
        report.error(path, "has no factor with any weight")
    if not given:
        return Weights()
    return Weights(given.get("latency", 0.0), given.get("success_rate", 0.0), given.get("cost", 0.0))


def _factors(value: Any, path: Path, report: Report) -> Iterator[tuple[str, Any, Path]]:
    """Name, weight and place of each factor, of a mapping or of a list of mappings."""
    listed = isinstance(value, list)
    parts = [(item, (*path, index)) for index, item in enumerate(value)] if listed else [(value, path)]
    for part, place in parts:
        if isinstance(part, Mapping):
            yield from ((name, weight, (*place, name)) for name, weight in part.items())
        else:
            report.error(place, "expected `FACTOR: WEIGHT`", suggestion=", ".join(FACTORS))
