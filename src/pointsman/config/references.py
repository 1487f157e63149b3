"""Do all names lead somewhere? Asked once, when everything is known.

``standalone``: a block that stands alone may name what another file defines, so a name that can't be resolved is a
warning there and an error otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pointsman.config.circles import circles
from pointsman.config.findings import Report, Severity
from pointsman.config.names import ANY, Alias, Chain, Ref
from pointsman.config.prefixes import PREFIXES, UNSERVED

MISSING = "{} is not defined here"
MAX_NAME = 1024

WELL_KNOWN = PREFIXES.keys() | UNSERVED
"""Names of providers that are no slips of the pen."""


class Known(msgspec.Struct, frozen=True):
    """What a configuration defines. ``catch_all``: a default provider takes any other name."""

    served: frozenset[str]
    aliases: dict[str, str]
    groups: frozenset[str]
    exact: frozenset[str]
    providers: frozenset[str]
    capabilities: frozenset[str] = frozenset()
    chains: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    programs: tuple[Any, ...] = ()
    catch_all: bool = False

    @property
    def names(self) -> frozenset[str]:
        return self.served | self.groups | self.exact | self.aliases.keys()

    def matched(self, name: str) -> bool:
        return len(name) <= MAX_NAME and any(program.search(name) for program in self.programs)


class References:
    """Tells of names that lead nowhere."""

    def __init__(self, known: Known, report: Report, severity: Severity) -> None:
        self._known = known
        self._report = report
        self._severity: Severity = severity
        self._defined = known.names
        self._names = tuple(sorted(self._defined))
        self._served = tuple(sorted(known.served))
        self._providers = (*sorted(known.providers), *sorted(PREFIXES))

    def models(self, refs: Iterable[Ref]) -> None:
        """Each must be a public name, an alias, or a name that a pattern or the default provider takes."""
        for ref in refs:
            if ref.name in self._defined or self._known.matched(ref.name):
                continue
            if self._known.catch_all:
                text = "{} is not defined here; the default provider would be asked for it"
                self._report.unknown("warning", ref.path, text, ref.name, self._names)
            else:
                self._report.unknown(self._severity, ref.path, MISSING, ref.name, self._names, "add it to `model_list`")

    def groups(self, refs: Iterable[Ref]) -> None:
        """Public names, names that a pattern takes, or capabilities."""
        known = (*self._names, *sorted(self._known.capabilities))
        for ref in refs:
            if ref.name not in known and not self._known.matched(ref.name):
                text = "{} is no model and no capability here"
                self._report.unknown(self._severity, ref.path, text, ref.name, known)

    def chains(self, refs: Iterable[Ref]) -> None:
        self._among(refs, "fallback chain", self._known.chains, "fallback_chains")

    def tasks(self, refs: Iterable[Ref]) -> None:
        self._among(refs, "task", self._known.tasks, "tasks")

    def categories(self, refs: Iterable[Ref]) -> None:
        self._among(refs, "category", self._known.categories, "semantic_router.categories")

    def _among(self, refs: Iterable[Ref], what: str, known: frozenset[str], section: str) -> None:
        for ref in refs:
            if ref.name not in known:
                text, hint = f"{what} {MISSING}", f"add it to `{section}`"
                self._report.unknown(self._severity, ref.path, text, ref.name, sorted(known), hint)

    def members(self, refs: Iterable[Ref]) -> None:
        """Members of a group must have deployments of their own, or be groups or aliases of such names."""
        for ref in refs:
            name = self._known.aliases.get(ref.name, ref.name)
            if name in self._known.served or name in self._known.groups:
                continue
            text = MISSING if ref.name not in self._defined else "{} has no deployment in `model_list`"
            hint = "members of a group are names of `model_list`"
            self._report.unknown(self._severity, ref.path, text, ref.name, self._served, hint)

    def providers(self, refs: Iterable[Ref]) -> None:
        for ref in refs:
            if ref.name not in self._known.providers:
                near = () if ref.name in WELL_KNOWN else self._providers
                text, hint = "provider " + MISSING, "add it to `providers`"
                self._report.unknown(self._severity, ref.path, text, ref.name, near, hint)


def chains_refs(chains: Sequence[Chain]) -> list[Ref]:
    """Every name in the fallbacks, but for the one that stands for all."""
    return [ref for chain in chains for ref in (chain.first, *chain.then) if ref.name != ANY or ref is not chain.first]


def resolved_aliases(aliases: Sequence[Alias], report: Report) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Aliases to their last name, groups to members that are no groups. A circle is an error and left out."""
    table = {alias.name.name: alias for alias in aliases}
    means = {name: [ref.name for ref in alias.means] for name, alias in table.items()}
    round_and_round = {name for circle in circles(means) for name in circle}
    single: dict[str, str] = {}
    groups: dict[str, tuple[str, ...]] = {}
    for name, alias in table.items():
        if name in round_and_round:
            report.error(alias.name.path, "alias {} leads back to itself", name)
        elif alias.group:
            groups[name] = _members(name, means)
        else:
            _follow(name, table, single)
    return single, groups


def _follow(name: str, table: Mapping[str, Alias], single: dict[str, str]) -> None:
    """Enter what an alias means in the end, and with it every alias on the way."""
    way: dict[str, None] = {}
    while name in table and not table[name].group and name not in single and name not in way:
        way[name] = None
        name = table[name].means[0].name
    last = single.get(name, name)
    single.update(dict.fromkeys(way, last))


def _members(group: str, means: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The names behind a group that are no aliases themselves, in order, each once."""
    found: dict[str, None] = {}
    done: set[str] = set()
    stack = [group]
    while stack:
        name = stack.pop()
        if name not in means:
            found[name] = None
        elif name not in done:
            done.add(name)
            stack.extend(reversed(means[name]))
    return tuple(found)
