"""What a request of Converse asks, checked as strictly as Bedrock does. Pure; raises Refused."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import msgspec

from pointsman.mock.asked import PER_MESSAGE, PER_PICTURE, Asked, Tool, fields_of, parted, read_stop, read_tools, whole
from pointsman.mock.message import Refused, Request, encode
from pointsman.mock.words import estimate

FIELDS = frozenset(
    {"messages", "system", "inferenceConfig", "toolConfig", "guardrailConfig", "additionalModelRequestFields",
     "promptVariables", "additionalModelResponseFieldPaths", "requestMetadata", "performanceConfig", "serviceTier",
     "outputConfig"}
)  # fmt: skip
CONFIG = frozenset({"maxTokens", "temperature", "topP", "stopSequences"})
BLOCKS = frozenset(
    {"text", "image", "document", "video", "audio", "toolUse", "toolResult", "guardContent", "cachePoint",
     "reasoningContent", "citationsContent", "searchResult"}
)  # fmt: skip
PICTURES = ("png", "jpeg", "gif", "webp")
LEAST_BUDGET = 1024

_IDENT = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

Blocks = list[dict[str, Any]]
Turns = list[tuple[str, Blocks]]

_decode = msgspec.json.Decoder().decode


class Conversed(msgspec.Struct, frozen=True):
    """A request as read: ``cached`` are its tokens up to the last mark for the cache, ``thinks`` if it is to think."""

    asked: Asked
    cached: int
    thinks: bool


def read_converse(request: Request, context_length: int, *, stream: bool) -> Conversed:
    fields = fields_of(request)
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise invalid(f"extraneous key [{unknown[0]}] is not permitted")
    config = _object(fields, "inferenceConfig")
    _check_config(config)
    turns = _turns(fields)
    system = _blocks(fields.get("system", []), "system")
    tools = _tools(fields, turns)
    tokens, cached = _count(tools, system, turns)
    if tokens > context_length:
        raise invalid("Input is too long for requested model.")
    before, begun = parted(_plain(turns), unfinished=True)
    limit = whole(config.get("maxTokens"))
    asked = Asked(
        model=request.named,
        prompt="\n".join([_text(block) for block in system] + [turn["content"] for turn in before]),
        prompt_tokens=tokens,
        begun=begun,
        limit=limit,
        stop=read_stop(config.get("stopSequences")),
        stream=stream,
        tools=_called(fields, tools, turns),
        json_schema=_schema(fields),
    )
    return Conversed(asked, cached, _thinks(fields, limit))


def invalid(message: str) -> Refused:
    return Refused(400, message, code="ValidationException")


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name, {})
    if not isinstance(value, dict):
        raise invalid(f"{name}: expected type: JSONObject")
    return value


def _check_config(config: dict[str, Any]) -> None:
    for name in config.keys() - CONFIG:
        raise invalid(f"inferenceConfig: extraneous key [{name}] is not permitted")
    limit = config.get("maxTokens")
    if limit is not None and (whole(limit) or 0) < 1:
        raise invalid("inferenceConfig.maxTokens must be greater than or equal to 1")
    for name in ("temperature", "topP"):
        value = config.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise invalid(f"inferenceConfig.{name} must be from 0 to 1")
    if not isinstance(config.get("stopSequences", []), list):
        raise invalid("inferenceConfig.stopSequences: expected type: JSONArray")


def _turns(fields: dict[str, Any]) -> Turns:
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    turns: Turns = []
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("user", "assistant"):
            raise invalid(f"messages.{number}.role must satisfy enum value set: [user, assistant]")
        if not turns and role != "user":
            raise invalid("A conversation must start with a user message. Try again with a conversation that does.")
        if turns and turns[-1][0] == role:
            raise invalid("A conversation must alternate between user and assistant roles.")
        turns.append((role, _blocks(message.get("content"), f"messages.{number}.content")))
    _check_results(turns)
    return turns


def _blocks(content: Any, place: str) -> Blocks:
    if not isinstance(content, list):
        raise invalid(f"{place}: expected type: JSONArray")
    for number, block in enumerate(content):
        _check_block(block, f"{place}.{number}")
    return content


def _check_block(block: Any, place: str) -> None:
    kinds = [name for name in block if name in BLOCKS] if isinstance(block, dict) else []
    if len(kinds) != 1 or len(block) != 1:
        raise invalid(f"{place}: ContentBlock object must set one of the following keys: text, image, toolUse, …")
    kind, value = kinds[0], block[kinds[0]]
    if kind == "text":
        if not isinstance(value, str) or not value.strip():
            raise invalid(f"The text field in the ContentBlock object at {place} is blank. Add text and try again.")
    elif not isinstance(value, dict):
        raise invalid(f"{place}.{kind}: expected type: JSONObject")
    elif kind in CHECKS:
        CHECKS[kind](value, f"{place}.{kind}")


def _check_call(call: dict[str, Any], place: str) -> None:
    named = _NAME.fullmatch(str(call.get("name"))) and isinstance(call.get("input"), dict)
    if not named or not _IDENT.fullmatch(str(call.get("toolUseId"))):
        raise invalid(f"{place} is not valid")


def _check_result(result: dict[str, Any], place: str) -> None:
    for number, part in enumerate(result.get("content", [None])):
        if not isinstance(part, dict) or not part.keys() <= {"text", "json", "image", "document", "video"}:
            raise invalid(f"{place}.content.{number} is not valid")


def _check_point(point: dict[str, Any], place: str) -> None:
    if point.get("type") != "default":
        raise invalid(f"{place}.type must satisfy enum value set: [default]")


def _check_picture(picture: dict[str, Any], place: str) -> None:
    source = picture.get("source")
    data = source.get("bytes") if isinstance(source, dict) else None
    if picture.get("format") not in PICTURES or not isinstance(data, str):
        raise invalid(f"{place} is not valid")
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{place}.source.bytes is no base64") from None


CHECKS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "image": _check_picture,
    "toolUse": _check_call,
    "toolResult": _check_result,
    "cachePoint": _check_point,
}
"""Kinds of blocks that are looked into."""


def _check_results(turns: Turns) -> None:
    """Every call is answered in the next turn, and nothing is that was not called."""
    called: set[str] = set()
    for role, blocks in turns:
        answered = {str(block["toolResult"].get("toolUseId")) for block in blocks if "toolResult" in block}
        if role == "user" and answered != called:
            odd = ", ".join(sorted(answered ^ called))
            raise invalid(f"Expected toolResult blocks at messages for the following Ids: {odd}")
        called = {block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block}


def _tools(fields: dict[str, Any], turns: Turns) -> Blocks:
    config = _object(fields, "toolConfig")
    tools = config.get("tools", [])
    if not tools:
        used = any("toolUse" in block or "toolResult" in block for _, blocks in turns for block in blocks)
        if used:
            raise invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
        if config:
            raise invalid("toolConfig.tools must have length greater than or equal to 1")
        return []
    for number, tool in enumerate(tools):
        spec = tool.get("toolSpec") if isinstance(tool, dict) else None
        if isinstance(tool, dict) and "cachePoint" in tool:
            continue
        schema = spec.get("inputSchema", {}).get("json") if isinstance(spec, dict) else None
        if not isinstance(spec, dict) or not _NAME.fullmatch(str(spec.get("name"))) or not isinstance(schema, dict):
            raise invalid(f"toolConfig.tools.{number}.toolSpec is not valid")
        if spec.get("description") == "":
            raise invalid(f"toolConfig.tools.{number}.toolSpec.description must not be empty")
        if schema.get("type") != "object":
            raise invalid(f"toolConfig.tools.{number}.toolSpec.inputSchema.json.type must be one of: object")
    return list(tools)


def _called(fields: dict[str, Any], tools: Blocks, turns: Turns) -> tuple[Tool, ...]:
    specs = [tool["toolSpec"] for tool in tools if "toolSpec" in tool]
    offered = [{"function": {"name": spec["name"], "parameters": spec["inputSchema"]["json"]}} for spec in specs]
    choice = _object(_object(fields, "toolConfig"), "toolChoice")
    if len(choice.keys() & {"auto", "any", "tool"}) != len(choice) or len(choice) > 1:
        raise invalid("toolConfig.toolChoice must set one of the following keys: auto, any, tool")
    word: Any = "required" if "any" in choice else {"name": choice["tool"].get("name")} if "tool" in choice else "auto"
    return read_tools({"tools": offered, "tool_choice": word}, _plain(turns))


def _count(tools: Blocks, system: Blocks, turns: Turns) -> tuple[int, int]:
    """All tokens, and those up to the last mark for the cache."""
    tokens = cached = 0
    for blocks in (tools, system, *[blocks for _, blocks in turns]):
        for block in blocks:
            if "cachePoint" in block:
                cached = tokens
            else:
                tokens += PER_PICTURE if "image" in block else estimate(_text(block))
        tokens += PER_MESSAGE if blocks else 0
    return tokens, cached


def _text(block: dict[str, Any]) -> str:
    """What a block says, or how long it is about."""
    text = block.get("text")
    if isinstance(text, str):
        return text
    result = block.get("toolResult")
    if isinstance(result, dict):
        return "\n".join(_text(part) for part in result["content"])
    return "" if "cachePoint" in block else encode(block).decode()[:64]


def _plain(turns: Turns) -> list[dict[str, Any]]:
    """Turns of text, and whose result is the last word."""
    plain = []
    for role, blocks in turns:
        spoken = "tool" if any("toolResult" in block for block in blocks) else role
        plain.append({"role": spoken, "content": "\n".join(filter(None, map(_text, blocks)))})
    return plain


def _schema(fields: dict[str, Any]) -> Any:
    form = _object(_object(fields, "outputConfig"), "textFormat")
    if not form:
        return None
    told = _object(_object(form, "structure"), "jsonSchema").get("schema")
    try:
        schema = _decode(told) if form.get("type") == "json_schema" and isinstance(told, str) else None
    except msgspec.DecodeError:
        schema = None
    if not isinstance(schema, dict):
        raise invalid("outputConfig.textFormat is not valid")
    return schema


def _thinks(fields: dict[str, Any], limit: int | None) -> bool:
    more = _object(fields, "additionalModelRequestFields")
    thinking = _object(more, "thinking")
    if thinking.get("type") == "enabled":
        budget = whole(thinking.get("budget_tokens")) or 0
        if budget < LEAST_BUDGET or (limit is not None and budget >= limit):
            told = "thinking.enabled.budget_tokens: Input should be at least 1024 and less than max_tokens"
            raise invalid(f"The model returned the following errors: {told}")
    wishes = (thinking.get("type"), _object(more, "reasoningConfig").get("type"))
    return not {"enabled", "adaptive"}.isdisjoint(wishes) or "reasoning_effort" in more
