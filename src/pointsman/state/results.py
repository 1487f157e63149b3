"""What a deployment's last results come to: a window of results, older ones weighing less, and figures made of them.

Adding a result is one append. Figures are made when somebody asks, from ten new results on or when they are a minute
old; only ``peak`` is brought up to date for every new result. Time is an argument; one that steps back ages nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice

import msgspec

from pointsman.model.view import UNSEEN, Glance, Standing, trust_in
from pointsman.state.ordered import Ordered

MOST = 100
"""Results of a deployment that are kept."""

HALF_LIFE = 600.0
"""Seconds after which a result weighs half."""

LONGEST = 3600.0
"""Seconds after which a result is forgotten: who had none since then is unseen again, and worth another try."""

EVERY = 10
"""New results that make new figures; while there are fewer altogether, each does."""

RENEWED = 60.0
"""Seconds after which figures are made anew though little has happened."""

TICK = 1.0
"""Seconds for which ``peak`` is not worth working out again when nothing has happened."""

DECAY = 60.0
"""Seconds in which ``peak`` falls to 1/e. Linkerd's 10 s are meant for answers that take milliseconds."""

FAR = 100 * HALF_LIFE
"""Seconds after which weights are measured from a new beginning: they double every half-life, and floats end."""


class Result(msgspec.Struct, frozen=True, gc=False):
    """One request: when it ended and whether it delivered. ``seconds`` to the end of the answer, ``first_token`` to a
    stream's first content, ``tokens`` of the answer. Of failures only a time-out has ``seconds``: those it waited; and
    some are ``borne``, by an allowance.
    """

    ended: float
    seconds: float | None = None
    first_token: float | None = None
    tokens: int = 0
    delivered: bool = True
    borne: bool = False


class Results:
    """Those of one deployment. Calls must not overlap: the scoreboard's lock sees to it.

    Old results do not lose weight, new ones have more (forward decay, Cormode 2009): who came in an hour later counts
    64 times, and nothing needs to be weighed again as time goes by. So figures change with results alone, those that
    come and those that are forgotten. ``made`` is another number whenever they have. ``samples`` and ``success_rate``
    are figures of ``model.view.Standing``; the others are worked out for who asks, and kept up from then on.
    """

    __slots__ = (
        "_begun", "_expire", "_failed", "_figures", "_glance", "_glanced", "_kept", "_made", "_new", "_newest",
        "_ordered", "_peak", "_standing", "_until", "_unused", "_weights", "add", "made", "samples", "success_rate",
    )  # fmt: skip

    def __init__(self) -> None:
        self._new: deque[Result] = deque(maxlen=MOST)  # nobody looked at them yet
        self.add = self._new.append
        self.made = 0
        self.clear()

    def clear(self) -> None:
        self._new.clear()
        self._kept: deque[Result] = deque()
        self._weights: deque[float] = deque()
        self._failed: deque[float] = deque()  # weights of failures
        self._ordered: dict[str, Ordered] = {}
        self._begun = 0.0  # when a result weighs 1
        self._newest = -math.inf
        self._unused = 0  # of those looked at, how many the figures do not contain
        self.samples, self.success_rate = 0, 1.0
        self._figures: dict[str, float | None] = {}
        self._made = -math.inf
        self._expire = math.inf
        self._peak = Peak()
        self._standing, self._until = UNSEEN, -math.inf
        self._glance, self._glanced = Glance(0, 1.0, None), -math.inf
        self.made += 1

    def __len__(self) -> int:
        return min(len(self._kept) + len(self._new), MOST)

    def __iter__(self) -> Iterator[Result]:
        """Those that are kept, the oldest first."""
        return islice(chain(self._kept, self._new), max(len(self._kept) + len(self._new) - MOST, 0), None)

    def since(self, moment: float) -> tuple[int, int]:
        """How many delivered and how many failed after that moment, of those that are kept; without those borne."""
        self._look()
        good = bad = 0
        for result in reversed(self._kept):
            if result.ended <= moment:
                break
            if result.delivered:
                good += 1
            elif not result.borne:
                bad += 1
        return good, bad

    @property
    def due(self) -> float:
        """When figures are to be made anew if nothing else happens."""
        return self._made + RENEWED if self._new or self._unused else self._expire

    def renew(self, now: float) -> None:
        """Make figures anew if it is time."""
        new = len(self._new)
        pending = new + self._unused
        if pending:
            few = len(self._kept) + new < EVERY
            if few or pending >= EVERY or now >= self._made + RENEWED:
                self._make(now)
        elif now >= self._expire:
            self._make(now)

    def figure(self, name: str) -> float | None:
        """``latency``, ``first_token`` or ``per_token``; None where there are no such results."""
        if name not in self._figures:
            self._figures[name] = self._ordering(name).at(MEASURES[name][1])
        return self._figures[name]

    def glance(self, now: float) -> Glance:
        """What costs least to know. The same object as long as nothing happens, for ``TICK``."""
        if not self._new and now < self._glanced:
            return self._glance
        self.renew(now)
        self._look()
        self._glance = Glance(self.samples, trust_in(self.success_rate, self.samples), self._peak.at(now))
        self._glanced = now + TICK
        return self._glance

    def standing(self, now: float) -> Standing:
        """All figures. The same object as long as nothing happens, for ``TICK``."""
        if not self._new and now < self._until:
            return self._standing
        self.renew(now)
        self._look()
        if not self._kept:
            return UNSEEN
        self._until = now + TICK
        self._standing = Standing(
            self.samples,
            self.success_rate,
            self.figure("latency"),
            self.figure("first_token"),
            self.figure("per_token"),
            self._peak.at(now),
        )
        return self._standing

    def _look(self) -> None:
        """Take note of what has come since the last time."""
        new = self._new
        if new:
            self._until = self._glanced = -math.inf
            self._unused += len(new)
        while new:
            result = new.popleft()
            self._peak.observe(result)
            self._keep(result)

    def _keep(self, result: Result) -> None:
        if len(self._kept) == MOST:
            self._drop()
        newest = self._newest = max(self._newest, result.ended)
        if not self._kept:
            self._begun = newest
        elif newest - self._begun > FAR:
            self._begin_at(newest)
        weight = math.exp2((newest - self._begun) / HALF_LIFE)
        self._kept.append(result)
        self._weights.append(weight)
        if not result.delivered:
            self._failed.append(weight)
        for name, ordered in self._ordered.items():
            value = MEASURES[name][0](result)
            if value is not None:
                ordered.add(value, weight)

    def _drop(self) -> None:
        """Forget the oldest."""
        result, weight = self._kept.popleft(), self._weights.popleft()
        if not result.delivered:
            self._failed.popleft()
        for name, ordered in self._ordered.items():
            value = MEASURES[name][0](result)
            if value is not None:
                ordered.drop(value, weight)

    def _begin_at(self, moment: float) -> None:
        """Measure weights from there."""
        part = math.exp2((self._begun - moment) / HALF_LIFE)
        self._weights = deque([weight * part for weight in self._weights])
        self._failed = deque([weight * part for weight in self._failed])
        self._ordered.clear()
        self._begun = moment

    def _make(self, now: float) -> None:
        self._look()
        kept = self._kept
        while kept and now - kept[0].ended > LONGEST:
            self._drop()
        if not kept:
            self.clear()
            return
        self.made += 1
        self._unused, self._made = 0, now
        self._expire = max(kept[0].ended + LONGEST, now + RENEWED)
        self.samples = len(kept)
        self.success_rate = 1.0 - sum(self._failed) / sum(self._weights) if self._failed else 1.0
        self._figures.clear()

    def _ordering(self, name: str) -> Ordered:
        ordered = self._ordered.get(name)
        if ordered is None:
            value_of = MEASURES[name][0]
            pairs = zip(map(value_of, self._kept), self._weights, strict=True)
            ordered = self._ordered[name] = Ordered((value, weight) for value, weight in pairs if value is not None)
        return ordered


def _latency(result: Result) -> float | None:
    return result.seconds if result.delivered else None


def _first_token(result: Result) -> float | None:
    return result.first_token if result.delivered else None


def _per_token(result: Result) -> float | None:
    seconds, tokens = result.seconds, result.tokens
    return seconds / tokens if result.delivered and seconds is not None and tokens else None


MEASURES: dict[str, tuple[Callable[[Result], float | None], float]] = {
    "latency": (_latency, 0.5),
    "first_token": (_first_token, 0.95),
    "per_token": (_per_token, 0.5),
}
"""Figures that are quantiles of a value that results may have: the value, and the share of the weight."""


class Peak:
    """Peak EWMA, as Finagle and Linkerd have it: what is slower than the average counts in full at once, what is faster
    brings it down bit by bit, and so does time. A stream's time is that to its first content. A time-out counts like an
    answer that is slower than the average, other failures not at all: who refuses quickly is not quick.
    """

    __slots__ = ("_stamp", "_value")

    def __init__(self) -> None:
        self._value: float | None = None
        self._stamp = 0.0

    def observe(self, result: Result) -> None:
        seconds = result.seconds if result.first_token is None else result.first_token
        if seconds is None:
            return
        if self._value is None or seconds >= self._value:
            self._value = seconds
        elif result.delivered:
            share = self._share(result.ended)
            self._value = self._value * share + seconds * (1.0 - share)
        else:
            return
        self._stamp = max(result.ended, self._stamp)

    def at(self, now: float) -> float | None:
        """Seconds; None if nothing was observed yet."""
        return None if self._value is None else self._value * self._share(now)

    def _share(self, now: float) -> float:
        """What is left of the past by now."""
        return math.exp(-max(now - self._stamp, 0.0) / DECAY)
