"""The shape of the routing configuration's sections: rules, capabilities, sizes, shares, strategies, chains, rests.

Models only; the files of ``sections/`` say what the values mean. ``schema.py`` lists them among all sections.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from pointsman.config import litellm
from pointsman.config.section import (
    Milliseconds,
    Name,
    Names,
    OrText,
    Part,
    Pause,
    Place,
    Positive,
    Retries,
    Seconds,
    Section,
    Share,
    Size,
    Text,
    Whole,
    not_bool,
)

_ENDPOINT = {"path": "endpoint"}

RANKS = (
    "primary", "secondary", "tertiary", "quaternary", "quinary", "senary", "septenary", "octonary", "nonary", "denary",
)  # fmt: skip
"""Words that stand for ``provider`` in a chain. The order is that of the list, whatever they say."""

_FACTORS = {"type": "object", "additionalProperties": {"type": "number"}}
Factors = Annotated[Any, WithJsonSchema({"anyOf": [_FACTORS, {"type": "array", "items": _FACTORS}]})]
"""``{latency: 0.4}`` or ``[{latency: 0.4}]``; read by ``sections/balancing.py``, which tells the exact place."""


class MetadataSection(Section):
    provider: Name
    condition: Text
    description: Text | None = None


class CapabilitySection(Section):
    preferred_models: Names | None = None
    provider: Name | None = None
    providers: Names | None = None
    min_model_size: Size | None = None
    min_context: Positive | None = None
    fallback: Name | None = None
    routing_strategy: Name | None = None
    description: Text | None = None


class SizeSection(Section):
    size: Name
    provider: Name
    fallback: Name | None = None
    reason: Text | None = None


class ShareSection(Section):
    SHORT = "provider"

    provider: Name
    weight: Share | None = None


class RedundantSection(Section):
    providers: list[Annotated[ShareSection, OrText()]]
    description: Text | None = None


class StrategySection(Section):
    applicable_to: Names | None = None
    weight_factors: Factors = None
    literal: bool | None = None
    measure: Name | None = None
    buffer: Share | None = None
    description: Text | None = None


class StrategyArgsSection(Section):
    """LiteLLM's figures for the strategy that ``routing_strategy`` names."""

    LATER = litellm.ARGS_LATER
    INSTEAD = litellm.ARGS_INSTEAD

    lowest_latency_buffer: Share | None = None
    ttl: Seconds | None = None
    max_latency_list_size: Positive | None = None
    ttft_percentile: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), BeforeValidator(not_bool)] | None = None


class MemberSection(Section):
    SHORT = "provider"
    SPELLINGS = dict.fromkeys(RANKS, "provider")

    provider: Name
    preferred_model: Name | None = None
    condition: Text | None = None
    description: Text | None = None


class ChainSection(Section):
    chain: list[Annotated[MemberSection, OrText()]]
    retry_attempts: Retries | None = None
    retry_delay_ms: Milliseconds | None = None
    description: Text | None = None


class FirstRequestSection(Section):
    strategy: Name | None = None
    warm_check_timeout_ms: Milliseconds | None = None
    idle_reset: Seconds | None = None
    enabled: bool = True
    description: Text | None = None


class RateLimitedSection(Section):
    fallback_duration_seconds: Pause | None = None
    enabled: bool = True
    description: Text | None = None


class BreakerSection(Section):
    """Of a circuit breaker, by the names of BreakerSettings."""

    threshold: Whole | None = None
    adaptive: bool | None = None
    rate: Part | None = None
    window: Seconds | None = None
    min_calls: Positive | None = None
    open: Seconds | None = None
    longest: Seconds | None = None
    jitter: Part | None = None
    half_open_requests: Positive | None = None
    success_threshold: Positive | None = None
    slow_start: Pause | None = None


class HealthCheckSection(Section):
    SHORT = "endpoint"
    SPELLINGS = _ENDPOINT

    endpoint: Place | None = None
    interval: Seconds | None = None
    timeout: Seconds | None = None


class ErrorBasedSection(Section):
    error_threshold: Whole | None = None
    cooldown_seconds: Seconds | None = None
    enabled: bool = True
    description: Text | None = None
