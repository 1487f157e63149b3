"""The documents' shape: one pydantic model a section, one line in Document for each.

To act on one more section: a model, a line in Document, and its name out of ``litellm.TOP_LATER``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from pointsman.config import failures, litellm
from pointsman.config.section import (
    LARGEST,
    MOST_RETRIES,
    Aliases,
    Fallbacks,
    Name,
    Names,
    OrText,
    Part,
    Pause,
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
from pointsman.config.sections.content import SemanticSection, TaskSection
from pointsman.config.shapes import (
    BreakerSection,
    CapabilitySection,
    ChainSection,
    ErrorBasedSection,
    FirstRequestSection,
    HealthCheckSection,
    MetadataSection,
    RateLimitedSection,
    RedundantSection,
    SizeSection,
    StrategyArgsSection,
    StrategySection,
)

AllowedFails = Annotated[dict[str, Whole | None], WithJsonSchema(failures.said("AllowedFails", LARGEST))]
RetryPolicy = Annotated[dict[str, Retries | None], WithJsonSchema(failures.said("Retries", MOST_RETRIES))]
"""Retries by kind of failure; ``failures.py`` tells of kinds that there are not."""


class KeySection(Section):
    """One of several keys, or a file of them. ``name`` is what it is called where its text must not be told."""

    SHORT = "key"

    key: SecretStr | None = None
    file: str | None = None
    name: Name | None = None


Keys = list[Annotated[KeySection, OrText()]]


class LitellmParams(Section):
    """Where a deployment is, its limits, and any further key, which is carried to the provider in each request."""

    model_config = ConfigDict(extra="allow")
    LATER = litellm.PARAMS_LATER
    OPEN = True

    model: Name
    api_base: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    api_keys: Keys | None = None
    api_key_file: str | None = None
    api_version: Name | None = None
    aws_region_name: Name | None = None
    aws_access_key_id: SecretStr | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_profile_name: Name | None = None
    aws_bedrock_runtime_endpoint: str | None = None
    custom_llm_provider: Name | None = None
    tags: list[Name] | None = None
    tag_regex: list[str] | None = None
    weight: Share | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None
    max_parallel_requests: Positive | None = None
    timeout: Seconds | None = None
    first_token_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    num_retries: Retries | None = None
    max_retries: Retries | None = None
    cooldown_time: Pause | None = None
    order: Whole | None = None
    input_cost_per_token: Share | None = None
    output_cost_per_token: Share | None = None
    cache_read_input_token_cost: Share | None = None
    cache_creation_input_token_cost: Share | None = None
    cache_creation_input_token_cost_above_1hr: Share | None = None
    prefill: bool | None = None
    adaptive_concurrency: bool | None = None
    drop_params: bool | None = None
    additional_drop_params: list[Name] | None = None
    extra_body: dict[str, Any] | None = None


class ModelInfo(Section):
    """Free words about a model; these few are looked at."""

    model_config = ConfigDict(extra="allow")
    OPEN = True

    id: Name | None = None
    weight: Share | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None
    order: Whole | None = None
    enable_tag_filtering: bool | None = None
    size: Size | None = None
    context_window: Positive | None = None
    max_input_tokens: Positive | None = None
    max_tokens: Positive | None = None
    max_output_tokens: Positive | None = None
    input_cost_per_token: Share | None = None
    output_cost_per_token: Share | None = None
    cache_read_input_token_cost: Share | None = None
    cache_creation_input_token_cost: Share | None = None
    cache_creation_input_token_cost_above_1hr: Share | None = None
    supports_vision: bool | None = None
    supports_function_calling: bool | None = None
    prefill: bool | None = None
    supports_assistant_prefill: bool | None = None
    adaptive_concurrency: bool | None = None
    allowed_fails: Whole | None = None
    allowed_fails_policy: AllowedFails | None = None
    breaker: BreakerSection | None = None


class ModelEntry(Section):
    model_name: Name
    litellm_params: LitellmParams
    model_info: ModelInfo | None = None
    weight: Share | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None
    order: Whole | None = None


class ProviderSection(Section):
    SPELLINGS = {"type": "kind", "api_base": "base_url"}

    kind: Name | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    api_keys: Keys | None = None
    api_key_file: str | None = None
    api_version: Name | None = None
    aws_region_name: Name | None = None
    aws_access_key_id: SecretStr | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    aws_profile_name: Name | None = None
    aws_bedrock_runtime_endpoint: str | None = None
    default_model: Name | None = None
    models: list[Name] | None = None
    max_parallel_requests: Positive | None = None
    zone: Name | None = None
    watch_load: bool | None = None
    timeout: Seconds | None = None
    first_token_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    num_retries: Retries | None = None
    context_window: Positive | None = None
    max_output_tokens: Positive | None = None
    input_cost_per_token: Share | None = None
    output_cost_per_token: Share | None = None
    cache_read_input_token_cost: Share | None = None
    cache_creation_input_token_cost: Share | None = None
    cache_creation_input_token_cost_above_1hr: Share | None = None
    supports_vision: bool | None = None
    supports_function_calling: bool | None = None
    prefill: bool | None = None
    adaptive_concurrency: bool | None = None
    drop_params: bool | None = None
    breaker: BreakerSection | None = None
    health_check: Annotated[HealthCheckSection, OrText()] | None = None
    description: Text | None = None


class ExactSection(Section):
    SHORT = "provider"

    provider: Name
    model: Name | None = None
    fallback: Name | None = None
    chain: Name | None = None
    priority: Text | None = None
    description: Text | None = None


class PatternSection(Section):
    LATER = frozenset({"model"})

    pattern: str
    provider: Name
    fallback: Name | None = None
    chain: Name | None = None
    priority: Text | None = None
    description: Text | None = None


class RetryBudgetSection(Section):
    percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), BeforeValidator(not_bool)] | None = None
    min: Whole | None = None


class RouterSection(Section):
    LATER = litellm.ROUTER_LATER
    INSTEAD = litellm.ROUTER_INSTEAD

    routing_strategy: Name | None = None
    routing_strategy_args: StrategyArgsSection | None = None
    num_retries: Retries | None = None
    retry_policy: RetryPolicy | None = None
    model_group_retry_policy: dict[str, RetryPolicy | None] | None = None
    retry_budget: RetryBudgetSection | None = None
    retry_possibly_billed: bool | None = None
    timeout: Seconds | None = None
    first_token_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    allowed_fails: Whole | None = None
    allowed_fails_policy: AllowedFails | None = None
    cooldown_time: Pause | None = None
    disable_cooldowns: bool | None = None
    breaker: BreakerSection | None = None
    retry_after: Pause | None = None
    hedge_after: Seconds | Literal["p95"] | None = None
    hedge_share: Part | None = None
    queue_size: Whole | None = None
    queue_timeout: Pause | None = None
    mid_stream: Literal["resume", "error"] | None = None
    enable_mid_stream_fallback_continuation: bool | None = None
    stream_keepalive: Seconds | None = None
    fallbacks: Fallbacks = None
    default_fallbacks: list[Name] | None = None
    context_window_fallbacks: Fallbacks = None
    content_policy_fallbacks: Fallbacks = None
    max_fallbacks: Retries | None = None
    model_group_alias: Aliases = None
    enable_pre_call_checks: bool | None = None
    debug_router: bool | None = None
    default_provider: Name | None = None
    enable_tag_filtering: bool | None = None
    tag_filtering_match_any: bool | None = None
    tag_routing_prefix: Name | None = None
    task_tags: bool | None = None
    litellm_status_codes: bool | None = None


class LitellmSection(Section):
    LATER = litellm.LITELLM_LATER

    num_retries: Retries | None = None
    request_timeout: Seconds | None = None
    allowed_fails: Whole | None = None
    cooldown_time: Pause | None = None
    fallbacks: Fallbacks = None
    default_fallbacks: list[Name] | None = None
    context_window_fallbacks: Fallbacks = None
    content_policy_fallbacks: Fallbacks = None
    max_fallbacks: Retries | None = None
    drop_params: bool | None = None
    callbacks: Names | None = None


class GeneralSection(Section):
    LATER = litellm.GENERAL_LATER

    master_key: SecretStr | None = None
    max_request_size_mb: Annotated[float, Field(gt=0, le=4096), BeforeValidator(not_bool)] | None = None
    require_auth_for_metrics_endpoint: bool | None = None
    global_max_parallel_requests: Positive | None = None
    default_provider: Name | None = None
    background_health_checks: bool | None = None
    health_check_interval: Seconds | None = None
    drain_timeout: Pause | None = None
    drain_delay: Pause | None = None


class Document(Section):
    """Every section of a configuration, in one file or several."""

    LATER = litellm.TOP_LATER

    model_list: list[ModelEntry] = []
    router_settings: RouterSection = RouterSection()
    litellm_settings: LitellmSection = LitellmSection()
    general_settings: GeneralSection = GeneralSection()
    providers: dict[str, ProviderSection] = {}
    exact_matches: dict[str, Annotated[ExactSection, OrText()]] = {}
    patterns: list[PatternSection] = []
    request_metadata_routing: dict[str, MetadataSection] = {}
    capabilities: dict[str, CapabilitySection] = {}
    model_size_routing: list[SizeSection] = []
    redundant_models: dict[str, RedundantSection] = {}
    load_balancing: dict[str, StrategySection] = {}
    strategies: dict[str, StrategySection] = {}
    fallback_chains: dict[str, ChainSection] = {}
    first_request_routing: FirstRequestSection | None = None
    rate_limited_fallback: RateLimitedSection | None = None
    error_based_routing: ErrorBasedSection | None = None
    tasks: dict[str, Annotated[TaskSection, OrText()]] = {}
    semantic_router: SemanticSection | None = None
    routing_metrics: list[Name] = []
    default_provider: Name | None = None
    debug: bool | None = None
    debug_router: bool | None = None
    prices: Name | None = None
    environment_variables: dict[str, Any] | None = None


def json_schema() -> dict[str, Any]:
    """The configuration as a JSON Schema, for editors. Keys beginning with ``x-`` are left to the user."""
    schema = Document.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Pointsman configuration"
    schema["patternProperties"] = {"^x-": {}}
    return schema
