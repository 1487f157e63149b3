"""Ollama's words: names with tags, durations in nanoseconds, dates, model cards. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pointsman.mock.parameters import human

if TYPE_CHECKING:
    from pointsman.mock.flavour import Work

FOR_EVER = "2318-04-01T00:00:00Z"
MODIFIED = "2025-09-01T12:00:00Z"
NANO = 1_000_000_000
SIZE = 2_019_393_189
SEEING = re.compile(r"llava|vision|-?vl\b|gemma3", re.IGNORECASE)
THINKING = re.compile(r"-r1\b|qwq|gpt-oss|qwen3", re.IGNORECASE)


def full_name(model: str) -> str:
    """``llama3.2`` means ``llama3.2:latest``."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def iso(seconds: float) -> str:
    """A date as Go prints it, in UTC."""
    if math.isinf(seconds):
        return FOR_EVER
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(model: str) -> str:
    return sha256(full_name(model).encode("utf-8", "surrogatepass")).hexdigest()


def details(model: str, parameters: int) -> dict[str, Any]:
    family = full_name(model).partition(":")[0].rpartition("/")[2]
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": human(parameters),
        "quantization_level": "Q4_K_M",
    }


def capabilities(model: str) -> list[str]:
    """What a model of this name can do: the names of those that see, think or embed say so."""
    if "embed" in model:
        return ["embedding"]
    sees = ["vision"] if SEEING.search(model) else []
    return ["completion", *sees, "tools", *(["thinking"] if THINKING.search(model) else [])]


def card(model: str, parameters: int) -> dict[str, Any]:
    """One entry of /api/tags."""
    name = full_name(model)
    return {
        "name": name,
        "model": name,
        "modified_at": MODIFIED,
        "size": SIZE,
        "digest": digest(model),
        "details": details(model, parameters),
    }


def running(model: str, parameters: int, until: float, context_length: int) -> dict[str, Any]:
    """One entry of /api/ps."""
    name = full_name(model)
    return {
        "name": name,
        "model": name,
        "size": SIZE,
        "digest": digest(model),
        "details": details(model, parameters),
        "expires_at": iso(until),
        "size_vram": SIZE,
        "context_length": context_length,
    }


def statistics(work: Work, latency: float, step: float, load: float) -> dict[str, Any]:
    """Durations and counts of a last line; seconds in, nanoseconds out, as the options set the pace."""
    evaluated = step * work.completion_tokens
    return {
        "total_duration": int((load + latency + evaluated) * NANO) + NANO // 1000,
        "load_duration": int(load * NANO) + NANO // 2000,
        "prompt_eval_count": work.asked.prompt_tokens,
        "prompt_eval_duration": int(latency * NANO) + 1000,
        "eval_count": work.completion_tokens,
        "eval_duration": int(evaluated * NANO) + 1000,
    }
