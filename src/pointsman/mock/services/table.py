"""The services and servers that are simulated as one that speaks OpenAI's format, a row each: data."""

from __future__ import annotations

from typing import Any

from pointsman.mock.flavour import Flavour, Work
from pointsman.mock.services import errors, told
from pointsman.mock.services.api import Service

LIMIT = frozenset({"max_completion_tokens"})
"""The name of the limit that many do not know."""

MISTRALS = """
    frequency_penalty guardrails input max_tokens messages metadata model n encoding_format output_dimension
    output_dtype parallel_tool_calls prediction presence_penalty prompt prompt_mode random_seed reasoning_effort
    response_format safe_prompt stop stream suffix temperature tool_choice tools top_p
"""


def _ident(prefix: str, seed: str) -> str:
    return f"{prefix}-{seed}"


def in_details(cached: int, _prompt: int) -> dict[str, Any]:
    """Cached tokens as OpenAI tells them."""
    return {"prompt_tokens_details": {"cached_tokens": cached}}


def _hits(cached: int, prompt: int) -> dict[str, Any]:
    """As DeepSeek does."""
    return {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": prompt - cached}


def _counted(flavour: Flavour) -> Flavour:
    """Its last chunk has the usage, whether it was asked for or not."""

    def extras(work: Work) -> dict[str, Any]:
        return {"usage": flavour.usage(work)}

    return flavour.with_extras(extras)


SERVICES: dict[str, Service] = {
    "compatible": Service(flavour=Flavour(ident=_ident), models=("a-model",), anywhere=True),
    "mistral": Service(
        flavour=_counted(Flavour(ident=lambda _prefix, seed: seed, cached=in_details)),
        models=("mistral-large-latest", "mistral-embed"),
        shape=errors.mistral,
        tells=told.mistral,
        known=frozenset(MISTRALS.split()),
    ),
    "deepseek": Service(
        flavour=Flavour(
            ident=lambda _prefix, seed: seed,
            common={"system_fingerprint": "fp_simulated"},
            choice={"logprobs": None},
            chunk_choice={"logprobs": None},
            thoughts="reasoning_content",
            cached=_hits,
        ),
        models=("deepseek-chat",),
        roots=("/v1", "/beta"),
        ignored=LIMIT,
        embeddings=False,
    ),
    "groq": Service(
        flavour=Flavour(
            ident=_ident,
            common={"system_fingerprint": "fp_simulated", "x_groq": {"id": "req_simulated"}},
            choice={"logprobs": None},
            thoughts="reasoning",
            whole_tool_calls=True,
            cached=in_details,
        ),
        models=("llama-3.3-70b-versatile",),
        roots=("/openai/v1",),
        tells=told.groq,
        refused=frozenset({"logprobs", "logit_bias", "top_logprobs"}),
        embeddings=False,
    ),
    "together": Service(
        flavour=Flavour(ident=lambda _prefix, seed: seed, thoughts="reasoning", common={"prompt": []}),
        models=("meta-llama/Llama-3.3-70B-Instruct-Turbo",),
        tells=told.together,
        bare=True,
        ignored=LIMIT,
    ),
    "openrouter": Service(
        flavour=Flavour(
            ident=lambda _prefix, seed: f"gen-{seed}",
            common={"provider": "simulated"},
            choice={"native_finish_reason": "stop"},
            thoughts="reasoning",
            comments=b": OPENROUTER PROCESSING\n\n",
            cached=in_details,
        ),
        models=("openai/gpt-4o",),
        roots=("/api/v1",),
        tells=told.openrouter,
        shape=errors.numbered,
    ),
    "gemini": Service(
        flavour=Flavour(ident=lambda _prefix, seed: seed[:22], delta_role=True, whole_tool_calls=True),
        models=("gemini-2.5-flash", "gemini-embedding-001"),
        roots=("/v1beta/openai",),
        shape=errors.listed,
    ),
    "cohere": Service(
        flavour=Flavour(ident=lambda _prefix, seed: seed),
        models=("command-a-03-2025", "embed-v4.0"),
        roots=("/compatibility/v1",),
        shape=errors.worded,
        refused=frozenset({"stream_options", "n", "logit_bias", "top_logprobs", "parallel_tool_calls", "store"}),
        ignored=LIMIT,
    ),
    "perplexity": Service(
        flavour=_counted(Flavour(ident=lambda _prefix, seed: seed, common={"citations": [], "search_results": []})),
        models=("sonar",),
        roots=("",),
        ignored=LIMIT,
        embeddings=False,
    ),
    "sglang": Service(
        flavour=Flavour(
            ident=lambda _prefix, seed: seed,
            choice={"logprobs": None, "matched_stop": None},
            chunk_choice={"logprobs": None, "matched_stop": None},
            thoughts="reasoning_content",
            cached=in_details,
        ),
        models=("org/model",),
        shape=errors.flat,
        tells=told.sglang,
    ),
    "tgi": Service(
        flavour=Flavour(
            ident=lambda _prefix, _seed: "",
            common={"system_fingerprint": "3.0.0-simulated"},
            delta_role=True,
            first_content=None,
        ),
        models=("tgi",),
        about=told.info,
        at="/info",
        shape=errors.typed,
        ignored=LIMIT,
        embeddings=False,
    ),
    "lm-studio": Service(
        flavour=Flavour(ident=_ident, common={"system_fingerprint": "a-model"}, thoughts="reasoning"),
        models=("a-model",),
        about=told.studio,
        at="/api/v0/models/",
        shape=errors.said,
        ignored=LIMIT,
    ),
    "tensorrt-llm": Service(
        flavour=Flavour(
            ident=_ident,
            choice={"logprobs": None, "stop_reason": None, "disaggregated_params": None},
            thoughts="reasoning_content",
        ),
        models=("org/model",),
        shape=errors.flat,
    ),
}
