"""Which models Ollama holds in memory, and until when. Time comes from the scene's clock; no timer runs."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL_KEEP_ALIVE = 300.0
"""Seconds."""

_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def read_keep_alive(value: Any) -> float:
    """Seconds to keep a model: a number of seconds, a Go duration (``5m``, ``1h30m``), negative for ever.

    Raises ValueError for anything else.
    """
    if value is None:
        return USUAL_KEEP_ALIVE
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no duration")  # noqa: TRY004 - the caller knows one error, a bad value
    if isinstance(value, int | float):
        return math.inf if value < 0 else float(value)
    found = _DURATION.findall(value)
    if "".join(number + unit for number, unit in found) != value or not found:
        raise ValueError(f"{value!r} is no duration")
    seconds = math.fsum(float(number) * _SECONDS[unit] for number, unit in found)
    return math.inf if seconds < 0 else seconds


class Memory:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def use(self, model: str, keep_alive: float) -> bool:
        """Load a model or keep it longer; whether it had to be loaded. 0 unloads it."""
        cold = model not in self.loaded()
        if keep_alive == 0:
            self._until.pop(model, None)
        else:
            self._until[model] = self._clock() + keep_alive
        return cold

    def loaded(self) -> dict[str, float]:
        """Models in memory and when each will leave, in seconds since the epoch; infinity for never."""
        now = self._clock()
        self._until = {model: until for model, until in self._until.items() if until > now}
        return dict(self._until)
