"""Why an upstream said no: its status, and the codes and sentences of the servers in the field, as data.

A status says little: 400 may be a prompt that is too long, 429 an account that is used up. So what is vague may be told
more exactly by a word or a phrase; what is clear stays as it is. No pattern, no user's text: a word is compared whole,
a phrase is looked for in the sentence of an error. Each is listed with the servers that say it; with sources in
docs/concepts/failures.md.
"""

from __future__ import annotations

from pointsman.model.outcome import FailureKind
from pointsman.providers.said import Said

STATUS_KINDS: dict[int, FailureKind] = {
    401: FailureKind.AUTH,
    402: FailureKind.QUOTA,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    407: FailureKind.AUTH,
    408: FailureKind.TIMEOUT,
    409: FailureKind.OVERLOADED,
    410: FailureKind.NOT_FOUND,
    424: FailureKind.SERVER_ERROR,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}

WORDS: dict[FailureKind, dict[str, str]] = {
    FailureKind.CONTEXT: {
        "context_length_exceeded": "OpenAI, Groq, OpenRouter, llama-cpp-python",
        "exceed_context_size_error": "llama.cpp",
    },
    FailureKind.FILTERED: {
        "content_filter": "OpenAI, Azure OpenAI",
        "content_policy_violation": "OpenAI, OpenRouter",
        "responsibleaipolicyviolation": "Azure OpenAI",
        "flagged_input": "OpenRouter",
        "data_inspection_failed": "Alibaba",
    },
    FailureKind.QUOTA: {
        "insufficient_quota": "OpenAI",
        "credit_balance_exhausted": "OpenAI",
        "organization_spend_limit_exceeded": "OpenAI",
        "project_spend_limit_exceeded": "OpenAI",
        "organization_usage_limit_exceeded": "OpenAI",
        "billing_hard_limit_reached": "OpenAI",
        "billing_not_active": "OpenAI",
        "billing_error": "Anthropic",
        "enforced_spend_limit_reached": "Anthropic",
        "contract_spend_limit_reached": "Anthropic",
        "linked_organization_spend_limit_reached": "Anthropic",
        "exceeded_current_quota_error": "Moonshot",
        "arrearage": "Alibaba",
        "servicequotaexceededexception": "Amazon Bedrock",
    },
    FailureKind.NOT_FOUND: {
        "model_not_found": "OpenAI, Groq",
        "not_found_error": "Anthropic, llama.cpp",
        "notfounderror": "vLLM, SGLang",
        "deploymentnotfound": "Azure OpenAI",
        "model_not_available": "Together",
        "unknown_model": "Mistral",
        "invalid_model": "Mistral",
        "model_decommissioned": "Groq",
        "not_found": "Gemini",
        "resourcenotfoundexception": "Amazon Bedrock",
    },
    FailureKind.AUTH: {
        "invalid_api_key": "OpenAI, Groq, Together",
        "authentication_error": "Anthropic, llama.cpp",
        "api_key_invalid": "Gemini",
        "unauthenticated": "Gemini",
        "unrecognizedclientexception": "Amazon Bedrock",
        "invalidsignatureexception": "Amazon Bedrock",
        "incompletesignatureexception": "Amazon Bedrock",
        "expiredtokenexception": "Amazon Bedrock",
        "missingauthenticationtokenexception": "Amazon Bedrock",
    },
    FailureKind.FORBIDDEN: {
        "permission_error": "Anthropic, llama.cpp",
        "permission_denied": "Gemini",
        "accessdeniedexception": "Amazon Bedrock",
    },
    FailureKind.RATE_LIMITED: {
        "rate_limit_exceeded": "OpenAI, Groq, OpenRouter",
        "rate_limit_error": "Anthropic, Mistral",
        "slow_down": "OpenAI",
        "too_many_requests": "OpenAI",
        "resource_exhausted": "Gemini",
        "rate_limit_reached_error": "Moonshot",
        "throttlingexception": "Amazon Bedrock",
    },
    FailureKind.OVERLOADED: {
        "overloaded_error": "Anthropic",
        "overloaded": "TGI",
        "unavailable_error": "llama.cpp",
        "service_unavailable": "SGLang",
        "unavailable": "Gemini",
        "capacity_exceeded": "Groq",
        "engine_overloaded_error": "Moonshot",
        "modelnotreadyexception": "Amazon Bedrock",
        "serviceunavailableexception": "Amazon Bedrock",
    },
    FailureKind.TIMEOUT: {
        "timeout_error": "Anthropic",
        "deadline_exceeded": "Gemini",
        "modeltimeoutexception": "Amazon Bedrock",
    },
    FailureKind.BAD_REQUEST: {
        "request_too_large": "Anthropic",
        "invalid_request_error": "OpenAI, Anthropic, llama.cpp, DeepSeek, Groq, Mistral",
        "badrequesterror": "vLLM, SGLang",
        "validation": "TGI",
        "invalid_argument": "Gemini",
        "validationexception": "Amazon Bedrock",
    },
}
"""Codes, types and reasons, in lower case, and who says them."""

PHRASES: dict[FailureKind, dict[str, str]] = {
    FailureKind.CONTEXT: {
        "maximum context length": "OpenAI, vLLM, SGLang, DeepSeek, Mistral, OpenRouter",
        "exceeds the context window": "OpenAI",
        "reduce the length of the": "OpenAI, vLLM, Groq",
        "context length is only": "vLLM",
        "longer than the maximum model length": "vLLM",
        "longer than the model's context length": "SGLang",
        "available context size": "llama.cpp",
        "context size has been exceeded": "llama.cpp",
        "larger than the max context size": "llama.cpp",
        "increase the physical batch size": "llama.cpp",
        "exceed context window of": "llama-cpp-python",
        "exceeds the context length": "Ollama",
        "prompt too long; exceeded": "Ollama",
        "prompt is too long": "Anthropic",
        "exceed context limit": "Anthropic",
        "tokens + `max_new_tokens` must be": "TGI",
        "`inputs` must have less than": "TGI",
        "'inputs' tokens and 'max_new_tokens'": "Together",
        "exceeds the maximum number of tokens": "Gemini",
        "should not exceed max_num_tokens": "TensorRT-LLM",
        "exceeds maximum input length": "TensorRT-LLM",
        "greater than the context length": "LM Studio",
        "loaded with context length of only": "LM Studio",
        "maximum prompt length is": "xAI",
        "exceeded model token limit": "Moonshot",
        "range of input length should be": "Alibaba",
        "context window exceeds limit": "MiniMax",
        "input is too long for requested model": "Amazon Bedrock",
        "input tokens exceeded": "Amazon Bedrock",
    },
    FailureKind.FILTERED: {
        "content management policy": "Azure OpenAI",
        "violating our usage policy": "OpenAI",
        "by content filtering policy": "Anthropic",
        "input was flagged": "OpenRouter",
        "content exists risk": "DeepSeek",
        "violates usage guidelines": "xAI",
        "may contain inappropriate content": "Alibaba",
    },
    FailureKind.QUOTA: {
        "exceeded your current quota": "OpenAI, Gemini",
        "check your billing details": "OpenAI",
        "out of call volume quota": "Azure OpenAI",
        "credit balance is too low": "Anthropic",
        "reached your specified": "Anthropic",
        "insufficient balance": "DeepSeek",
        "insufficient credits": "OpenRouter",
        "requires more credits": "OpenRouter",
        "credit limit exceeded": "Together",
        "used all available credits": "xAI",
        "session usage limit": "Ollama",
        "hourly usage limit": "Ollama",
        "weekly usage limit": "Ollama",
    },
    FailureKind.NOT_FOUND: {
        "model not exist": "DeepSeek",
        "is not a valid model id": "OpenRouter",
        "not found, try pulling it": "Ollama",
        "request for unknown model": "Triton",
        "invalid model": "Mistral, LiteLLM",
    },
    FailureKind.AUTH: {
        "api key not valid": "Gemini",
        "incorrect api key provided": "xAI",
    },
    FailureKind.OVERLOADED: {
        "currently overloaded": "OpenAI, Moonshot",
        "model is overloaded": "TGI, Gemini",
        "request queue is full": "SGLang",
        "pending requests exceeded": "Ollama",
        "exceeds maximum queue size": "Triton",
    },
}
"""Parts of sentences, in lower case, and who says them."""

_TELLING = frozenset(PHRASES) | {FailureKind.RATE_LIMITED}

OPEN: dict[FailureKind, frozenset[FailureKind]] = {
    FailureKind.BAD_REQUEST: _TELLING,
    FailureKind.FORBIDDEN: frozenset({FailureKind.AUTH, FailureKind.CONTEXT, FailureKind.FILTERED, FailureKind.QUOTA}),
    FailureKind.RATE_LIMITED: frozenset({FailureKind.QUOTA, FailureKind.OVERLOADED}),
    FailureKind.SERVER_ERROR: _TELLING | {FailureKind.FORBIDDEN, FailureKind.TIMEOUT},
}
"""What a status says too vaguely, and what words may make of it. Whatever else a status says, they don't change."""

SOON = 300.0
"""Seconds: who asks to wait no longer than this is not out of quota, whatever the sentence says."""

_BY_WORD = {word: kind for kind, words in WORDS.items() for word in words}
_BY_PHRASE = [(phrase, kind) for kind, phrases in PHRASES.items() for phrase in phrases]


def kind_of(status: int) -> FailureKind:
    """The kind of failure that an error status stands for."""
    known = STATUS_KINDS.get(status)
    if known is not None:
        return known
    if 400 <= status < 500:
        return FailureKind.BAD_REQUEST
    return FailureKind.SERVER_ERROR if status >= 500 else FailureKind.GARBAGE


def kind_of_word(word: str) -> FailureKind | None:
    """What a code or type stands for; None if nobody is known to say it."""
    return _BY_WORD.get(word.lower())


def cause(status: int | None, said: Said, wait: float | None = None) -> FailureKind:
    """What kind of failure it is. ``status`` is HTTP's, None for an error inside a 200, which goes by the status that
    it names itself. ``wait`` is how many seconds the upstream asks for.
    """
    vague = _first(status or said.status, said)
    may_be = OPEN.get(vague)
    if may_be is None:
        return vague
    for word in said.words:
        kind = _BY_WORD.get(word)
        if kind is not None and kind in may_be:
            return kind
    for phrase, kind in _BY_PHRASE:
        if kind in may_be and phrase in said.text:
            short = kind is FailureKind.QUOTA and wait is not None and wait <= SOON
            return FailureKind.RATE_LIMITED if short else kind
    return vague


def _first(status: int, said: Said) -> FailureKind:
    if status:
        return kind_of(status)
    kinds = (_BY_WORD.get(word) for word in said.words)
    return next((kind for kind in kinds if kind is not None), FailureKind.SERVER_ERROR)
