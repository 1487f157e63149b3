"""From an OpenAI-shaped request to ``/v1/messages``. What Anthropic has no words for is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers.anthropic.conversation import conversation, goes_on
from pointsman.providers.anthropic.thinking import configure, think
from pointsman.providers.lacking import SERVICE, lacking, refuse, usual
from pointsman.providers.shapes import Inexpressible, versioned
from pointsman.providers.values import values_of, written

PATH = "/messages"

RENAMED = {
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop_sequences",
    "stop_sequences": "stop_sequences",
}
"""OpenAI's name -> Anthropic's."""

OWN = frozenset({"thinking", "output_config", "cache_control", "container", "inference_geo", "speed"})
"""Fields of Anthropic's own, passed on as they are."""

HANDLED = frozenset(
    {"model", "messages", "prompt", "input", "stream", "tools", "tool_choice", "parallel_tool_calls", "response_format",
     "reasoning_effort", "user", "safety_identifier"}
)  # fmt: skip
"""Handled one by one below."""

TAKES = HANDLED | SERVICE | OWN | RENAMED.keys()
"""Anything else is refused."""

USUAL_LENGTH = 4096
"""Tokens an answer may have where nobody says: Anthropic wants a number, and all its models can do that."""

HOTTEST = 1
"""Anthropic's temperatures end here, OpenAI's at 2."""

CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible for what Anthropic has no words for."""
    refuse(lacking(request.body, frozenset(), TAKES))
    body = values_of(request.body)
    asked = {name: value for name, value in {**deployment.params, **body}.items() if value is not None}
    out: dict[str, Any] = {"model": model}
    CONTENT[request.endpoint](asked, out)
    _spread(deployment.params, out, "; the deployment's litellm_params say it")
    _spread(body, out)  # the caller's word wins, whichever way the two spell a field
    if request.stream:
        out["stream"] = True
    if isinstance(out.get("stop_sequences"), str):
        out["stop_sequences"] = [out["stop_sequences"]]
    if _is_number(out.get("temperature")):
        out["temperature"] = min(out["temperature"], HOTTEST)
    bound = out.get("max_tokens", deployment.max_output)
    out["max_tokens"] = USUAL_LENGTH if bound is None else bound
    _tools(asked, out)
    user = asked.get("user", asked.get("safety_identifier"))
    if isinstance(user, str):
        out["metadata"] = {"user_id": user}
    if "response_format" in asked:
        _format(asked["response_format"], out)
    if "reasoning_effort" in asked:
        bound = bound if isinstance(bound, int) else None
        think(asked["reasoning_effort"], model, out, bound=bound, going_on=goes_on(out["messages"]))
    return WireRequest(versioned(deployment.provider.base_url, PATH), written(out))


def _spread(layer: dict[str, Any], out: dict[str, Any], whose: str = "") -> None:
    """Raises Inexpressible; ``whose`` is said behind it."""
    for field, value in layer.items():
        if field in HANDLED or field in SERVICE:
            continue
        name = field if field in OWN else RENAMED.get(field)
        if name is None:
            if not usual(field, value):
                raise Inexpressible(field, f"this provider has no word for it{whose}")
        elif value is None:
            out.pop(name, None)
        else:
            out[name] = value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _chat(asked: dict[str, Any], out: dict[str, Any]) -> None:
    system, out["messages"] = conversation(asked.get("messages"))
    if system:
        out["system"] = system


def _complete(asked: dict[str, Any], out: dict[str, Any]) -> None:
    """A prompt is what a user says: Anthropic's models only converse."""
    prompt = asked.get("prompt", "")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise Inexpressible("prompt", "this provider takes one prompt, as text")
    out["messages"] = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]


def _embed(_asked: dict[str, Any], _out: dict[str, Any]) -> None:
    raise Inexpressible("input", "this provider makes no embeddings")


CONTENT: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "chat": _chat,
    "completions": _complete,
    "embeddings": _embed,
}


def _tools(asked: dict[str, Any], out: dict[str, Any]) -> None:
    """Tools, and who chooses among them; without tools there is nothing to choose."""
    tools = asked.get("tools")
    if not tools:
        return
    if not isinstance(tools, list):
        raise Inexpressible("tools", "a list of tools is needed")
    out["tools"] = [_tool(tool) for tool in tools]
    choice = _choice(asked["tool_choice"]) if "tool_choice" in asked else None
    if asked.get("parallel_tool_calls") is False and choice != {"type": "none"}:
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    if choice is not None:
        out["tool_choice"] = choice


def _tool(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Inexpressible("tools", "this provider takes functions with a name")
    out = {"name": function["name"]}
    if isinstance(function.get("description"), str):
        out["description"] = function["description"]
    out["input_schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    if function.get("strict") is True:
        out["strict"] = True
    if tool.get("cache_control") is not None:
        out["cache_control"] = tool["cache_control"]
    return out


def _choice(choice: Any) -> dict[str, Any]:
    if isinstance(choice, str) and choice in CHOICES:
        return {"type": CHOICES[choice]}
    function = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return {"type": "tool", "name": function["name"]}
    raise Inexpressible("tool_choice", f"this provider knows {', '.join(CHOICES)} and a function by its name")


def _format(wanted: Any, out: dict[str, Any]) -> None:
    """A schema is Anthropic's ``output_config.format``; JSON of any shape can't be asked for."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return
    given = wanted.get("json_schema") if kind == "json_schema" else None
    schema = given.get("schema") if isinstance(given, dict) else None
    if not isinstance(schema, dict):
        raise Inexpressible("response_format", "this provider takes text, and json_schema with a schema")
    configure(out, "format", {"type": "json_schema", "schema": schema})
