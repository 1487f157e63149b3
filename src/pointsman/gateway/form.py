"""Multipart forms: what of them routing must know, and where the model's name stands. What is meant for Pointsman is
taken out, as from a body; all else goes on as it came.
"""

from __future__ import annotations

from typing import Any

import msgspec
from python_multipart.multipart import parse_options_header

from pointsman.errors import InvalidBody, UnsupportedMedia
from pointsman.gateway import wishes
from pointsman.gateway.body import request_of
from pointsman.gateway.envelope import MALFORMED, Envelope, check_bounds, envelope_of, mistyped
from pointsman.gateway.hints import FIELDS as HINTED
from pointsman.gateway.parts import LONGEST, Part, Parts
from pointsman.model.request import Endpoint, Fields, Native, Request

LISTS = frozenset({"tags", "fallbacks", *wishes.TURNS})
"""Fields that may be a list with commas, or stand more than once, each time with a name."""

FLAGS = frozenset({"stream", "disable_fallbacks", "drop_params"})
NUMBERS = frozenset({*Envelope.__struct_fields__, *wishes.FIELDS} - {"model"} - FLAGS - LISTS)
"""Fields that are no texts in JSON."""

OWN = wishes.FIELDS | HINTED
"""Fields that Pointsman may take out."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_decode_number = msgspec.json.Decoder(float).decode


def is_form(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-type", b"").lower().startswith(b"multipart/")


def read_form(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """Raises InvalidBody, InvalidHeader or UnsupportedMedia, which name the place."""
    kind = headers.get(b"content-type", b"")
    media, options = parse_options_header(kind)
    boundary = options.get(b"boundary")
    if media != b"multipart/form-data" or not boundary:
        raise UnsupportedMedia("send this as multipart/form-data with a boundary")
    form = bytes(body)
    parts = Parts(form, boundary).texts
    fields = _fields(parts)
    try:
        seen = envelope_of(fields)
    except msgspec.ValidationError as error:
        raise mistyped(error) from None
    check_bounds(seen)
    request = request_of(endpoint, fields, seen, headers, sum(len(part.text) for part in parts), request_id)
    line = b"content-type: %b\r\n" % kind
    around = _around(form, boundary, parts, fields, request.body)
    return msgspec.structs.replace(request, native=Native("openai", request.body, {"model": endpoint}, line, around))


def _fields(parts: list[Part]) -> Fields:
    """The texts as they would stand in JSON. Of a field that is not looked at, whatever stands there."""
    said: dict[str, list[str]] = {}
    for part in parts:
        name = _name(part)
        if part.long and name in OWN:
            raise InvalidBody(f"{name} is longer than {LONGEST} bytes", param=name)
        if name in said and name not in LISTS and (name in OWN or name in Envelope.__struct_fields__):
            raise InvalidBody(f"the form has the field {name!r} twice", param=name)
        try:
            said.setdefault(name, []).append(part.text.decode(errors="ignore" if part.long else "strict"))
        except UnicodeDecodeError:
            raise InvalidBody(f"{name[:100]} is not UTF-8", param=name[:100]) from None
    return {
        name: msgspec.Raw(_list(texts) if name in LISTS else _value(name, "".join(texts)))
        for name, texts in said.items()
    }


def _name(part: Part) -> str:
    """Clients of OpenAI's write ``tags[]`` for each of several."""
    name = part.name.removesuffix("[]")
    return name if name in LISTS else part.name


def _value(name: str, text: str) -> bytes:
    bare = text.strip()
    if name in FLAGS and bare.lower() in ("true", "false"):
        return bare.lower().encode()
    if name in NUMBERS and _is_json(bare, _decode_number):
        return bare.encode()
    if name == "metadata" and bare.startswith("{") and _is_json(bare, _decode):
        return bare.encode()
    return _encode(text)


def _list(texts: list[str]) -> bytes:
    """One text may be JSON's list; else names, with commas between them."""
    if len(texts) == 1 and texts[0].lstrip().startswith("[") and _is_json(texts[0], _decode):
        return texts[0].strip().encode()
    return _encode([name for text in texts for part in text.split(",") if (name := part.strip())])


def _is_json(text: str, decode: Any) -> bool:
    try:
        decode(text)
    except MALFORMED:
        return False
    return True


def _around(form: bytes, boundary: bytes, parts: list[Part], fields: Fields, left: Fields) -> tuple[bytes, bytes]:
    """What stands before the model's name, and behind it, without the fields that are not left; a form without a model
    gets a part for it.
    """
    said: list[bytes] = []
    before, at = None, 0
    for part in parts:
        name = _name(part)
        if name == "model":
            said.append(form[at : part.value])
            before, said, at = b"".join(said), [], part.end
        elif name in OWN and name not in left:
            said.append(form[at : part.begin])
            at = part.end + len(b"\r\n")
        elif name in OWN and left[name] != fields[name]:
            said += form[at : part.value], bytes(left[name])
            at = part.end
    said.append(form[at:])
    behind = b"".join(said)
    if before is None:
        return b'--%b\r\nContent-Disposition: form-data; name="model"\r\n\r\n' % boundary, b"\r\n" + behind
    return before, behind
