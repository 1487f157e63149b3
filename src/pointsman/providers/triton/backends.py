"""What the backends of language models call their inputs: data, a row a backend.

A model that a user made himself takes whatever he declared: fields without a row here are passed on by their own name.
Triton makes a tensor of a field that the model has as an input, and a parameter of any other, wherever it stands; so
an input that an older model does not know does no harm to TensorRT-LLM, which asks nobody for its parameters. vLLM's
backend takes every parameter for one of sampling.
"""

from __future__ import annotations

from typing import Any

import msgspec

Names = dict[str, tuple[str, ...]]


class Backend(msgspec.Struct, frozen=True):
    """``names``: OpenAI's name of a field -> the backend's, for all its versions. ``usual`` is said unless the request
    says it otherwise; ``stream`` is the input that wants parts. ``sampling``: what is no input stands in
    ``parameters``, or, where it is no single value, as JSON text in the input ``sampling_parameters``. ``guided``: a
    format of the answer can be asked for.
    """

    names: Names
    usual: dict[str, Any] = {}
    stream: str = "stream"
    sampling: bool = False
    guided: bool = False

    @property
    def bound(self) -> str:
        """Its name for the most tokens that an answer may have."""
        return self.names["max_completion_tokens"][0]


_TENSORRT_LLM = Backend(
    names={"max_completion_tokens": ("max_tokens",), "stop": ("stop_words",), "seed": ("random_seed", "seed")},
    usual={
        "bad_words": "",
        "stop_words": "",
        "exclude_input_in_output": True,
        "return_num_input_tokens": True,
        "return_num_output_tokens": True,
    },
    guided=True,
)
"""The models ``ensemble`` and ``tensorrt_llm_bls``. Older ones want both lists of words, be they empty."""

_VLLM = Backend(
    names={"max_completion_tokens": ("max_tokens",)},
    usual={
        "exclude_input_in_output": True,
        "return_finish_reason": True,
        "return_num_input_tokens": True,
        "return_num_output_tokens": True,
    },
    sampling=True,
)

_SAMPLING = ("best_of", "temperature", "top_k", "top_p", "frequency_penalty", "presence_penalty", "max_tokens", "seed")

_LLMAPI_NAMES: Names = {name: (f"sampling_param_{name}",) for name in (*_SAMPLING, "stop")}

_LLMAPI = Backend(
    names={**_LLMAPI_NAMES, "max_completion_tokens": ("sampling_param_max_tokens",)},
    usual={"sampling_param_exclude_input_from_output": True, "return_finish_reason": True},
    stream="streaming",
)
"""The model of TensorRT-LLM's LLM API."""

BACKENDS = {"tensorrt_llm": _TENSORRT_LLM, "vllm": _VLLM, "llmapi": _LLMAPI}
USUAL = "tensorrt_llm"

INPUTS = frozenset({"stream", "image", "exclude_input_in_output"})
"""Inputs of vLLM's backend, beside those that begin with ``return_``; all else is said of sampling."""


def is_input(field: str) -> bool:
    """A field that vLLM's backend has an input for."""
    return field in INPUTS or field.startswith("return_")
