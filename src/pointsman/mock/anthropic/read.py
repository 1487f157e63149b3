"""What a request of ``/v1/messages`` asks, checked as strictly as Anthropic does. Pure; raises Refused."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pointsman.mock.asked import (
    PER_MESSAGE,
    PER_PICTURE,
    Asked,
    Tool,
    fields_of,
    model_of,
    parted,
    read_stop,
    read_tools,
    whole,
)
from pointsman.mock.message import Refused, Request
from pointsman.mock.words import estimate

FIELDS = frozenset(
    {"model", "messages", "max_tokens", "system", "stream", "stop_sequences", "temperature", "top_p", "top_k", "tools",
     "tool_choice", "thinking", "metadata", "output_config", "service_tier", "cache_control", "container",
     "inference_geo", "speed"}
)  # fmt: skip
COUNTED = FIELDS - {"max_tokens", "stream", "stop_sequences", "temperature", "top_p", "top_k", "metadata"}
SAMPLING = ("temperature", "top_p", "top_k")
WITHOUT_SAMPLING = "2026-10-21"
"""The first version of the API that refuses SAMPLING."""

PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
LEAST_BUDGET = 1024
_OLD = re.compile(r"claude-(?:[23]|[a-z]+-4-[0-5]\b)")
_NEW = re.compile(r"claude-[a-z]+-(?:4-[78]|[5-9])\b")
"""Names of models that think by a number of tokens alone, and of those that decide it, and have no temperature."""

_IDENT = re.compile(r"[a-zA-Z0-9_-]+")

Blocks = list[dict[str, Any]]


class Message(msgspec.Struct, frozen=True):
    """A request as read: ``cached`` are its tokens up to the last mark for the cache, ``thinks`` if it is to think."""

    asked: Asked
    cached: int
    thinks: bool


def read_message(request: Request, context_length: int) -> Message:
    fields = fields_of(request)
    _check_fields(request, fields, FIELDS)
    limit = whole(fields.get("max_tokens"))
    if "max_tokens" not in fields:
        raise Refused(400, "max_tokens: Field required")
    if limit is None or limit < 1:
        raise Refused(400, "max_tokens: Input should be greater than or equal to 1")
    turns = _turns(fields)
    tokens, cached = count_tokens(fields, turns)
    if tokens > context_length:
        raise Refused(400, f"prompt is too long: {tokens} tokens > {context_length} maximum")
    if tokens + limit > context_length:
        told = f"{tokens} + {limit} > {context_length}"
        raise Refused(400, f"input length and `max_tokens` exceed context limit: {told}, decrease input length or both")
    before, begun = parted(_plain(turns), unfinished=True)
    asked = Asked(
        model=model_of(fields),
        prompt="\n".join([_text(system) for system in _system(fields)] + [turn["content"] for turn in before]),
        prompt_tokens=tokens,
        begun=begun,
        limit=limit,
        stop=read_stop(fields.get("stop_sequences")),
        stream=fields.get("stream") is True,
        tools=_called(fields, turns),
        json_schema=_schema(fields),
    )
    return Message(asked, cached, _thinks(fields, limit))


def read_count(request: Request) -> int:
    """Tokens of a request that asks for no answer."""
    fields = fields_of(request)
    _check_fields(request, fields, COUNTED)
    return count_tokens(fields, _turns(fields))[0]


def count_tokens(fields: dict[str, Any], turns: list[tuple[str, Blocks]]) -> tuple[int, int]:
    """All tokens, and those up to the last block that is marked for the cache."""
    tokens = cached = 0
    for blocks in (_tools(fields), _system(fields), *[turn for _, turn in turns]):
        for block in blocks:
            tokens += PER_PICTURE if block.get("type") == "image" else estimate(_text(block))
            if block.get("cache_control"):
                cached = tokens
        tokens += PER_MESSAGE if blocks else 0
    return tokens, tokens if fields.get("cache_control") else cached


def _check_fields(request: Request, fields: dict[str, Any], known: frozenset[str]) -> None:
    version = next((value.decode() for name, value in request.headers if name.lower() == b"anthropic-version"), "")
    if not version:
        raise Refused(400, "anthropic-version: header is required")
    unknown = [name for name in fields if name not in known]
    unknown += [name for name in SAMPLING if name in fields and version >= WITHOUT_SAMPLING]
    if unknown:
        raise Refused(400, f"{unknown[0]}: Extra inputs are not permitted")
    temperature = fields.get("temperature", 1)
    if not isinstance(temperature, int | float) or not 0 <= temperature <= 1:
        raise Refused(400, "temperature: Input should be less than or equal to 1")
    if not model_of(fields):
        raise Refused(400, "model: Field required")
    if temperature != 1 and _NEW.match(model_of(fields)):
        raise Refused(400, "`temperature` is deprecated for this model.")


def _turns(fields: dict[str, Any]) -> list[tuple[str, Blocks]]:
    messages = fields.get("messages")
    if not isinstance(messages, list):
        raise Refused(400, "messages: Field required")
    if not messages:
        raise Refused(400, "messages: at least one message is required")
    turns: list[tuple[str, Blocks]] = []
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("user", "assistant"):
            raise Refused(400, f"messages.{number}.role: Input should be 'user' or 'assistant'")
        blocks = _blocks(message.get("content"), f"messages.{number}.content")
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, blocks))
    _check_results(turns)
    return turns


def _blocks(content: Any, place: str) -> Blocks:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or not content:
        raise Refused(400, f"{place}: Input should be a valid list")
    for number, block in enumerate(content):
        _check_block(block, f"{place}.{number}")
    return content[:]


def _check_block(block: Any, place: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        if not isinstance(block.get("text"), str) or not block["text"]:
            raise Refused(400, "messages: text content blocks must be non-empty")
    elif kind == "image":
        _check_picture(block.get("source"), place)
    elif kind == "tool_use":
        named = isinstance(block.get("name"), str) and isinstance(block.get("input"), dict)
        if not named or not _IDENT.fullmatch(str(block.get("id"))):
            raise Refused(400, f"{place}.tool_use: Field required")
    elif kind == "tool_result":
        if isinstance(block.get("content"), list):
            _blocks(block["content"], f"{place}.content")
    elif kind not in ("thinking", "redacted_thinking", "document"):
        raise Refused(400, f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags")


def _check_picture(source: Any, place: str) -> None:
    kind = source.get("type") if isinstance(source, dict) else None
    good = kind == "url" and isinstance(source.get("url"), str)
    good = good or (kind == "base64" and source.get("media_type") in PICTURES and isinstance(source.get("data"), str))
    if not good:
        raise Refused(400, f"{place}.image.source: Input should be a valid image source")


def _check_results(turns: list[tuple[str, Blocks]]) -> None:
    """Every call is answered in the next turn, and nothing is that was not called."""
    called: set[str] = set()
    for role, blocks in turns:
        answered = {str(block.get("tool_use_id")) for block in blocks if block["type"] == "tool_result"}
        if answered - called:
            odd = ", ".join(sorted(answered - called))
            raise Refused(400, f"messages: unexpected `tool_use_id` found in `tool_result` blocks: {odd}")
        if role == "user" and called - answered:
            odd = ", ".join(sorted(called - answered))
            raise Refused(400, f"messages: `tool_use` ids were found without `tool_result` blocks after: {odd}")
        called = {block["id"] for block in blocks if block["type"] == "tool_use"}


def _system(fields: dict[str, Any]) -> Blocks:
    return _blocks(fields["system"], "system") if fields.get("system") else []


def _tools(fields: dict[str, Any]) -> Blocks:
    tools = fields.get("tools") or []
    for number, tool in enumerate(tools if isinstance(tools, list) else [None]):
        schema = tool.get("input_schema") if isinstance(tool, dict) else None
        if not isinstance(schema, dict) or schema.get("type") != "object" or not isinstance(tool.get("name"), str):
            raise Refused(400, f"tools.{number}.custom.input_schema.type: Field required")
    return list(tools)


def _text(block: dict[str, Any]) -> str:
    """What a block says, or how long it is about."""
    content = block.get("content")
    if block.get("type") == "tool_result" and isinstance(content, list):
        return "\n".join(_text(part) for part in content)
    for value in (block.get("text"), content, block.get("thinking")):
        if isinstance(value, str):
            return value
    return f"<{block.get('type', 'tool')}>"


def _plain(turns: list[tuple[str, Blocks]]) -> list[dict[str, Any]]:
    """Turns of text, and whose result is the last word."""
    plain = []
    for role, blocks in turns:
        spoken = "tool" if any(block["type"] == "tool_result" for block in blocks) else role
        plain.append({"role": spoken, "content": "\n".join(map(_text, blocks))})
    return plain


def _called(fields: dict[str, Any], turns: list[tuple[str, Blocks]]) -> tuple[Tool, ...]:
    tools = [{"function": {"name": t["name"], "parameters": t["input_schema"]}} for t in _tools(fields)]
    choice = fields.get("tool_choice") or {}
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind is not None and not tools:
        raise Refused(400, "tool_choice: tool_choice may only be specified while providing tools")
    word = {"any": "required", "none": "none", "tool": choice}.get(str(kind), "auto")
    many = not (isinstance(choice, dict) and choice.get("disable_parallel_tool_use") is True)
    return read_tools({"tools": tools, "tool_choice": word, "parallel_tool_calls": many}, _plain(turns))


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, f"{name}: Input should be an object")
    return value


def _schema(fields: dict[str, Any]) -> Any:
    form = _object(fields, "output_config").get("format") or {}
    if form and (
        not isinstance(form, dict) or form.get("type") != "json_schema" or not isinstance(form.get("schema"), dict)
    ):
        raise Refused(400, "output_config.format: Input should be a valid json_schema")
    return form.get("schema")


def _thinks(fields: dict[str, Any], limit: int) -> bool:
    thinking, model = _object(fields, "thinking"), model_of(fields)
    kind = str(thinking.get("type", "disabled"))
    if (kind, True) in (("enabled", _NEW.match(model) is not None), ("adaptive", _OLD.match(model) is not None)):
        raise Refused(400, f'"thinking.type.{kind}" is not supported for this model.')
    if kind == "enabled":
        budget = whole(thinking.get("budget_tokens")) or 0
        if budget < LEAST_BUDGET:
            raise Refused(
                400, f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}"
            )
        if budget >= limit:
            raise Refused(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")
    elif kind not in ("disabled", "adaptive"):
        raise Refused(400, f"thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    return kind != "disabled"
