"""What a deployment's last results come to: a window of results, older ones weighing less, and figures made of them.

Adding a result is one append. Figures are made when somebody asks, from ten new results on or when they are a minute
old; only ``peak`` is brought up to date for every new result. Time is an argument; one that steps back ages nothing.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import takewhile

import msgspec

from pointsman.model.view import UNSEEN, Standing

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
    """Those of one deployment. Calls must not overlap: the scoreboard's lock sees to it."""

    __slots__ = ("_due", "_figures", "_kept", "_newest", "_peak", "_standing", "_until", "_unused", "add")

    def __init__(self) -> None:
        self._kept: deque[Result] = deque(maxlen=MOST)
        self.add = self._kept.append
        self.clear()

    def clear(self) -> None:
        self._kept.clear()
        self._newest: Result | None = None  # up to here they were looked at
        self._unused = 0  # of those looked at, how many the figures do not contain
        self._figures = self._standing = UNSEEN
        self._due = self._until = -math.inf
        self._peak = Peak()

    def __len__(self) -> int:
        return len(self._kept)

    def since(self, moment: float) -> tuple[int, int]:
        """How many delivered and how many failed after that moment, of those that are kept; without those borne."""
        good = bad = 0
        for result in reversed(self._kept):
            if result.ended <= moment:
                break
            if result.delivered:
                good += 1
            elif not result.borne:
                bad += 1
        return good, bad

    def standing(self, now: float) -> Standing:
        kept = self._kept
        if not kept:
            return UNSEEN
        if kept[-1] is self._newest and now < self._until:
            return self._standing
        self._look()
        if self._unused >= EVERY or (self._unused and len(kept) < EVERY) or now >= self._due:
            self._make_figures(now)
        self._until = now + TICK
        self._standing = msgspec.structs.replace(self._figures, peak=self._peak.at(now)) if kept else UNSEEN
        return self._standing

    def _look(self) -> None:
        """Take note of what has come since the last time."""
        newest = self._newest
        new = list(takewhile(lambda result: result is not newest, reversed(self._kept)))
        for result in reversed(new):
            self._peak.observe(result)
        self._unused += len(new)
        self._newest = self._kept[-1]

    def _make_figures(self, now: float) -> None:
        kept = self._kept
        while kept and now - kept[0].ended > LONGEST:
            kept.popleft()
        self._unused, self._due = 0, now + RENEWED
        if not kept:
            self.clear()
            return
        weighed = [(result, math.exp2(min(result.ended - now, 0.0) / HALF_LIFE)) for result in kept]
        good = [(result, weight) for result, weight in weighed if result.delivered]
        timed = [(r.seconds, weight) for r, weight in good if r.seconds is not None]
        begun = [(r.first_token, weight) for r, weight in good if r.first_token is not None]
        spoken = [(r.seconds / r.tokens, weight) for r, weight in good if r.seconds is not None and r.tokens]
        self._figures = Standing(
            len(kept),
            sum([weight for _, weight in good]) / sum([weight for _, weight in weighed]),
            quantile(timed, 0.5),
            quantile(begun, 0.95),
            quantile(spoken, 0.5),
        )


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


def quantile(weighed: list[tuple[float, float]], share: float) -> float | None:
    """The smallest value that at least ``share`` of the weight does not exceed; None of nothing."""
    if not weighed:
        return None
    values, weights = zip(*weighed, strict=True)
    order = sorted(range(len(values)), key=values.__getitem__)  # several times as fast as sorting pairs
    enough = share * sum(weights)
    for index in order:
        enough -= weights[index]
        if enough <= 0.0:
            break
    return float(values[index])
