"""From an OpenAI-shaped request to Triton's. What it has no words for is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.triton.backends import BACKENDS, USUAL, Backend, is_input
from pointsman.providers.triton.paths import embeds_at, generates_at
from pointsman.providers.triton.prompt import OWN, prompt_of, template_of
from pointsman.providers.triton.tensors import USUAL_INPUT, tensor, texts
from pointsman.providers.values import values_of, written

SETTINGS = frozenset({"triton_backend", "triton_input", "triton_batched", "chat_template", *OWN})
"""Parameters of a deployment that say how its model is asked; they are never sent."""

Fields = dict[str, Any]

HANDLED = frozenset({"model", "messages", "prompt", "input", "stream", "response_format", "encoding_format"})

DROPPED = frozenset(
    {"stream_options", "metadata", "store", "service_tier", "user", "safety_identifier", "prediction", "verbosity",
     "prompt_cache_key", "prompt_cache_retention", "parallel_tool_calls", "tool_choice", "task"}
)  # fmt: skip
"""OpenAI's fields without a counterpart that are wishes, or concern the service alone: the answer is one without."""

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "suffix": ("",),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (["text"],),
    "tools": ([],),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "reasoning_effort": ("none",),
}
"""Fields without a counterpart, and the values that ask for nothing."""

BOUNDS = ("max_tokens", "max_completion_tokens")

USUAL_LENGTH = 2000
"""Tokens an answer may have where nobody says: TensorRT-LLM wants a number, vLLM's backend would end it after 16."""

DEPLOYMENTS = "; the deployment's litellm_params say it"

_encode = msgspec.json.Encoder().encode


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible for what Triton has no words for."""
    body = values_of(request.body)
    params = {name: value for name, value in deployment.params.items() if name not in SETTINGS}
    if request.endpoint == "embeddings":
        return _embed(body, params, deployment, model)
    path, wants_tensors = generates_at(deployment, model, stream=request.stream)
    backend = _backend(deployment)
    asked = {**params, **body}
    text = (
        prompt_of(asked.get("messages"), template_of(deployment.params))
        if request.endpoint == "chat"
        else _prompt(asked)
    )
    fields = {backend.bound: _longest(deployment), **({} if wants_tensors else backend.usual)}
    usual = fields.copy()
    _spread(params, fields, backend, usual, DEPLOYMENTS)
    _spread(body, fields, backend, usual)  # the caller's word wins, whichever way the two spell a field
    if asked.get("response_format") is not None:
        _format(asked["response_format"], fields, backend)
    limit = fields.get(backend.bound)
    limit = limit if type(limit) is int and not any(body.get(name) for name in BOUNDS) else None
    if wants_tensors:
        batched = deployment.params.get("triton_batched") is True
        inputs = [tensor(name, value, batched=batched) for name, value in {**fields, "text_input": text}.items()]
        return WireRequest(path, written({"inputs": inputs}), limit=limit)
    fields[backend.stream] = request.stream
    out = {**(_parted(fields) if backend.sampling else fields), "text_input": text}
    return WireRequest(path, written(out), limit=limit)


def _backend(deployment: Deployment) -> Backend:
    name = deployment.params.get("triton_backend", USUAL)
    found = BACKENDS.get(name) if isinstance(name, str) else None
    if found is None:
        raise Inexpressible("triton_backend", f"the deployment's litellm_params say none of {', '.join(BACKENDS)}")
    return found


def _longest(deployment: Deployment) -> int:
    told = deployment.info.get("max_output_tokens")
    return told if type(told) is int and told > 0 else USUAL_LENGTH


def _prompt(asked: Fields) -> str:
    prompt: Any = asked.get("prompt", "")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise Inexpressible("prompt", "this provider takes one prompt, as text")
    return prompt


def _spread(layer: Fields, fields: Fields, backend: Backend, usual: Fields, whose: str = "") -> None:
    """Raises Inexpressible; ``whose`` is said behind it. Who says null gets what is usual."""
    for field, value in layer.items():
        if field in HANDLED or field in DROPPED:
            continue
        if field in NEUTRAL or field in SETTINGS:
            if value is not None and not _asks_nothing(field, value):
                raise Inexpressible(field, f"this provider has no word for it{whose}")
            continue
        if isinstance(value, dict):
            raise Inexpressible(field, f"this provider takes a value, or a list of values of one type{whose}")
        for name in backend.names.get(field, (field,)):
            if value is not None:
                fields[name] = [value] if field == "stop" and isinstance(value, str) else value
            elif name in usual:
                fields[name] = usual[name]
            else:
                fields.pop(name, None)


def _asks_nothing(field: str, value: Any) -> bool:
    """0 is no False: it may ask for something."""
    return any(value == neutral and type(value) is type(neutral) for neutral in NEUTRAL.get(field, ()))


def _format(wanted: Any, fields: Fields, backend: Backend) -> None:
    """TensorRT-LLM's guided decoding, which a server has to be started with."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return
    given = wanted.get("json_schema") if kind == "json_schema" else None
    schema = given.get("schema") if isinstance(given, dict) else None
    if backend.guided and kind == "json_object":
        fields["guided_decoding_guide_type"] = "json"
    elif backend.guided and isinstance(schema, dict):
        fields["guided_decoding_guide_type"] = "json_schema"
        fields["guided_decoding_guide"] = _encode(schema).decode()
    else:
        takes = "text, json_object, and json_schema with a schema" if backend.guided else "text alone"
        raise Inexpressible("response_format", f"this provider takes {takes}")


def _parted(fields: Fields) -> Fields:
    """Inputs apart from what is said of sampling. Flags of ``return_`` that are not set are left out, so that a backend
    that does not know them does not take them for the latter.
    """
    inputs, sampling = {}, {}
    for name, value in fields.items():
        if not is_input(name):
            sampling[name] = value
        elif value or not name.startswith("return_"):
            inputs[name] = value
    if any(isinstance(value, list) for value in sampling.values()):
        return {**inputs, "sampling_parameters": _encode(sampling).decode()}
    return {"parameters": {**inputs, **sampling}}


def _embed(body: Fields, params: Fields, deployment: Deployment, model: str) -> WireRequest:
    given: Any = body.get("input")
    rows = given if isinstance(given, list) else [given]
    if not rows or not all(isinstance(text, str) for text in rows):
        raise Inexpressible("input", "this provider takes a text or a list of texts")
    for layer, whose in ((params, DEPLOYMENTS), (body, "")):
        for field, value in layer.items():
            if field not in HANDLED and field not in DROPPED and value is not None:
                raise Inexpressible(field, f"this provider has no word for it{whose}")
    name = deployment.params.get("triton_input", USUAL_INPUT)
    batched = deployment.params.get("triton_batched") is True
    return WireRequest(embeds_at(deployment, model), written({"inputs": [texts(str(name), rows, batched=batched)]}))
