"""Ollama's options in the words of OpenAI's protocol, or of the servers that speak it.

How a model is loaded and kept concerns Ollama's server alone: an answer is one without. A sampler's option keeps its
name where one of those servers knows it so; who does not know it says so, or passes over it, as with any other field.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.model.request import Fields

Out = dict[str, Any]

WISHES = frozenset(
    {
        "embedding_only",
        "f16_kv",
        "logits_all",
        "low_vram",
        "main_gpu",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_thread",
        "numa",
        "rope_frequency_base",
        "rope_frequency_scale",
        "use_mlock",
        "use_mmap",
        "vocab_only",
    }
)

SAME = frozenset(
    {
        "frequency_penalty",
        "min_p",
        "mirostat",
        "mirostat_eta",
        "mirostat_tau",
        "presence_penalty",
        "repeat_last_n",
        "seed",
        "stop",
        "temperature",
        "tfs_z",
        "top_k",
        "top_p",
        "typical_p",
    }
)
"""OpenAI's, and those that vLLM or llama.cpp call the same."""

REPEATING = ("repetition_penalty", "repeat_penalty")
"""vLLM's word and llama.cpp's; neither minds the other's."""

NOTHING = (b"null", b"[]", b'""')

NO_LIMIT = (b"-1", b"-2")
"""Of ``num_predict``: write as long as you like, or as there is room."""


def write_options(options: Fields, out: Out) -> str:
    """Write what they say into ``out``, as it was written. Returned are the names of those that can't be said."""
    lost = []
    for name, value in options.items():
        said = bytes(value)
        if said in NOTHING or name in WISHES:
            continue
        if name in SAME:
            out[name] = value
        elif name == "num_predict":
            if said not in NO_LIMIT:
                out["max_tokens"] = value
        elif name == "repeat_penalty":
            out |= dict.fromkeys(REPEATING, value)
        else:
            lost.append(name[:64])
    return ", ".join(lost)


def write_format(form: msgspec.Raw, out: Out) -> None:
    """``json``, or a schema, which stays as it was written. Raises InvalidBody."""
    if bytes(form) == b'"json"':
        out["response_format"] = {"type": "json_object"}
    elif bytes(memoryview(form)[:1]) == b"{":
        out["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": form}}
    else:
        raise InvalidBody('format must be "json" or a schema', param="format")


def write_think(think: msgspec.Raw, out: Out) -> None:
    """How hard, if that is said. That it shall not think is a wish: for it OpenAI's servers have no common word. Raises
    InvalidBody.
    """
    if bytes(think) == b"true":
        out["reasoning_effort"] = "medium"
    elif bytes(memoryview(think)[:1]) == b'"':
        out["reasoning_effort"] = think
    else:
        raise InvalidBody("think must be true, false or an effort", param="think")
