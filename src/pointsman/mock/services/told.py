"""What services tell of a model beyond its name, each in its own words: in their lists, or at a path of their own.

Written after their public references; figures are made up, and the same for every model.
"""

from __future__ import annotations

import re
from typing import Any

ANSWERS = 8192
"""Tokens of an answer at most."""

INTO, OUT = 2.5e-6, 10e-6
"""Dollars a token."""

SEEING = re.compile(r"llava|vision|pixtral|4o|-?vl\b", re.IGNORECASE)
"""Names of models that take images."""


def sees(model: str) -> bool:
    return SEEING.search(model) is not None


def openrouter(model: str, context: int) -> dict[str, Any]:
    inputs = ["text", "image"] if sees(model) else ["text"]
    prices = {"prompt": INTO, "completion": OUT, "request": 0, "image": 0, "input_cache_read": INTO / 10}
    return {
        "name": model,
        "context_length": context,
        "architecture": {"input_modalities": inputs, "output_modalities": ["text"], "tokenizer": "Other"},
        "pricing": {name: f"{dollars:.10f}".rstrip("0").rstrip(".") for name, dollars in prices.items()},
        "top_provider": {"context_length": context, "max_completion_tokens": ANSWERS, "is_moderated": False},
        "supported_parameters": ["max_tokens", "temperature", "tools", "tool_choice"],
    }


def together(model: str, context: int) -> dict[str, Any]:
    prices = {"hourly": 0, "input": INTO * 1e6, "output": OUT * 1e6, "base": 0, "finetune": 0}
    return {"type": "chat", "display_name": model, "context_length": context, "pricing": prices}


def groq(_model: str, context: int) -> dict[str, Any]:
    return {"active": True, "context_window": context, "public_apps": None, "max_completion_tokens": ANSWERS}


def mistral(model: str, context: int) -> dict[str, Any]:
    able = {"completion_chat": True, "completion_fim": False, "function_calling": True, "vision": sees(model)}
    return {"max_context_length": context, "aliases": [], "capabilities": able, "type": "base"}


def sglang(model: str, context: int) -> dict[str, Any]:
    return {"root": model, "max_model_len": context}


def info(model: str, context: int) -> dict[str, Any]:
    """TGI's word on itself."""
    return {
        "model_id": model,
        "max_concurrent_requests": 128,
        "max_best_of": 2,
        "max_stop_sequences": 4,
        "max_input_tokens": context - 1,
        "max_total_tokens": context,
        "router": "text-generation-router",
        "version": "3.3.5",
    }


def studio(model: str, context: int) -> dict[str, Any]:
    """LM Studio's own entry of a model that is loaded."""
    return {
        "id": model,
        "object": "model",
        "type": "embeddings" if "embed" in model else "vlm" if sees(model) else "llm",
        "publisher": "simulated",
        "compatibility_type": "gguf",
        "quantization": "Q4_K_M",
        "state": "loaded",
        "max_context_length": 4 * context,
        "loaded_context_length": context,
        "capabilities": ["tool_use"],
    }
