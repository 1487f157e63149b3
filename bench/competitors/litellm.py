"""LiteLLM's proxy, one worker, its production mode, no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from competitors import config
from competitors.base import CannotInstallError, Competitor, Place
from competitors.install import from_pypi

if TYPE_CHECKING:
    from pathlib import Path

# The newest first; the next is taken where a package index does not have what the newest depends on.
VERSIONS = ("1.109.1", "1.106.0")


class LiteLLM(Competitor):
    """The measured version is in the report, for it may not be the newest."""

    name = "litellm"
    ready_seconds = 120.0
    folder: Path

    def install(self, cache: Path) -> str:
        reasons = []
        for version in VERSIONS:
            try:
                self.folder = from_pypi(cache, "litellm[proxy]", version)
            except CannotInstallError as error:
                reasons.append(f"{version}: {error}")
            else:
                return version if not reasons else f"{version} ({'; '.join(reasons)})"
        raise CannotInstallError("; ".join(reasons))

    def command(self, place: Place) -> list[str]:
        program = str(self.folder / "bin" / "litellm")
        served = [
            "--host",
            "127.0.0.1",
            "--port",
            str(place.port),
            "--num_workers",
            "1",
            "--telemetry",
            "False",
        ]
        return [program, "--config", str(config.write(place)), *served]

    def environment(self, place: Place) -> dict[str, str]:
        del place
        return {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
