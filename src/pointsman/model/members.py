"""A pool whose figures are asked for again and again, and what a column of such figures is.

Figures of a few members are Python numbers, those of many are numpy arrays: a loop over three is cheaper than one call
of numpy, one over a thousand is not. numpy is loaded by the first pool that has many, for it costs a start 0.1 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pointsman.model.decision import Pool

FEW = 32
"""Members up to which figures are Python numbers."""


class Column(Protocol):
    """One figure of each member, in the pool's order. Nobody changes one that was given to others."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> float: ...

    def __iter__(self) -> Iterator[float]: ...


class Members:
    """``many``: their columns are arrays. ``kept`` is what a view keeps of where their figures stand."""

    __slots__ = ("_places", "kept", "many", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.many = len(pool) > FEW
        self.kept: object = None
        self._places: dict[str, int] | None = None

    @property
    def places(self) -> Mapping[str, int]:
        """Where in the pool each one is, by id."""
        places = self._places
        if places is None:
            places = self._places = {deployment.id: index for index, deployment in enumerate(self.pool)}
        return places

    def column(self, figures: Iterable[float]) -> Column:
        """These figures, of the members in the pool's order."""
        if not self.many:
            return list(figures)
        import numpy as np  # noqa: PLC0415  see above

        return np.array(list(figures), dtype=float)
