"""What a strategy makes of its pool's results. They change with every tenth result of a member or so, and what is made
of them is the same until then; but not while anybody's share is reduced, for that changes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from pointsman.model.members import Column, Members
from pointsman.model.view import View

T = TypeVar("T")


Make = Callable[[tuple[Column, ...], Mapping[str, float]], T]
"""Takes columns of the figures, and who has less than its share."""


class Reading(Generic[T]):
    """Of these figures. ``make`` is the same each time; it is not kept, for its owner keeps this."""

    __slots__ = ("_columns", "_made", "_members", "_names")

    def __init__(self, members: Members, names: tuple[str, ...]) -> None:
        self._members = members
        self._names = names
        self._columns: tuple[Column, ...] | None = None
        self._made: T

    def of(self, view: View, make: Make[T]) -> T:
        """What is made of the present."""
        columns, reduced = view.results_of(self._members, self._names), view.reduced
        if reduced:
            return make(columns, reduced)
        if columns is not self._columns:
            self._made = make(columns, reduced)
            self._columns = columns
        return self._made
