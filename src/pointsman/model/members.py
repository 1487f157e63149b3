"""A pool whose figures are asked for again and again, and what a column of such figures is.

Figures of a few members are Python numbers, those of many are numpy arrays: a loop over three is cheaper than one call
of numpy, one over a thousand is not. numpy is loaded by the first pool that has many, for it costs a start 0.1 s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pointsman.model.decision import Pool

MOST_PARTS = 16
"""Parts of a pool that are remembered: who is left out stays out for some seconds, and others with him."""

FEW = 32
"""Members up to which figures are Python numbers."""


class Column(Protocol):
    """One figure of each member, in the pool's order. Nobody changes one that was given to others."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> float: ...

    def __iter__(self) -> Iterator[float]: ...


class Members:
    """``many``: their columns are arrays. ``kept`` is what a view keeps of where their figures stand."""

    __slots__ = ("_least", "_parts", "_places", "kept", "many", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.many = len(pool) > FEW
        self.kept: object = None
        self._places: dict[str, int] | None = None
        self._least: tuple[float, frozenset[str]] | None = None
        self._parts: dict[frozenset[str], Members] = {}

    @property
    def places(self) -> Mapping[str, int]:
        """Where in the pool each one is, by id."""
        places = self._places
        if places is None:
            places = self._places = {deployment.id: index for index, deployment in enumerate(self.pool)}
        return places

    @property
    def least(self) -> tuple[float, frozenset[str]]:
        """The longest answer that all of them are not known to be short of, and what any of them is known to lack."""
        least = self._least
        if least is None:
            lengths = (deployment.longest for deployment in self.pool)
            length = min((length for length in lengths if length is not None), default=inf)
            least = self._least = length, frozenset().union(*(deployment.lacking for deployment in self.pool))
        return least

    def less(self, out: Collection[str]) -> Members:
        """Those whose ids are not among these: the same object for the same ones, as long as it is remembered."""
        if not out:
            return self
        key = frozenset(out)
        part = self._parts.get(key)
        if part is None:
            if len(self._parts) >= MOST_PARTS:
                self._parts.clear()
            part = self._parts[key] = Members(tuple([d for d in self.pool if d.id not in key]))
        return part

    def column(self, figures: Iterable[float]) -> Column:
        """These figures, of the members in the pool's order."""
        if not self.many:
            return list(figures)
        import numpy as np  # noqa: PLC0415  see above

        return np.array(list(figures), dtype=float)
