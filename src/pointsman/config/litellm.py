"""The table of LiteLLM's keys: which of them become ours, under which name, and which are known but not acted on.

To support one more key: give it a row in DEPLOYMENT or ROUTER (or a line of its own where it needs more than a copy),
a field in ``schema.py``, and take it out of the set of those that wait. Data only.
"""

from __future__ import annotations

from pointsman.config.findings import Severity
from pointsman.config.words import words

DEPLOYMENT: dict[str, str] = {
    "tags": "tags",
    "tag_regex": "tag_regex",
    "weight": "weight",
    "rpm": "rpm",
    "tpm": "tpm",
    "max_parallel_requests": "max_parallel_requests",
    "cooldown_time": "cooldown_time",
    "order": "order",
}
"""``litellm_params`` key -> field of Deployment, copied as it is."""

ANYWHERE = ("weight", "rpm", "tpm", "order")
"""Keys that may stand beside ``litellm_params`` or in ``model_info`` too; the outer one counts first."""

TRAITS: dict[str, tuple[str, ...]] = {
    "size": ("size",),
    "context": ("context_window", "max_input_tokens", "max_tokens"),
    "input_cost": ("input_cost_per_token",),
    "output_cost": ("output_cost_per_token",),
    "cached_cost": ("cache_read_input_token_cost",),
    "written_cost": ("cache_creation_input_token_cost",),
    "written_hour_cost": ("cache_creation_input_token_cost_above_1hr",),
    "max_output": ("max_output_tokens",),
    "vision": ("supports_vision",),
    "tools": ("supports_function_calling",),
    "prefill": ("prefill", "supports_assistant_prefill"),
    "adaptive": ("adaptive_concurrency",),
    "timeout": ("timeout",),
    "first_token_timeout": ("first_token_timeout",),
    "idle_timeout": ("idle_timeout",),
    "stream_timeout": ("stream_timeout",),
    "num_retries": ("num_retries", "max_retries"),
    "drop_params": ("drop_params",),
}
"""Field of Deployment -> keys that say it, of ``litellm_params``, ``model_info`` or the provider; the first counts."""

ADDRESS = ("model", "api_base", "base_url", "api_key", "api_keys", "api_key_file", "api_version", "custom_llm_provider")
"""``litellm_params`` keys that say where a deployment is (``deployments.py``, ``registry.py``)."""

CALLERS = frozenset({"messages", "prompt", "input", "stream", "model"})
"""Fields of a request that only the caller can say; as parameters of a deployment they are left out."""

ROUTER: dict[str, tuple[tuple[str, str], ...]] = {
    "num_retries": (("router_settings", "num_retries"), ("litellm_settings", "num_retries")),
    "timeout": (("litellm_settings", "request_timeout"), ("router_settings", "timeout")),
    "first_token_timeout": (("router_settings", "first_token_timeout"),),
    "idle_timeout": (("router_settings", "idle_timeout"),),
    "stream_timeout": (("router_settings", "stream_timeout"),),
    "max_fallbacks": (("router_settings", "max_fallbacks"), ("litellm_settings", "max_fallbacks")),
    "allowed_fails": (("router_settings", "allowed_fails"), ("litellm_settings", "allowed_fails")),
    "cooldown_time": (("router_settings", "cooldown_time"), ("litellm_settings", "cooldown_time")),
    "retry_after": (("router_settings", "retry_after"),),
    "keepalive": (("router_settings", "stream_keepalive"),),
    "queue_size": (("router_settings", "queue_size"),),
    "queue_timeout": (("router_settings", "queue_timeout"),),
}
"""Field of RouterSettings -> where it may be said; the first place that says it counts, as in LiteLLM."""

TAGS: dict[str, str] = {
    "enabled": "enable_tag_filtering",
    "match_any": "tag_filtering_match_any",
    "prefix": "tag_routing_prefix",
    "tasks": "task_tags",
    "unauthorized": "litellm_status_codes",
}
"""Field of TagSettings -> key of ``router_settings``, copied as it is."""

TASK_HOOK = "nova_task_router"
"""The name in ``litellm_settings.callbacks`` that makes a tag of a body's ``task``."""

CHECKS = "configured context windows, limits and health are looked at before every call"

SWITCHES: dict[tuple[str, str], dict[bool, str]] = {
    ("router_settings", "enable_pre_call_checks"): {
        True: f"{CHECKS} in any case; with it, also the context windows that providers list themselves",
        False: f"switches nothing off: {CHECKS} in any case, which costs nothing",
    },
}
"""Switches for what is done in any case -> what to say of each position."""

SERVER: dict[str, str] = {
    "require_auth_for_metrics": "require_auth_for_metrics_endpoint",
    "max_parallel_requests": "global_max_parallel_requests",
    "drain_timeout": "drain_timeout",
    "drain_delay": "drain_delay",
}
"""Field of ServerSettings -> key of ``general_settings``, copied as it is."""

PARAMS_LATER = words(
    """
    allowed_openai_params api_type auto_router_config
    auto_router_config_path auto_router_default_model auto_router_embedding_model aws_role_name
    aws_session_name aws_sts_endpoint aws_web_identity_token azure_ad_token azure_password
    azure_scope azure_username base_model budget_duration
    client_id client_secret configurable_clientside_auth_params default_headers
    extra_headers fallbacks guardrails headers hf_model_name input_cost_per_second itpm
    litellm_credential_name litellm_trace_id max_budget max_file_size_mb merge_reasoning_content_in_choices
    mock_response mock_timeout model_info model_name organization otpm output_cost_per_second region_name rpd
    silent_model ssl_verify tenant_id tpd use_chat_completions_api use_in_pass_through use_litellm_proxy
    vertex_credentials vertex_location vertex_project watsonx_region_name
    """
)
"""Keys of ``litellm_params`` that mean something to LiteLLM itself and nothing to a model server."""

ROUTER_LATER = words(
    """
    alerting_config assistants_config cache_kwargs cache_responses caching_groups
    client_ttl debug_level default_litellm_params default_max_parallel_requests default_priority
    deployment_affinity_ttl_seconds enable_health_check_routing
    enable_pre_call_check enable_weighted_failover
    fallback_on_unsupported_params guardrail_list health_check_ignore_transient_errors
    health_check_staleness_threshold ignore_invalid_deployments model_group_affinity_config
    optional_pre_call_checks polling_interval provider_budget_config router_general_settings routing_groups
    routing_plugins search_tools set_verbose
    """
)

ROUTER_INSTEAD: dict[str, tuple[Severity, str]] = dict.fromkeys(
    ("redis_host", "redis_port", "redis_password", "redis_url", "redis_db", "redis_ssl"),
    ("info", "is not used yet: state is kept in the process, each replica has limits and cooldowns of its own"),
)
"""Keys of ``router_settings`` that are not acted on, and what is done instead. Their values are never looked at."""

ARGS: dict[str, tuple[str, str]] = {"lowest_latency_buffer": ("latency-based-routing", "buffer")}
"""Key of ``routing_strategy_args`` -> the strategy that looks at it, and the field of Strategies that it becomes."""

FIXED: dict[tuple[str, str], tuple[float, str]] = {
    ("latency-based-routing", "ttl"): (3600, "results are remembered for 3600 s and weigh half after 600 s"),
    ("latency-based-routing", "max_latency_list_size"): (100, "the last 100 results count, new ones more than old"),
    ("latency-based-routing", "ttft_percentile"): (0.95, "of times to a first token the 95th percentile counts"),
    ("usage-based-routing", "ttl"): (60, "the requests and tokens of the last 60 s count"),
}
"""Strategy and key of ``routing_strategy_args`` -> the figure that holds whatever is said, and what is done."""

ARGS_LATER = words("confidence_threshold_high confidence_threshold_low confidence_threshold_medium")

ARGS_INSTEAD: dict[str, tuple[Severity, str]] = dict.fromkeys(
    ("rpm", "tpm"), ("warning", "limits nobody here: it belongs in `litellm_params` of each deployment")
)

LITELLM_LATER = words(
    """
    add_function_to_prompt api_base api_key audit_log_callbacks aws_sqs_callback_params azure_key_vault
    budget_exceeded_status_code cache cache_params callback_settings custom_prometheus_metadata_labels
    custom_prometheus_tags custom_provider_map datadog_llm_observability_params datadog_params
    default_internal_user_params default_key_generate_params default_max_internal_user_budget
    default_team_params default_team_settings disable_add_prefix_to_prompt
    disable_add_transform_inline_image_block disable_copilot_system_to_assistant
    disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only
    disable_hf_tokenizer_download enable_azure_ad_token_refresh enable_json_schema_validation
    enable_key_alias_format_validation enable_preview_features expose_router_debug_in_errors failure_callback
    force_ipv4 generic_logger_headers google_genai_callback_params guardrails input_callback
    internal_user_budget_duration json_logs key_generation_settings langfuse_default_tags langfuse_host
    log_raw_request_response max_budget max_end_user_budget max_internal_user_budget max_parallel_requests
    max_tokens mcp_aliases model_alias_map model_group_settings modify_params network_mock
    num_retries_per_request prioritized_reservation priority_reservation prometheus_initialize_budget_metrics
    prometheus_metrics_config public_model_groups public_model_groups_links redact_messages_in_logs
    redact_user_api_key_info require_auth_for_metrics_endpoint responses_api_bridge_check s3_callback_params
    s3_callback_params_v2 secret_manager_client service_callback service_callbacks set_verbose ssl_certificate
    ssl_security_level ssl_verify standard_logging_payload_excluded_fields success_callback
    suppress_debug_info tag_budget_config team_budget_config telemetry turn_off_message_logging
    upperbound_key_generate_params use_chat_completions_url_for_anthropic_messages user_url_validation
    vector_store_registry
    """
)

GENERAL_LATER = words(
    """
    admin_only_routes alert_to_webhook_url alert_types alerting alerting_args alerting_threshold
    allow_client_side_credentials allow_requests_on_db_unavailable allow_user_auth allowed_ips allowed_routes
    always_include_stream_usage auto_redirect_ui_login_to_sso background_health_check_max_tokens
    block_robots cancel_on_disconnect completion_model control_plane_url
    coordination_redis custom_auth custom_auth_run_common_checks custom_key_generate custom_key_update
    custom_sso custom_ui_sso_sign_in_handler dangerously_allow_mock_testing_request_params
    dangerously_permit_weak_or_unset_master_key database_connection_pool_limit database_connection_timeout
    database_extra_connection_params database_type database_url default_team_disabled
    disable_adding_master_key_hash_to_db disable_error_logs disable_master_key_return
    disable_prisma_schema_update disable_reset_budget disable_responses_id_security
    disable_retry_on_max_parallel_request_limit_error disable_spend_logs disable_spend_updates embedding_model
    enable_health_check_routing enable_jwt_auth enable_mcp_registry enable_oauth2_auth
    enable_oauth2_proxy_auth enable_openapi_public enable_public_model_hub enforce_user_param enforced_params
    forward_client_headers_to_llm_api forward_llm_provider_auth_headers forward_openai_org_id
    health_check_concurrency health_check_details
    image_generation_model infer_model_from_keys key_management_settings key_management_system litellm_jwtauth
    litellm_key_header_name litellm_license max_parallel_requests max_response_size_mb
    maximum_spend_logs_cleanup_cron maximum_spend_logs_retention_interval maximum_spend_logs_retention_period
    mcp_internal_ip_ranges mcp_trusted_proxy_ranges moderation_model oauth2_config_mappings otel
    pass_through_endpoints pass_through_request_timeout proxy_batch_polling_interval proxy_batch_write_at
    proxy_budget_rescheduler_max_time proxy_budget_rescheduler_min_time public_routes
    reject_clientside_metadata_tags role_permissions search_tools service_account_settings
    spend_report_frequency store_model_in_db store_prompts_in_spend_logs supported_db_objects ui_access_mode
    use_azure_key_vault use_client_credentials_pass_through_routes use_google_kms use_redis_transaction_buffer
    use_shared_health_check use_x_forwarded_for user_api_key_cache_ttl user_header_mappings user_header_name
    user_mcp_management_mode
    """
)

TOP_LATER = words(
    """
    agent_list assistant_settings callback_settings cost_quality credential_list files_settings finetune_settings
    guardrails include mcp_servers mcp_tools policies policy_attachments prompts search_tools
    vector_store_registry worker_registry
    """
)
"""Sections: LiteLLM's, and those of the documents that later versions act on."""

BODY_PARAMS = words(
    """
    bad_words beam_width best_of bos_token chat_template chat_template_kwargs dimensions echo encoding_format end_id
    eos_token exclude_input_in_output extra_body f16_kv final_prompt_value format frequency_penalty grammar
    guided_choice guided_decoding_guide guided_decoding_guide_type guided_grammar guided_json guided_regex
    ignore_eos include_stop_str_in_output initial_prompt_value keep_alive length_penalty logit_bias logits_all
    logprobs lora_name lora_task_id low_vram main_gpu max_completion_tokens max_tokens metadata min_p min_tokens
    mirostat mirostat_eta mirostat_tau modalities n n_probs num_batch num_ctx num_gpu num_gqa num_keep num_predict
    num_thread numa options pad_id parallel_tool_calls penalize_newline prediction presence_penalty random_seed raw
    reasoning reasoning_effort repeat_last_n repeat_penalty repetition_penalty response_format
    return_cumulative_logprob return_finish_reason return_log_probs return_multivector return_num_input_tokens
    return_num_output_tokens roles seed service_tier skip_special_tokens spaces_between_special_tokens stop
    stop_token_ids stop_words store stream_options suffix system task temperature template tfs_z think thinking
    tokenizer tool_choice tools top_k top_logprobs top_p triton_backend triton_batched triton_input truncate
    truncate_prompt_tokens typical_p use_beam_search use_mlock use_mmap user verbosity vocab_only
    """
)
"""What model servers take in a request's body. Any other key is carried too; a near miss of these is warned of."""
