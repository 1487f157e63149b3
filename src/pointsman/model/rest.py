"""When a deployment rests, as the configuration may say it: of all, of a provider, of one deployment."""

from __future__ import annotations

import msgspec

from pointsman.model.outcome import FailureKind

Changes = tuple[tuple[str, float], ...]
"""Fields of BreakerSettings that are others at a provider or a deployment, with their values."""


class BreakerSettings(msgspec.Struct, frozen=True, gc=False):
    """When a circuit breaker opens, for how long, and what follows. Times are seconds.

    ``threshold`` failures in a row open it (0: any number is borne), and so does a share of successes below ``rate``
    within the last ``window``, from ``min_calls`` calls on (rate 0: any share is borne); with both at 0 it never opens.
    It is open for ``open``, twice as long each further time, for ``longest`` at most, give or take ``jitter`` (0..1).
    Then ``half_open_requests`` may pass at a time, and ``success_threshold`` successes close it. When it has closed
    the deployment's share grows from a tenth to the whole within ``slow_start`` (0: at once). ``adaptive``: the
    threshold follows the error rate that is usual.
    """

    threshold: int = 5
    rate: float = 0.8
    window: float = 30.0
    min_calls: int = 5
    open: float = 5.0
    longest: float = 300.0
    jitter: float = 0.2
    slow_start: float = 30.0
    success_threshold: int = 1
    half_open_requests: int = 1
    adaptive: bool = False

    @property
    def never(self) -> bool:
        """It never opens."""
        return not self.threshold and not self.rate

    def changed(self, *changes: Changes) -> BreakerSettings:
        """The same with these changes, of which a later one counts more."""
        fields = {name: value for each in changes for name, value in each}
        return msgspec.structs.replace(self, **fields) if fields else self


NEVER: Changes = (("threshold", 0), ("rate", 0.0))
"""The breaker never opens."""


class HealthCheck(msgspec.Struct, frozen=True, gc=False):
    """A provider is asked whether it is up ``every`` so many seconds, each time for ``timeout`` of them, at ``path``
    below its base URL (None: where its kind says so).
    """

    path: str | None = None
    every: float = 10.0
    timeout: float = 5.0


class Allowed(msgspec.Struct, frozen=True):
    """``fails`` failures a minute are borne: of these ``kinds``, or of all that count where none are named."""

    fails: int
    kinds: frozenset[FailureKind] = frozenset()
