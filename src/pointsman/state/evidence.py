"""Who did what kind of task well: successes and failures of each deployment by what they were about. Older ones weigh
less, and that costs nothing: a result weighs twice as much as one a half-life before it, so nothing that is kept has to
be touched (forward decay: Cormode, Shkapenyuk, Srivastava and Xu 2009). Time is an argument.
"""

from __future__ import annotations

from array import array

from pointsman.state.adaptive_thresholds import ErrorRate, results_that_tell

HALF_LIFE = 86_400.0
"""Seconds after which a result weighs half: what a model is good at changes with its version, not with the hour."""

MOST_TASKS = 256
"""Kinds of task; one more, and the one that was heard of first is forgotten."""

LARGEST = 2.0**60
"""Weight of a result at which all are made lighter."""

ENOUGH = 5
"""Results that make evidence, where that does not follow the error rate."""


class Kind:
    """Amounts by row of the table. ``unit`` is what a result weighed when one was last added."""

    __slots__ = ("bad", "epoch", "good")

    def __init__(self, rows: int, now: float) -> None:
        self.good = array("d", bytes(8 * rows))
        self.bad = array("d", bytes(8 * rows))
        self.epoch = now

    def unit(self, now: float) -> float:
        """What a result of now weighs."""
        return float(2.0 ** ((now - self.epoch) / HALF_LIFE))

    def begin_anew(self, now: float) -> None:
        """The same amounts, in weights of now."""
        lighter = 1.0 / self.unit(now)
        self.good = array("d", [amount * lighter for amount in self.good])
        self.bad = array("d", [amount * lighter for amount in self.bad])
        self.epoch = now


class Evidence:
    """Of the rows of one table. ``adaptive``: how much is enough follows the error rate of all."""

    def __init__(self, rows: int) -> None:
        self.adaptive = False
        self._errors = ErrorRate()
        self._rows = rows
        self._kinds: dict[str, Kind] = {}

    def add(self, task: str, row: int, good: float, bad: float, now: float) -> None:
        """So many results of one kind, as of now or of some time before."""
        kind = self._kinds.get(task)
        if kind is None:
            if len(self._kinds) >= MOST_TASKS:
                del self._kinds[next(iter(self._kinds))]
            kind = self._kinds[task] = Kind(self._rows, now)
        weight = kind.unit(now)
        if weight > LARGEST:
            kind.begin_anew(now)
            weight = 1.0
        if good:
            kind.good[row] += good * weight
        if bad:
            kind.bad[row] += bad * weight
        if self.adaptive:
            self._errors.add(now, int(good), int(bad))

    def of(self, task: str) -> Kind | None:
        """None if nothing is known of such tasks."""
        return self._kinds.get(task)

    def row(self, row: int) -> dict[str, tuple[float, float, float]]:
        """What is known of one deployment: successes and failures by kind, in results of the moment that is told."""
        return {
            task: (kind.good[row], kind.bad[row], kind.epoch)
            for task, kind in self._kinds.items()
            if kind.good[row] or kind.bad[row]
        }

    def enough(self, now: float) -> int:
        """Results of the best that make it worth going by."""
        return results_that_tell(self._errors.at(now)) if self.adaptive else ENOUGH

    def grow(self, rows: int) -> None:
        more = bytes(8 * (rows - self._rows))
        for kind in self._kinds.values():
            kind.good, kind.bad = kind.good + array("d", more), kind.bad + array("d", more)
        self._rows = rows

    def forget(self, row: int) -> None:
        """The row will be somebody else's."""
        for kind in self._kinds.values():
            kind.good[row] = kind.bad[row] = 0.0

    def clear(self) -> None:
        self._kinds.clear()
        self._errors = ErrorRate()
