"""Values that a wire format of its own has to look into: a request's fields, images, figures.

OpenAI's dialect passes on what nobody can read; where a request is written anew it is refused by name.
"""

from __future__ import annotations

import array
import base64
import binascii
import sys
from typing import Any

import msgspec

from pointsman.model.outcome import MOST_TOKENS
from pointsman.model.request import Fields
from pointsman.providers.shapes import Inexpressible

LARGE, MOST_PARTS = 256 * 1024, 100_000

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def values_of(body: Fields) -> dict[str, Any]:
    """All fields' values. Raises Inexpressible."""
    return {name: _value(name, raw) for name, raw in body.items()}


def _value(name: str, raw: msgspec.Raw) -> Any:
    try:
        return _decode(_bounded(name, raw))
    except UNREADABLE as error:
        raise Inexpressible(name, f"this provider can't take it: {error}") from error


def _bounded(name: str, raw: msgspec.Raw) -> bytes:
    """A field of very many small parts would cost far more memory than it has bytes: it is not taken apart."""
    data = bytes(raw)
    if len(data) > LARGE and data.count(b"{") + data.count(b"[") > MOST_PARTS:
        raise Inexpressible(name, f"more than {MOST_PARTS} parts can't be sent to this provider")
    return data


def written(fields: dict[str, Any]) -> bytes:
    """A request's body. Raises Inexpressible if it is nested too deeply."""
    try:
        return _encode(fields)
    except RecursionError as error:
        raise Inexpressible("request", "it is nested too deeply for this provider") from error


def arguments_of(function: dict[str, Any]) -> Any:
    """What a tool call of a conversation was made with; none are an empty object. Raises Inexpressible."""
    arguments = function.get("arguments") or "{}"
    if not isinstance(arguments, str):
        return arguments
    try:
        return _decode(arguments)
    except UNREADABLE as error:
        raise Inexpressible("messages", "the arguments of a tool call are not JSON") from error


def image_url(part: dict[str, Any]) -> str:
    """Where a part of type ``image_url`` says that its image is; empty if it does not."""
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    return url if isinstance(url, str) else ""


def image_data(url: str, what: str = "an image") -> tuple[str, str] | None:
    """Media type and base64 data of a ``data:`` address; None for any other. Raises Inexpressible for broken base64."""
    head, _, data = url.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64")):
        return None
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Inexpressible("messages", f"{what} is not valid base64") from error
    return head[len("data:") :].partition(";")[0], data


def count(figure: Any) -> int:
    """A figure that makes no sense is not believed; the answer it comes with still is one."""
    return figure if type(figure) is int and 0 <= figure <= MOST_TOKENS else 0


def packed(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64, as OpenAI packs embeddings. Raises TypeError, OverflowError for others."""
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
