"""The figures of all deployments side by side: a column a figure, a row a deployment, read by whole pools.

A row is written when its results have made new figures. Who got a result is marked, once, and the next reader looks at
the marked ones alone, and at those whose figures have come of age: so a result costs the same however large pools are.
Row 0 is nobody's: there stands what is true of a deployment without a record.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, MutableSequence
from heapq import heappop, heappush
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pointsman.model.members import Column, Members
from pointsman.model.view import UNSEEN, Known, trust_in
from pointsman.state.evidence import Evidence
from pointsman.state.minutes import Minutes, RowMinute

if TYPE_CHECKING:
    from pointsman.state.record import Record

ROWS = 64
"""To begin with; twice as many whenever they do not suffice."""


class Counts:
    """Requests under way, by row. Apart from the table, so that a record that knows it does not hold all others: a
    board that is done with is gone at once, and no work for the collector.
    """

    __slots__ = ("under_way",)

    def __init__(self) -> None:
        self.under_way: MutableSequence[int] = [0] * ROWS


class Rows:
    """Where the members of a pool stand, as long as ``placed`` is the table's. ``columns``: what was read of them last,
    by the names of the figures, and at which state of the table and of these figures. ``strangers``: those without a
    row.
    """

    __slots__ = ("columns", "counted", "counts", "placed", "read", "strangers")

    def __init__(self, table: Table, members: Members, rows: list[int]) -> None:
        self.counts = table.counts  # whose rows they are
        self.placed = table.placed
        self.read = _reader(rows, many=members.many)
        self.strangers = [place for place, row in enumerate(rows) if not row]
        self.columns: dict[tuple[str, ...], tuple[int, int, tuple[Column, ...]]] = {}
        self.counted = False


class Table:
    """Under the board's lock. ``placed`` is another number whenever somebody stands
    elsewhere, ``_state`` whenever a figure is another.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self.minutes = Minutes(ROWS), Minutes(ROWS)  # of requests, of tokens
        self.evidence = Evidence(ROWS)
        self.placed = 0
        self._wide = False
        self._rows: dict[str, int] = {}
        self._records: list[Record | None] = [None]
        self._free: list[int] = []
        self._figures: dict[str, array[float]] = {}
        self._state = 0
        self._changes: dict[str, int] = {}  # by figure
        self._marked: dict[int, Record] = {}  # by row
        self._due: list[tuple[float, int]] = []  # a heap: when to look at whose results again

    # Who stands where

    def begin(self, record: Record) -> None:
        """Give a new record a row."""
        if self._free:
            row = self._free.pop()
            self._records[row] = record
        else:
            row = len(self._records)
            self._records.append(record)
            if row == len(self.counts.under_way):
                self._grow()
        record.counts = self.counts
        record.row = self._rows[record.deployment.id] = row
        record.requests, record.tokens = [RowMinute(minutes, row) for minutes in self.minutes]
        self.counts.under_way[row] = 0
        self.placed += 1
        self.mark(record)

    def forget(self, record: Record) -> None:
        """Its row may be another's from now on."""
        row = self._rows.pop(record.deployment.id)
        self._marked.pop(row, None)
        self._records[row] = None
        self._free.append(row)
        for minutes in self.minutes:
            minutes.forget(row)
        self.evidence.forget(row)
        self.placed += 1

    def rows_of(self, members: Members) -> Rows:
        """Where a pool stands: remembered with it."""
        rows = members.kept
        if type(rows) is not Rows or rows.counts is not self.counts or rows.placed != self.placed:
            known = self._rows
            rows = members.kept = Rows(self, members, [known.get(d.id, 0) for d in members.pool])
        return rows

    # Figures

    def in_flight_of(self, members: Members) -> Column:
        """Requests under way."""
        if members.many and not self._wide:
            self._widen()
        return self.rows_of(members).read(self.counts.under_way)

    def minutes_of(self, members: Members, now: float) -> tuple[Column, Column]:
        """Requests and tokens of the last minute."""
        if members.many and not self._wide:
            self._widen()
        for minutes in self.minutes:
            if now >= minutes.second + 1:
                minutes.advance(now)
        read, (requests, tokens) = self.rows_of(members).read, self.minutes
        return read(requests.totals), read(tokens.totals)

    def evidence_of(self, task: str, members: Members, now: float) -> Known | None:
        """What came of one kind of task; None if nothing is known of it."""
        kind = self.evidence.of(task)
        if kind is None:
            return None
        read = self.rows_of(members).read
        return Known(read(kind.good), read(kind.bad), kind.unit(now), self.evidence.enough(now))

    def mark(self, record: Record) -> None:
        """It has new results, or none any more. Who was forgotten is looked at by nobody."""
        if not record.marked and self._records[record.row] is record:
            record.marked = True
            self._marked[record.row] = record

    def results_of(self, members: Members, names: tuple[str, ...], now: float) -> tuple[Column, ...]:
        """The same tuple as long as nothing has changed."""
        if self._marked or (self._due and self._due[0][0] <= now):
            self._renew(now)
        rows = self.rows_of(members)
        known = rows.columns.get(names)
        if known is not None and known[0] == self._state:
            return known[2]
        changes = sum([self._changes.get(name, 0) for name in names])
        if known is not None and known[1] == changes:
            columns = known[2]  # what has changed is not asked about
        else:
            columns = tuple([rows.read(self._figures.get(name) or self._begin(name)) for name in names])
        rows.columns[names] = self._state, changes, columns
        return columns

    def _renew(self, now: float) -> None:
        """Bring rows up to date."""
        marked, due = self._marked, self._due
        while due and due[0][0] <= now:
            record = self._records[heappop(due)[1]]
            if record is not None and record.due <= now:
                record.due = math.inf
                self.mark(record)
        for record in marked.values():
            record.marked = False
            self._look_at(record, now)
        marked.clear()

    def _look_at(self, record: Record, now: float) -> None:
        results = record.results
        results.renew(now)
        if results.made != record.written:
            record.written = results.made
            self._write(record, self._figures)
            self._state += 1
        if results.due < record.due:
            record.due = results.due
            heappush(self._due, (results.due, record.row))

    def _write(self, record: Record, figures: dict[str, array[float]]) -> None:
        results = record.results
        for name, column in figures.items():
            if name == "samples":
                found: float | None = results.samples
            elif name == "success_rate":
                found = results.success_rate
            elif name == "trust":
                found = trust_in(results.success_rate, results.samples)
            else:
                found = results.figure(name)
            figure = math.inf if found is None else found
            if column[record.row] != figure:
                column[record.row] = figure
                self._changes[name] = self._changes.get(name, 0) + 1

    def _begin(self, name: str) -> array[float]:
        """A figure is looked after from the first time that somebody asks for it."""
        column = self._figures[name] = array("d", [UNSEEN.figure(name)]) * len(self.counts.under_way)
        for record in self._records:
            if record is not None:
                self._write(record, {name: column})
        return column

    def _widen(self) -> None:
        """From now on numpy is to read what is counted. Until then a list is, for that counts in less time."""
        self._wide = True
        self.counts.under_way = array("q", self.counts.under_way)
        for minutes in self.minutes:
            minutes.totals = array("q", minutes.totals)

    def _grow(self) -> None:
        """Twice the rows."""
        size = len(self.counts.under_way)
        for counts in (self.counts.under_way, *[minutes.totals for minutes in self.minutes]):
            counts.extend([0] * size)
        self.evidence.grow(2 * size)
        for column in self._figures.values():
            column.extend(column[:1] * size)


def _reader(rows: list[int], *, many: bool) -> Callable[[Any], Column]:
    """Reads these rows of a column."""
    if many:
        import numpy as np  # noqa: PLC0415  see model/members.py

        places = np.array(rows)
        return lambda column: np.frombuffer(column, dtype=column.typecode).take(places)
    if len(rows) < 2:
        return lambda column: [column[row] for row in rows]
    return itemgetter(*rows)
