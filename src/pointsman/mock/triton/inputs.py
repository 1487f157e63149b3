"""What a request of ``generate`` asks: its fields as the model's inputs, checked as the model's backend does.

A field that the model has as an input becomes that, wherever it stands; any other a parameter, which is one value.
Pure; raises Refused.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.mock.asked import Asked, read_stop, whole
from pointsman.mock.message import Refused
from pointsman.mock.words import estimate

NO_ID = "[request id: <id_unknown>]"

FAILED = "failed"
"""Why a model refuses what the server has taken; of a stream that is the first frame."""

FLAGS = ("return_num_input_tokens", "return_num_output_tokens", "return_finish_reason", "return_log_probs")


class Backend(msgspec.Struct, frozen=True):
    """``inputs``: those that a model of it has. ``names``: what it calls the usual ones. ``sampling``: what its
    parameters may say, None for anything. ``tells``: why an answer ended, where that is asked for.
    """

    inputs: frozenset[str]
    names: dict[str, str] = {}
    needed: frozenset[str] = frozenset({"text_input"})
    sampling: frozenset[str] | None = None
    tells: bool = False

    def name(self, usual: str) -> str:
        return self.names.get(usual, usual)


_PENALTIES = ("repetition_penalty", "presence_penalty", "frequency_penalty")

TENSORRT_LLM = Backend(
    frozenset(
        ("text_input", "max_tokens", "num_return_sequences", "bad_words", "stop_words", "exclude_input_in_output",
         "end_id", "pad_id", "top_k", "top_p", "temperature", "length_penalty", "min_tokens", "seed", "beam_width",
         "stream", "return_context_logits", "return_generation_logits", "return_perf_metrics", "embedding_bias_words",
         "embedding_bias_weights", "lora_task_id", "guided_decoding_guide_type", "guided_decoding_guide", *_PENALTIES,
         "return_num_input_tokens", "return_num_output_tokens", "return_log_probs")
    ),
    {"stop": "stop_words"},
    needed=frozenset({"text_input", "max_tokens"}),
)  # fmt: skip

VLLM = Backend(
    frozenset(
        ("text_input", "image", "stream", "sampling_parameters", "exclude_input_in_output", "return_finish_reason",
         "return_cumulative_logprob", "return_logprobs", "return_num_input_tokens", "return_num_output_tokens")
    ),
    sampling=frozenset(
        ("n", "best_of", "max_tokens", "min_tokens", "temperature", "top_p", "top_k", "min_p", "seed", "stop",
         "stop_token_ids", "bad_words", "ignore_eos", "logprobs", "skip_special_tokens", *_PENALTIES)
    ),
    tells=True,
)  # fmt: skip

LLMAPI = Backend(
    frozenset(
        ("text_input", "streaming", "return_finish_reason", "return_stop_reason", "return_cumulative_logprob")
    ) | {f"sampling_param_{name}" for name in
         ("best_of", "temperature", "top_k", "top_p", "frequency_penalty", "presence_penalty", "max_tokens", "stop",
          "seed", "exclude_input_from_output", "return_perf_metrics")},
    {
        "stream": "streaming",
        "stop": "sampling_param_stop",
        "max_tokens": "sampling_param_max_tokens",
        "exclude_input_in_output": "sampling_param_exclude_input_from_output",
    },
    tells=True,
)  # fmt: skip


class Generate(msgspec.Struct, frozen=True):
    """``asked`` in the words of all kinds; ``prompt`` is repeated in front of the answer unless that is empty;
    ``flags`` are the outputs that are wanted.
    """

    asked: Asked
    prompt: str
    flags: frozenset[str]
    tells: bool


def backend_of(model: str) -> Backend:
    """A model says by its name what serves it."""
    return next((found for word, found in (("vllm", VLLM), ("llmapi", LLMAPI)) if word in model), TENSORRT_LLM)


def read_generate(fields: dict[str, Any], model: str, context_length: int) -> Generate:
    backend = backend_of(model)
    found, parameters = _parted(fields, backend)
    missing = sorted(backend.needed - found.keys())
    if missing:
        raise Refused(400, f"{NO_ID} expected inputs for model '{model}' but missing required input(s) {missing}.")
    sampling = {**found, **_sampling(found, parameters, backend)}
    text = found["text_input"]
    if not isinstance(text, str):
        raise Refused(400, "unable to parse 'text_input': attempt to access JSON non-string as string")
    schema, tokens = _schema(found), estimate(text)
    limit = whole(sampling.get(backend.name("max_tokens")))
    limit = 16 if limit is None else limit  # vLLM's own
    if tokens > context_length:
        text = f"Prompt length ({tokens}) exceeds maximum input length ({context_length})."
        raise Refused(500, text, why=FAILED)
    stream = found.get(backend.name("stream")) is True
    asked = Asked(
        model=model,
        prompt=text,
        prompt_tokens=tokens,
        limit=limit,
        stop=tuple(word for word in read_stop(sampling.get(backend.name("stop"))) if word),
        stream=stream,
        json_schema=schema,
    )
    alone = found.get(backend.name("exclude_input_in_output")) is True or stream
    return Generate(asked, "" if alone else text, frozenset(f for f in FLAGS if found.get(f) is True), backend.tells)


def _parted(fields: dict[str, Any], backend: Backend) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs, and parameters."""
    nested = fields.get("parameters", {})
    if not isinstance(nested, dict):
        raise Refused(400, "Expected JSON object for keyword: 'parameters'")
    given = {**{name: value for name, value in fields.items() if name != "parameters"}, **nested}
    parameters = {name: value for name, value in given.items() if name not in backend.inputs}
    for name, value in parameters.items():
        if not isinstance(value, str | int | float):
            raise Refused(400, f"attempt to add JSON parameter '{name}' which is no string, number or boolean")
    for name in given.keys() & backend.inputs:
        if isinstance(given[name], dict) or given[name] is None:
            raise Refused(400, f"The schema can not convert input '{name}' to tensor with proper shape")
    return {name: value for name, value in given.items() if name in backend.inputs}, parameters


def _sampling(found: dict[str, Any], parameters: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """What vLLM is told of sampling: an input of JSON text, or else every parameter."""
    if backend.sampling is None:
        return parameters
    text = found.get("sampling_parameters")
    try:
        said = msgspec.json.decode(text, type=dict[str, Any]) if isinstance(text, str) else parameters
    except msgspec.DecodeError as error:
        raise Refused(400, f"Error generating stream: {error}") from None
    odd = sorted(said.keys() - backend.sampling)
    if odd:
        raise Refused(500, f"Error generating stream: Unexpected keyword argument '{odd[0]}'")
    return said


def _schema(found: dict[str, Any]) -> Any:
    """TensorRT-LLM's guided decoding."""
    kind, guide = found.get("guided_decoding_guide_type"), found.get("guided_decoding_guide")
    if kind == "json":
        return {}
    if kind == "json_schema" and isinstance(guide, str):
        return msgspec.json.decode(guide)
    return None
