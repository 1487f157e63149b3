"""A conversation without thoughts that nobody signed: another provider had them, and Anthropic refuses them.

All else stays as it was written, figures and escapes too; what can't be read is left as it is.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.providers.said import NOT_JSON

Turn = dict[str, msgspec.Raw]


class _Block(msgspec.Struct, gc=False):
    type: Any = None
    signature: Any = None


_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_turn = msgspec.json.Decoder(Turn).decode
_decode_block = msgspec.json.Decoder(_Block).decode
_encode = msgspec.json.Encoder().encode


def signed(messages: msgspec.Raw) -> msgspec.Raw:
    """A turn of which nothing is left is left out, and those around it, of one role, become one. Where all would be
    left out nothing is.
    """
    turns = _listed(messages)
    if turns is None:
        return messages
    kept: list[msgspec.Raw] = []
    gap = False
    for turn in turns:
        left = _without(turn)
        if left is None:
            gap = True
            continue
        joined = _joined(kept[-1], left) if gap and kept else None
        gap = False
        if joined is not None:
            kept[-1] = joined
        else:
            kept.append(left)
    return _array(kept) if kept else messages


def _without(turn: msgspec.Raw) -> msgspec.Raw | None:
    """A turn without what is unsigned; None if that was all of it."""
    fields = _fields(turn)
    blocks = _listed(fields.get("content"))
    left = [block for block in blocks or () if not _unsigned(block)]
    if blocks is None or len(left) == len(blocks):
        return turn
    return msgspec.Raw(_encode({**fields, "content": _array(left)})) if left else None


def _joined(first: msgspec.Raw, second: msgspec.Raw) -> msgspec.Raw | None:
    """Two turns as one; None if they have different roles, or anything besides that nobody could join."""
    before, after = _fields(first), _fields(second)
    if set(before) != {"role", "content"} or set(after) != set(before) or before["role"] != after["role"]:
        return None
    blocks = [*_blocks(before["content"]), *_blocks(after["content"])]
    return msgspec.Raw(_encode({**before, "content": _array(blocks)}))


def _blocks(content: msgspec.Raw) -> list[msgspec.Raw]:
    """A text is one block."""
    listed = _listed(content)
    return [msgspec.Raw(_encode({"type": "text", "text": content}))] if listed is None else listed


def _unsigned(block: msgspec.Raw) -> bool:
    try:
        found = _decode_block(block)
    except NOT_JSON:
        return False
    return found.type == "thinking" and not found.signature


def _fields(turn: msgspec.Raw) -> Turn:
    try:
        return _decode_turn(turn)
    except NOT_JSON:
        return {}


def _listed(value: msgspec.Raw | None) -> list[msgspec.Raw] | None:
    try:
        return _decode_list(value) if value else None
    except NOT_JSON:
        return None


def _array(values: list[msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(b"[%b]" % b",".join(map(bytes, values)))
