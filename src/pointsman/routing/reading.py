"""What a strategy makes of its pool's results. They change with every tenth result of a member or so, and what is made
of them is the same until then; but not while anybody's share is reduced, for that changes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from pointsman.model.members import Column, Members
from pointsman.model.view import View

T = TypeVar("T")


class Reading(Generic[T]):
    """``make`` takes columns of these figures, and who has less than its share."""

    __slots__ = ("_columns", "_made", "_make", "_members", "_names")

    def __init__(
        self, members: Members, names: tuple[str, ...], make: Callable[[tuple[Column, ...], Mapping[str, float]], T]
    ) -> None:
        self._members = members
        self._names = names
        self._make = make
        self._columns: tuple[Column, ...] | None = None
        self._made: T

    def of(self, view: View) -> T:
        """What is made of the present."""
        columns, reduced = view.results_of(self._members, self._names), view.reduced
        if reduced:
            return self._make(columns, reduced)
        if columns is not self._columns:
            self._made = self._make(columns, reduced)
            self._columns = columns
        return self._made
