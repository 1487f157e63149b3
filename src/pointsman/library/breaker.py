"""When a model is left out: the router's circuit breaker, in the library's words."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from pointsman.errors import Misuse
from pointsman.library.numbers import count, seconds
from pointsman.model.rest import BreakerSettings


class CircuitBreakerConfig(msgspec.Struct, frozen=True):
    """``failure_threshold`` failures in a row open it. After ``timeout`` (seconds, or a timedelta) it is half-open:
    ``half_open_requests`` tasks at a time may try, ``success_threshold`` successes close it, one failure reopens it.

    Raises Misuse for what can't be meant.
    """

    failure_threshold: int = 5
    success_threshold: int = 3
    timeout: float | timedelta = 30.0
    half_open_requests: int = 2

    def __post_init__(self) -> None:
        for name in ("failure_threshold", "success_threshold", "half_open_requests"):
            msgspec.structs.force_setattr(self, name, count(getattr(self, name), name, least=1))
        if seconds(self.timeout, "timeout") <= 0.0:
            raise Misuse("timeout must be more than 0 seconds", param="timeout")

    def settings(self, *, adaptive: bool = False) -> BreakerSettings:
        """The same in the core's words: always open equally long, and back at once with a whole share. ``adaptive``:
        its threshold follows the error rate that is usual.
        """
        open_for = seconds(self.timeout, "timeout")
        return BreakerSettings(
            threshold=self.failure_threshold,
            rate=0.0,
            open=open_for,
            longest=open_for,
            jitter=0.0,
            slow_start=0.0,
            success_threshold=self.success_threshold,
            half_open_requests=self.half_open_requests,
            adaptive=adaptive,
        )
