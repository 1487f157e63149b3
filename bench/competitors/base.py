"""What the bench must know of a competitor: how to install it, start it and address it. No measuring here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

# Strong on purpose: some gateways take a weaker path, or refuse to start, with a well-known key.
MASTER_KEY = "sk-bench-7Qv2nXc9LrT4wZk8HsYp3Jd6Mf1Ga5Ue"
UPSTREAM_KEY = "sk-upstream-4f9a1c7e2b8d"


class CannotInstallError(Exception):
    """The competitor is not to be had here; the message is the reason the report prints."""


class Place(msgspec.Struct, frozen=True):
    """Where one instance runs: its ports, the upstream's address, a scratch folder, the cache."""

    port: int
    metrics_port: int
    upstream: str
    folder: Path
    cache: Path


class Competitor:
    """The defaults of the table's rows. ``ready_seconds`` bounds the wait for the first correct answer."""

    name: str = ""
    rust: bool = False
    ready_seconds: float = 60.0

    def install(self, cache: Path) -> str:
        """Makes it runnable and returns its version; raises CannotInstallError with the reason."""
        raise NotImplementedError

    def command(self, place: Place) -> list[str]:
        """The command that serves on ``place.port``; writes what files it needs into ``place.folder``."""
        raise NotImplementedError

    def environment(self, place: Place) -> dict[str, str]:
        del place
        return {}

    def headers(self, place: Place) -> dict[str, str]:
        """What a caller sends besides the content type."""
        del place
        return {"authorization": f"Bearer {MASTER_KEY}"}
