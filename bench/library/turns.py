"""A rival in a process of its own, awake only when asked: a request in JSON a line on stdin, an answer on stdout.

    {"strategy": "round robin", "models": 10, "seconds": 0.1}    -> {"route": 0.4, "record": 0.3}
    {"strategy": "round robin", "tasks": 5000, "seed": 1}        -> {"success": 0.8, "refused": 0.0, "seconds": 1.9}

The first line that it writes names its version and strategies. Standard library only.
"""

from __future__ import annotations

import importlib
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from library import stopwatch, world
from library.rivals import MODULES

if TYPE_CHECKING:
    from types import ModuleType


class Rival:
    """What was built for a turn is kept for the next."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._built: dict[tuple[str, int], Any] = {}

    def timed(self, strategy: str, models: int, seconds: float) -> dict[str, float]:
        """One turn of about so many seconds."""
        key = (strategy, models)
        if key not in self._built:
            route, report = self._module.steps(strategy, models)
            self._built[key] = (route, report, stopwatch.calls_within(seconds, route, report))
        routing, reporting = stopwatch.calmest(partial(stopwatch.pairs, *self._built[key]))
        return {"route": round(routing, 3), "record": round(reporting, 3)}

    def lived(self, strategy: str, tasks: int, seed: int) -> dict[str, float]:
        """One simulated life."""
        return world.lived(partial(self._module.chooser, strategy), tasks, seed)._asdict()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """An error is an answer too."""
        try:
            return self.timed(**asked) if "models" in asked else self.lived(**asked)
        except Exception as error:  # noqa: BLE001 - told in the report
            return {"error": f"{type(error).__name__}: {error}"[:200]}


def main(name: str) -> None:
    """Ends with its stdin. Whatever a rival prints goes to stderr."""
    sink, sys.stdout = sys.stdout, sys.stderr
    module = importlib.import_module(MODULES[name])
    rival = Rival(module)
    print(json.dumps({"version": module.VERSION, "strategies": module.STRATEGIES}), file=sink, flush=True)
    for line in sys.stdin:
        print(json.dumps(rival.answer(json.loads(line))), file=sink, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
