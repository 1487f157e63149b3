"""A body as it was written, but for its model and what a deployment adds: blanks, escapes and order are kept.

It has at least one field that is no model: what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pointsman.model.request import Fields, Spelt

_NAME = re.compile(rb'[ \n\r\t]*+[{,][ \n\r\t]*+"(?:[^"\\]++|\\.)*+"[ \n\r\t]*+:[ \n\r\t]*+')
"""What stands before a member's value."""

_encode = msgspec.json.Encoder().encode


def passed_on(body: Fields, params: Mapping[str, Any], model: str) -> bytes:
    """A body as it came but for its ``model``, with those of ``params`` that it lacks."""
    if type(body) is Spelt:
        return with_model(body, params, model)
    fields: dict[str, Any] = {**params, **body}
    fields["model"] = model
    return _encode(fields)


def with_model(body: Spelt, params: Mapping[str, Any], model: str) -> bytes:
    """The text of ``body`` with ``model`` in the place of its own, or behind all else if it has none. Those of
    ``params`` that it lacks come first. Time is linear in the fields before the model, and one copy of the text.
    """
    text = memoryview(body.text)
    parts: list[bytes | memoryview] = []
    done = 0
    added = {name: value for name, value in params.items() if name not in body and name != "model"}
    if added:
        done = body.text.index(b"{") + 1
        parts += (text[:done], _encode(added)[1:-1], b",")
    start, end = _place(body)
    name = b"" if "model" in body else b',"model":'
    parts += (text[done:start], name, _encode(model), text[end:])
    return b"".join(parts)


def _place(body: Spelt) -> tuple[int, int]:
    """Where the model's value begins and ends, or where it may be put: the fields stand in the text in their order,
    none of them twice.
    """
    if "model" not in body:
        start = body.text.rindex(b"}")
        return start, start
    start = end = 0
    for name, value in body.items():
        found = _NAME.match(body.text, end)
        if found is None:
            raise ValueError("a body whose text is not that of its fields")
        start = found.end()
        end = start + len(value)
        if name == "model":
            break
    return start, end
