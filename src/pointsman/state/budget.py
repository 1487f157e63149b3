"""The retry budget: how many requests may be on a second try at the same time, at places that are failing already.

An outage is made worse by those who ask again. Retries that go to somebody in good standing cost nothing; the others
may be so many at a time, counted over all requests. Source: Envoy's ``retry_budget``.
"""

from __future__ import annotations


class RetryBudget:
    """Call under the board's lock. ``under_way`` counts the retries that were paid for and are not over."""

    __slots__ = ("_least", "_share", "under_way")

    def __init__(self, share: float = 0.2, least: int = 3) -> None:
        self.settle(share, least)
        self.under_way = 0

    def settle(self, share: float, least: int) -> None:
        """Go by these figures from now on: ``share`` of the requests under way, and at least ``least``."""
        self._share = share
        self._least = least

    def admits(self, active: int) -> bool:
        """Is there another one left, with so many requests under way?"""
        return self.under_way < max(self._least, int(self._share * active))

    def pay(self) -> None:
        self.under_way += 1

    def give_back(self) -> None:
        """A retry that was paid for is over."""
        self.under_way -= 1
