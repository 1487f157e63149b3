"""When a deployment is spared: cold ones at first requests, rate-limited ones, and those with many errors of late."""

from __future__ import annotations

from pointsman.config.findings import Report
from pointsman.config.settings import RestSettings, WarmSettings
from pointsman.config.shapes import ErrorBasedSection, FirstRequestSection, RateLimitedSection

WARM = "prefer_warm_providers"

USUAL_THRESHOLD = 3
"""Errors of ``error_based_routing`` if it says no number."""

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


def check_metrics(names: list[str], report: Report) -> None:
    """Tell of metrics that nobody has."""
    for index, name in enumerate(names):
        if name not in METRICS:
            report.unknown("warning", ("routing_metrics", index), "there is no metric {}", name, METRICS)
