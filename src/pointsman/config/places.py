"""Which provider a word in a rule means, whatever section the rule stands in.

A provider that nobody defined is what its name means before a model in ``model_list``: the one of that kind, or one at
that kind's usual address. Behind this point rules name providers that exist, or what ``references.py`` tells of.
"""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.config.address import Addresses
from pointsman.config.findings import Path
from pointsman.config.names import Ref
from pointsman.model.deployment import Provider


class Places:
    """Answers word after word. ``refs``: all words so far; ``providers``: those that are meant, by word."""

    def __init__(self, addresses: Addresses) -> None:
        self.refs: list[Ref] = []
        self.providers: dict[str, Provider] = {}
        self._addresses = addresses
        self._asked: set[str] = set()

    def name(self, word: str, path: Path) -> str:
        """The name of the provider that is meant, else the word itself. What is implied is told at its first place."""
        ref = Ref(word, path)
        self.refs.append(ref)
        if word not in self._asked:
            self._asked.add(word)
            found = self._addresses.meant(ref)
            if found is not None:
                self.providers[word] = found
        return self.providers[word].name if word in self.providers else word

    def optional(self, word: str | None, path: Path) -> str | None:
        """The same of a word that need not be there."""
        return self.name(word, path) if word else None

    def names(self, words: Iterable[str], path: Path) -> tuple[str, ...]:
        """The same of a list, each provider once."""
        return tuple(dict.fromkeys(self.name(word, (*path, index)) for index, word in enumerate(words)))
