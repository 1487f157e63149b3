"""From an OpenAI-shaped request to Ollama's, with what a deployment sets: options, keep_alive and the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Fields, Request
from pointsman.providers.lacking import SERVICE, lacking, refuse
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.values import arguments_of, image_data, image_url, values_of, written

PATHS = {"chat": "/api/chat", "completions": "/api/generate", "embeddings": "/api/embed"}

TOP_LEVEL = frozenset({"keep_alive", "format", "think", "template", "raw", "system", "truncate", "dimensions"})
"""Fields of Ollama's requests that stand beside ``options``."""

AS_OPTION = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "stop": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
}
"""OpenAI's name -> Ollama's option."""

HANDLED = frozenset(
    {"model", "messages", "prompt", "input", "suffix", "stream", "tools", "tool_choice", "response_format", "options",
     "reasoning_effort", "encoding_format"}
)  # fmt: skip
"""Handled one by one below; the last where the answer is read."""

LACKS = frozenset(
    {"n", "best_of", "echo", "logprobs", "top_logprobs", "logit_bias", "tool_choice", "parallel_tool_calls",
     "functions", "function_call", "modalities", "audio", "verbosity", "web_search_options"}
)  # fmt: skip
"""OpenAI's fields without a counterpart. Any other that nobody knows is taken for an option of Ollama's."""

NOT_SENT = HANDLED | LACKS | SERVICE

EFFORTS: dict[str, str | bool] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}
"""OpenAI's ``reasoning_effort`` -> Ollama's ``think``."""


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible for what Ollama has no words for (LACKS, token arrays as prompts, several prompts)."""
    refuse(lacking(request.body, LACKS))
    body = values_of(request.body)
    if request.native is not None:
        body.pop(
            "reasoning_effort", None
        )  # some protocols' callers always say it, and models that can't think refuse it
    asked = {**deployment.params, **body}
    if isinstance(asked.get("n"), int) and asked["n"] > 1:
        raise Inexpressible("n", "this provider gives one answer a request")
    out: dict[str, Any] = {"model": model}
    if request.endpoint != "embeddings":
        out["stream"] = request.stream
    CONTENT[request.endpoint](asked, out)
    options: dict[str, Any] = {}
    for layer in (deployment.params, body):  # the caller's word wins, whichever way the two spell an option
        spread(layer, out, options)
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    if options:
        out["options"] = options
    if "response_format" in asked and (wanted := format_of(asked["response_format"])) is not None:
        out["format"] = wanted
    return WireRequest(PATHS[request.endpoint], written(out))


def spread(layer: dict[str, Any], out: dict[str, Any], options: dict[str, Any]) -> None:
    """Write what ``layer`` says into a request and its options, in the place of what they say."""
    options.update(_mapping(layer.get("options")))
    if layer.get("reasoning_effort") is not None:
        out["think"] = _effort(layer["reasoning_effort"])
    for field, value in layer.items():
        if field in NOT_SENT:
            continue
        place, name = (out, field) if field in TOP_LEVEL else (options, AS_OPTION.get(field, field))
        if value is None:
            place.pop(name, None)
        else:
            place[name] = value


def _effort(wanted: Any) -> str | bool:
    if not isinstance(wanted, str) or wanted not in EFFORTS:
        raise Inexpressible("reasoning_effort", f"this provider knows {', '.join(EFFORTS)}")
    return EFFORTS[wanted]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _chat(asked: Fields | dict[str, Any], out: dict[str, Any]) -> None:
    messages = asked.get("messages")
    if not isinstance(messages, list):
        raise Inexpressible("messages", "a list of messages is needed")
    names: dict[str, str] = {}
    out["messages"] = [_message(message, names) for message in messages]
    if asked.get("tools") and asked.get("tool_choice") != "none":
        out["tools"] = asked["tools"]


def _generate(asked: Fields | dict[str, Any], out: dict[str, Any]) -> None:
    prompt: Any = asked.get("prompt", "")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise Inexpressible("prompt", "this provider takes one prompt, as text")
    out["prompt"] = prompt
    if isinstance(asked.get("suffix"), str):
        out["suffix"] = asked["suffix"]


def _embed(asked: Fields | dict[str, Any], out: dict[str, Any]) -> None:
    given: Any = asked.get("input")
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Inexpressible("input", "this provider takes a text or a list of texts")
    out["input"] = given


CONTENT: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "chat": _chat,
    "completions": _generate,
    "embeddings": _embed,
}


def _message(message: Any, names: dict[str, str]) -> dict[str, Any]:
    """One message. ``names`` remembers which tool a call id stands for, since Ollama wants the tool's name back."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Inexpressible("messages", "each message is an object with a role")
    role = "system" if message["role"] == "developer" else message["role"]
    text, images = _content(message.get("content"))
    out: dict[str, Any] = {"role": role, "content": text}
    if images:
        out["images"] = images
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        out["tool_calls"] = [_tool_call(call, names) for call in calls]
    if role == "tool":
        name = message.get("name") or names.get(str(message.get("tool_call_id")))
        if name:
            out["tool_name"] = name
    return out


def _content(content: Any) -> tuple[str, list[str]]:
    if content is None or isinstance(content, str):
        return content or "", []
    texts: list[str] = []
    images: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "image_url":
            images.append(_image(part))
        else:
            raise Inexpressible("messages", f"content parts of type {kind!r} can't be sent to this provider")
    return "\n".join(texts), images


def _image(part: dict[str, Any]) -> str:
    found = image_data(image_url(part))
    if found is None:
        raise Inexpressible("messages", "this provider takes images as base64 data, not as addresses")
    return found[1]


def _tool_call(call: Any, names: dict[str, str]) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Inexpressible("messages", "a tool call needs a function with a name")
    names[str(call.get("id"))] = function["name"]
    return {"function": {"name": function["name"], "arguments": arguments_of(function)}}


def format_of(wanted: Any) -> Any:
    """OpenAI's ``response_format`` in Ollama's words; None for a text."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return "json"
    if kind == "json_schema":
        return _mapping(wanted.get("json_schema")).get("schema")
    return None
