"""What the readers of sections share: who means which provider, how conditions are read, and where findings go.

Names that only make sense when everything has been read are noted here and looked up by ``references.py``.
"""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.config.conditions import Conditions
from pointsman.config.findings import Path, Report
from pointsman.config.names import Ref
from pointsman.config.places import Places


class Context:
    """Of one document. ``called``: names as a caller might ask for them, which a pattern or the default provider may
    take; ``groups``: public names or capabilities; ``chains``: fallback chains.
    """

    def __init__(self, places: Places, report: Report) -> None:
        self.places = places
        self.report = report
        self.conditions = Conditions(places, report)
        self.groups: list[Ref] = []
        self.chains: list[Ref] = []
        self.called: list[Ref] = []
        self.tasks: list[Ref] = []
        self.categories: list[Ref] = []

    def chain(self, name: str | None, path: Path) -> str | None:
        """A fallback chain that a rule names."""
        if name is not None:
            self.chains.append(Ref(name, path))
        return name

    def listed(self, names: Iterable[str], path: Path, kept: list[Ref]) -> tuple[str, ...]:
        """A list of names, each once; noted among ``kept``."""
        refs = [Ref(name, (*path, index)) for index, name in enumerate(names)]
        kept += refs
        return tuple(dict.fromkeys(ref.name for ref in refs))
