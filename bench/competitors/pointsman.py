"""Pointsman, as a user starts it: key check, decision, metrics, usage and decision record all on."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from competitors import config
from competitors.base import CannotInstallError, Competitor, Place


class Pointsman(Competitor):
    """Runs from the environment that runs the bench."""

    name = "pointsman"
    _script = Path(sys.executable).with_name("pointsman")

    def install(self, cache: Path) -> str:
        del cache
        if not self._script.exists():
            raise CannotInstallError(f"{self._script.name} is not installed beside {Path(sys.executable).name}")
        return importlib.metadata.version("pointsman")

    def command(self, place: Place) -> list[str]:
        file = config.write(place)
        return [str(self._script), "serve", "--config", str(file), "--port", str(place.port)]
