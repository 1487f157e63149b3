"""What servers say of themselves when they are asked beside the traffic: models in memory, models served, requests.

The first and the last are of the moment: such a word holds for so many seconds. A list holds until there is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from pointsman.model.deployment import Provider
from pointsman.model.exchange import Loaded
from pointsman.model.listing import Listing
from pointsman.model.view import Clock

T = TypeVar("T")


class Words(Generic[T]):
    """The last word of each server and until when it holds, by the provider's name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.said: dict[str, tuple[T, float]] = {}

    def tell(self, provider: str, word: T | None, seconds: float) -> None:
        """None: it was asked and did not say, so what it said before holds no more."""
        self.said.pop(provider, None)
        if word is not None:
            self.said[provider] = word, self._clock() + seconds

    def get(self, provider: str) -> T | None:
        word, until = self.said.get(provider, (None, 0.0))
        return word if word is not None and self._clock() < until else None

    def clear(self) -> None:
        self.said.clear()


class Servers:
    """Part of the scoreboard, under its lock.

    ``lists``: what providers serve by their own lists; another mapping whenever one has changed. ``others``: how many
    requests a server had that were not sent from here.
    """

    def __init__(self, clock: Clock, lock: AbstractContextManager[Any]) -> None:
        self.loaded: Words[Loaded] = Words(clock)
        self.others: Words[int] = Words(clock)
        self.lists: Mapping[Provider, Listing] = {}
        self._lock = lock

    def tell_loaded(self, provider: Provider, loaded: Loaded | None, seconds: float) -> None:
        """Which models it has in memory (None: it did not say)."""
        with self._lock:
            self.loaded.tell(provider.name, loaded, seconds)

    def tell_others(self, provider: Provider, requests: int | None, seconds: float) -> None:
        """How many requests it has from others (None: it did not say)."""
        with self._lock:
            self.others.tell(provider.name, requests, seconds)

    def tell_list(self, provider: Provider, listing: Listing) -> None:
        """Which models it serves."""
        with self._lock:
            if self.lists.get(provider) != listing:
                self.lists = {**self.lists, provider: listing}

    def forget_all_but(self, providers: Iterable[Provider]) -> None:
        """The same name may be another server now. A list is kept where the provider is the same in all that it is."""
        with self._lock:
            self.loaded.clear()
            self.others.clear()
            known = frozenset(providers) if self.lists else frozenset()
            if not self.lists.keys() <= known:
                self.lists = {provider: listing for provider, listing in self.lists.items() if provider in known}
