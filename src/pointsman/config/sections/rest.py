"""When a deployment is spared: cold ones at first requests, rate-limited ones, and those with many errors of late."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.config.failures import CLASSES, read_policy
from pointsman.config.findings import Path, Report
from pointsman.config.settings import RestSettings, WarmSettings, WatchSettings
from pointsman.config.shapes import (
    BreakerSection,
    ErrorBasedSection,
    FirstRequestSection,
    HealthCheckSection,
    RateLimitedSection,
)
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.rest import NEVER, Allowed, Changes, HealthCheck

WARM = "prefer_warm_providers"

USUAL_THRESHOLD = 3
"""Errors of ``error_based_routing`` if it says no number."""

SUFFIX = "AllowedFails"
"""What LiteLLM puts behind the classes of a policy of failures that are borne."""

HELD = tuple(kind for kind, consequence in CONSEQUENCES.items() if consequence.counts)
"""What is held against somebody unless it is borne."""

LITELLM_INTERVAL = 300.0
"""Seconds between two health checks, unless LiteLLM is told another number."""

METRICS = (
    "routing_decision_time_ms",
    "exact_match_rate",
    "pattern_match_rate",
    "fallback_trigger_rate",
    "provider_distribution",
    "load_balance_effectiveness",
    "cache_hit_rate",
)
"""``routing_metrics`` may list these; all of them are always measured."""


def read_warm(section: FirstRequestSection | None, report: Report) -> WarmSettings | None:
    """None if warm deployments are not to be preferred."""
    if section is None or not section.enabled:
        return None
    if section.strategy not in (None, WARM):
        report.unknown("error", section.place("strategy"), "unknown strategy {}", section.strategy, (WARM,), WARM)
    usual, wait = WarmSettings(), section.warm_check_timeout_ms
    return WarmSettings(
        usual.timeout if wait is None else wait / 1000,
        usual.idle_reset if section.idle_reset is None else section.idle_reset,
    )


def read_rest(limited: RateLimitedSection | None, errors: ErrorBasedSection | None) -> RestSettings:
    """Both sections together."""
    usual = RestSettings()
    duration = limited.fallback_duration_seconds if limited is not None and limited.enabled else None
    if errors is None or not errors.enabled:
        return RestSettings(duration)
    threshold = USUAL_THRESHOLD if errors.error_threshold is None else errors.error_threshold
    return RestSettings(duration, threshold, errors.cooldown_seconds or usual.error_window)


def read_allowed(
    policy: Mapping[str, int | None] | None, path: Path, report: Report, fails: int | None = None
) -> tuple[Allowed, ...]:
    """The failures a minute that are borne: of each class in the policy, counted together, and of all others."""
    numbers = read_policy(policy or {}, SUFFIX, HELD, path, report)
    classes = {kind: name for name, kinds in CLASSES.items() for kind in kinds}
    together: dict[tuple[str, int], list[FailureKind]] = {}
    for kind, number in numbers.items():
        together.setdefault((classes.get(kind, kind.value), number), []).append(kind)
    found = [Allowed(number, frozenset(kinds)) for (_, number), kinds in together.items()]
    return (*found, *(() if fails is None else (Allowed(fails),)))


def read_breaker(section: BreakerSection | None, cooldown_time: float | None = None) -> Changes:
    """What is different for a circuit breaker. A ``cooldown_time`` of 0 means that nothing but the upstream's own word
    is a rest, so without a word on the breaker there is none.
    """
    if section is None:
        return NEVER if cooldown_time == 0 else ()
    return tuple(section.model_dump(exclude_none=True).items())


def read_check(section: HealthCheckSection | None) -> HealthCheck | None:
    """None if it is not asked whether it is up."""
    if section is None:
        return None
    usual = HealthCheck()
    return HealthCheck(section.endpoint, section.interval or usual.every, section.timeout or usual.timeout)


def read_watch(enabled: bool | None, interval: float | None) -> WatchSettings:
    """LiteLLM's switch is for all providers."""
    return WatchSettings(check=HealthCheck(every=interval or LITELLM_INTERVAL) if enabled else None)


def check_metrics(names: list[str], report: Report) -> None:
    """Tell of metrics that nobody has."""
    for index, name in enumerate(names):
        if name not in METRICS:
            report.unknown("warning", ("routing_metrics", index), "there is no metric {}", name, METRICS)
