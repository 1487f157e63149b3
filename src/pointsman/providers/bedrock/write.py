"""From an OpenAI-shaped request to Converse's. What it has no words for is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers.bedrock.conversation import cache_point, called, conversation, goes_on
from pointsman.providers.bedrock.embeddings import EMBEDDED, write_embeddings
from pointsman.providers.bedrock.families import limit_tokens, think
from pointsman.providers.lacking import SERVICE, lacking, refuse, usual
from pointsman.providers.located import part_of_path
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.values import values_of, written

RENAMED = {
    "max_tokens": "maxTokens",
    "max_completion_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop": "stopSequences",
    "stop_sequences": "stopSequences",
}
"""OpenAI's name -> Converse's, in ``inferenceConfig``."""

OWN = frozenset(
    {"guardrailConfig", "additionalModelResponseFieldPaths", "promptVariables", "requestMetadata",
     "performanceConfig", "serviceTier", "outputConfig"}
)  # fmt: skip
"""Fields of Converse's own, passed on as they are."""

KEPT = frozenset({"guardrailConfig"})
"""Fields of which the deployment's word counts before the caller's: nobody takes an operator's guardrail away."""

SECTION = "additionalModelRequestFields"

MORE = frozenset({"thinking", "anthropic_beta", "reasoningConfig"})
"""Fields that some models know, passed on among ``additionalModelRequestFields``."""

HANDLED = frozenset(
    {"model", "messages", "prompt", "input", "stream", "tools", "tool_choice", "parallel_tool_calls", "response_format",
     "reasoning_effort", "top_k", SECTION, "service_tier"}
)  # fmt: skip
"""Handled one by one below."""

TAKES = HANDLED | SERVICE | OWN | MORE | RENAMED.keys() | EMBEDDED
"""Anything else is refused."""

HOTTEST = 1
"""Converse's temperatures end here, OpenAI's at 2."""

TIERS = ("default", "flex", "priority", "reserved")
"""Values of ``service_tier`` that Bedrock has too; the others leave it to the service."""


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible for what Converse has no words for."""
    refuse(lacking(request.body, frozenset(), TAKES))
    body = _allowed(values_of(request.body), deployment.params)
    asked = {name: value for name, value in {**deployment.params, **body}.items() if value is not None}
    if request.endpoint == "embeddings":
        return WireRequest(path_of(model, "invoke"), written(write_embeddings(asked, model)))
    out: dict[str, Any] = {}
    CONTENT[request.endpoint](asked, out)
    config: dict[str, Any] = {}
    more = {**_object(deployment.params, SECTION), **_object(body, SECTION)}
    _spread(deployment.params, out, config, more, "; the deployment's litellm_params say it")
    _spread(body, out, config, more)  # the caller's word wins, whichever way the two spell a field
    _settle(config)
    if config:
        out["inferenceConfig"] = config
    _tools(asked, out)
    if asked.get("service_tier") in TIERS:
        out.setdefault("serviceTier", {"type": asked["service_tier"]})
    if "response_format" in asked:
        _format(asked["response_format"], out)
    if "top_k" in asked:
        limit_tokens(asked["top_k"], model, more)
    if "reasoning_effort" in asked:
        think(asked["reasoning_effort"], model, out, more, going_on=goes_on(out["messages"]))
    if more:
        out[SECTION] = more
    return WireRequest(path_of(model, "converse-stream" if request.stream else "converse"), written(out))


@lru_cache(1024)
def path_of(model: str, question: str) -> str:
    """The model's name is one part of the path, whatever an ARN has in it. Raises Inexpressible."""
    return f"/model/{part_of_path(model)}/{question}"


def _allowed(body: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What a caller may say, as the deployment has it."""
    kept = [name for name in KEPT if params.get(name) is not None]
    return {name: value for name, value in body.items() if name not in kept} if kept else body


def _object(asked: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = asked.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Inexpressible(name, "an object is needed")
    return dict(value)


def _spread(
    layer: dict[str, Any], out: dict[str, Any], config: dict[str, Any], more: dict[str, Any], whose: str = ""
) -> None:
    """Each field where Converse has it. Raises Inexpressible; ``whose`` is said behind it."""
    for field, value in layer.items():
        if field in HANDLED or field in SERVICE:
            continue
        place, name = config, RENAMED.get(field)
        if name is None:
            place, name = (out if field in OWN else more), field
            if field not in OWN and field not in MORE:
                if not usual(field, value):
                    raise Inexpressible(field, f"this provider has no word for it{whose}")
                continue
        if value is None:
            place.pop(name, None)
        else:
            place[name] = value


def _settle(config: dict[str, Any]) -> None:
    if isinstance(config.get("stopSequences"), str):
        config["stopSequences"] = [config["stopSequences"]]
    heat = config.get("temperature")
    if isinstance(heat, int | float) and not isinstance(heat, bool):
        config["temperature"] = min(heat, HOTTEST)


def _chat(asked: dict[str, Any], out: dict[str, Any]) -> None:
    system, out["messages"] = conversation(asked.get("messages"))
    if system:
        out["system"] = system


def _complete(asked: dict[str, Any], out: dict[str, Any]) -> None:
    """A prompt is what a user says: Converse converses."""
    prompt = asked.get("prompt", "")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise Inexpressible("prompt", "this provider takes one prompt, as text")
    out["messages"] = [{"role": "user", "content": [{"text": prompt}]}]


CONTENT: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {"chat": _chat, "completions": _complete}


def _tools(asked: dict[str, Any], out: dict[str, Any]) -> None:
    """Tools, and who chooses among them; without tools there is nothing to choose. Bedrock takes no earlier calls
    without tools: those that were called are told then, by their names.
    """
    tools, choice = asked.get("tools"), asked.get("tool_choice")
    before = called(out["messages"])
    if not tools:
        if before:
            out["toolConfig"] = {"tools": [_tool({"function": {"name": name}}) for name in before]}
        return
    if not isinstance(tools, list):
        raise Inexpressible("tools", "a list of tools is needed")
    if asked.get("parallel_tool_calls") is False:
        raise Inexpressible("parallel_tool_calls", "this provider has no word for it")
    if choice == "none":
        if before:
            raise Inexpressible("tool_choice", "this provider has no none where tools were called before")
        return
    config: dict[str, Any] = {"tools": [block for tool in tools for block in (_tool(tool), *cache_point(tool))]}
    if choice is not None:
        config["toolChoice"] = _choice(choice)
    out["toolConfig"] = config


def _tool(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Inexpressible("tools", "this provider takes functions with a name")
    out: dict[str, Any] = {"name": function["name"]}
    if isinstance(function.get("description"), str) and function["description"].strip():
        out["description"] = function["description"]
    out["inputSchema"] = {"json": function.get("parameters") or {"type": "object", "properties": {}}}
    if function.get("strict") is True:
        out["strict"] = True
    return {"toolSpec": out}


def _choice(choice: Any) -> dict[str, Any]:
    if choice in ("auto", "required"):
        return {"any" if choice == "required" else "auto": {}}
    function = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return {"tool": {"name": function["name"]}}
    raise Inexpressible("tool_choice", "this provider knows auto, none, required and a function by its name")


def _format(wanted: Any, out: dict[str, Any]) -> None:
    """A schema is Converse's ``outputConfig.textFormat``, as text; JSON of any shape can't be asked for."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return
    given = wanted.get("json_schema") if kind == "json_schema" else None
    schema = given.get("schema") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(schema, dict):
        raise Inexpressible("response_format", "this provider takes text, and json_schema with a schema")
    told = {name: given[name] for name in ("name", "description") if isinstance(given.get(name), str)}
    shape = {"type": "json_schema", "structure": {"jsonSchema": {"schema": written(schema).decode(), **told}}}
    out["outputConfig"] = {"textFormat": shape, **_object(out, "outputConfig")}
