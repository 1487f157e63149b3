"""How many failures of a deployment are borne within a minute before they are held against it."""

from __future__ import annotations

from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.rest import Allowed
from pointsman.state.window import Minute


class Allowance:
    """The counts of one deployment. Of several allowances the first that is for a kind counts it."""

    __slots__ = ("_allowed", "_counts")

    def __init__(self, allowed: tuple[Allowed, ...]) -> None:
        self._allowed: tuple[Allowed, ...] = ()
        self._counts: list[Minute] = []
        self.settle(allowed)

    def settle(self, allowed: tuple[Allowed, ...]) -> None:
        """Go by these from now on; failures are counted afresh if they are others."""
        if allowed != self._allowed:
            self._allowed = allowed
            self.reset()

    def reset(self) -> None:
        self._counts = [Minute() for _ in self._allowed]

    def beyond(self, now: float, kind: FailureKind, retry_after: float | None) -> bool | None:
        """Count a failure. True: it is one too many; False: it is borne; None: nothing is said of its kind.

        An allowance that names a kind has the last word on it. One for all kinds is for those that count, and not for
        an upstream that says itself that it wants to rest.
        """
        for allowed, count in zip(self._allowed, self._counts, strict=True):
            if kind in allowed.kinds or (not allowed.kinds and _usual(kind, retry_after)):
                count.add(now, 1)
                return count.total > allowed.fails
        return None


def _usual(kind: FailureKind, retry_after: float | None) -> bool:
    means = CONSEQUENCES[kind]
    return means.counts and not means.rests and not retry_after
