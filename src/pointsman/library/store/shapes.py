"""What a store is to those who use one."""

from __future__ import annotations

from typing import Protocol

from pointsman.library.store.snapshot import Snapshot


class Store(Protocol):
    """Safe to call from any thread; a call may take its time. ``name`` says where it is, without a password."""

    name: str

    def load(self) -> Snapshot | None:
        """What was saved last; None if nothing was. Raises StoreFailed."""
        ...

    def save(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Write what has changed since the last save, all of it or nothing. Models that were saved from here and are
        not in the snapshot any more are removed; those of others stay. Raises StoreFailed.

        Returns the ids of models whose figures can't be kept; what was kept of them before stays.
        """
        ...

    def close(self) -> None: ...
