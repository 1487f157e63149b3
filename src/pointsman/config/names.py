"""Names that lead to other names: fallbacks and aliases, in every shape they are written in.

Here they are read; whether the names exist is asked in ``references.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pointsman.config.findings import Path, Report

ANY = "*"
"""The name in ``fallbacks`` that stands for every name without its own."""

SHAPE = "write `- NAME: [OTHER, …]`, or `- {{model: NAME, fallback_models: [OTHER, …]}}`"
LISTED = frozenset({"model", "fallback_models"})


class Ref(msgspec.Struct, frozen=True, gc=False):
    """A name and where it is written."""

    name: str
    path: Path


class Chain(msgspec.Struct, frozen=True):
    """One name and those that follow it."""

    first: Ref
    then: tuple[Ref, ...]


class Alias(msgspec.Struct, frozen=True):
    """``group`` is true if the names are members to choose from, false if the one name is what the alias means."""

    name: Ref
    means: tuple[Ref, ...]
    group: bool
    hidden: bool = False


def read_fallbacks(value: Any, path: Path, report: Report) -> list[Chain]:
    """Both shapes of ``fallbacks``. What is neither is in the report and left out."""
    if value is None:
        return []
    items = [value] if isinstance(value, Mapping) else value
    if not isinstance(items, list):
        report.error(path, "expected a list", suggestion=SHAPE)
        return []
    chains: list[Chain] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        at = path if items is not value else (*path, index)
        for chain in _chains(item, at, report):
            if chain.first.name in seen:
                report.warning(chain.first.path, "stands twice in the fallbacks; the first counts")
                continue
            seen.add(chain.first.name)
            chains.append(chain)
    return chains


def _chains(item: Any, path: Path, report: Report) -> Iterator[Chain]:
    if not isinstance(item, Mapping) or not item:
        report.error(path, "expected a mapping", suggestion=SHAPE)
    elif "fallback_models" in item:
        yield from _listed(item, path, report)
    else:
        for name, following in item.items():
            yield Chain(Ref(name, (*path, name)), read_names(following, (*path, name), report))


def _listed(item: Mapping[str, Any], path: Path, report: Report) -> Iterator[Chain]:
    for key in item:
        if key not in LISTED:
            report.unknown("error", (*path, key), "unknown key {}", key, sorted(LISTED))
    name = item.get("model")
    if not isinstance(name, str) or not name:
        report.error((*path, "model"), "expected a model's name")
        return
    then = read_names(item["fallback_models"], (*path, "fallback_models"), report)
    yield Chain(Ref(name, (*path, "model")), then)


def read_names(value: Any, path: Path, report: Report) -> tuple[Ref, ...]:
    """A list of names."""
    if not isinstance(value, list):
        report.error(path, "expected a list of names", suggestion="write [NAME]" if isinstance(value, str) else "")
        return ()
    refs = []
    for index, name in enumerate(value):
        if isinstance(name, str) and name:
            refs.append(Ref(name, (*path, index)))
        else:
            report.error((*path, index), "expected a name")
    return tuple(refs)


def read_aliases(value: Any, path: Path, report: Report) -> list[Alias]:
    """``model_group_alias``: to a name, to ``{model, hidden}``, or to a list of names."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        report.error(path, "expected a mapping of aliases to names")
        return []
    found = (_alias(name, meaning, (*path, name), report) for name, meaning in value.items())
    return [alias for alias in found if alias is not None]


def _alias(name: str, meaning: Any, path: Path, report: Report) -> Alias | None:
    here = Ref(name, path)
    if isinstance(meaning, str) and meaning:
        return Alias(here, (Ref(meaning, path),), group=False)
    if isinstance(meaning, list):
        if not meaning:
            report.error(path, "is a group without members")
        return Alias(here, read_names(meaning, path, report), group=True)
    if isinstance(meaning, Mapping):
        return _described(here, meaning, report)
    report.error(path, "expected a name, a list of names, or {{model, hidden}}")
    return None


def _described(here: Ref, meaning: Mapping[str, Any], report: Report) -> Alias | None:
    for key in meaning:
        if key not in ("model", "hidden"):
            report.unknown("error", (*here.path, key), "unknown key {}", key, ("model", "hidden"))
    hidden, target = meaning.get("hidden", False), meaning.get("model")
    if not isinstance(hidden, bool):
        report.error((*here.path, "hidden"), "expected true or false")
    if not isinstance(target, str) or not target:
        report.error((*here.path, "model"), "expected a model's name")
        return None
    return Alias(here, (Ref(target, (*here.path, "model")),), group=False, hidden=hidden is True)
