"""/v1/images/…: pictures of one pixel, whose colour follows from the prompt, and from the picture that is edited or
varied. Whole, or as events.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from hashlib import sha256, shake_128
from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import whole
from pointsman.mock.events import event
from pointsman.mock.message import SSE, Answer, Refused, Stream, json_reply
from pointsman.mock.words import estimate

if TYPE_CHECKING:
    from pointsman.mock.form import Form

MOST, MOST_PARTIAL = 10, 3
TOKENS = 272
"""What a picture counts as."""

LOOKS = {"size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png"}


def generated(fields: dict[str, Any], created: int, headers: bytes) -> Answer:
    return _answer("image_generation", fields, created, headers)


def edited(form: Form, created: int, headers: bytes) -> Answer:
    return _answer("image_edit", _read(form), created, headers)


def varied(form: Form, created: int, headers: bytes) -> Answer:
    """The one question without words."""
    return _answer("image_variation", {**_read(form), "prompt": "", "stream": False}, created, headers)


def _read(form: Form) -> dict[str, Any]:
    """The fields of a form as JSON has them, and the digest of its picture."""
    image = form.files.get("image") or form.files.get("image[]")
    if not image:
        raise Refused(400, "Missing required parameter: 'image'.", param="image", code="missing_required_parameter")
    fields: dict[str, Any] = dict(form.texts)
    for name in ("n", "partial_images"):
        if name in fields and fields[name].isdecimal():
            fields[name] = int(fields[name])
    return {**fields, "stream": fields.get("stream") == "true", "of": sha256(image).hexdigest()}


def _answer(what: str, fields: dict[str, Any], created: int, headers: bytes) -> Answer:
    prompt = fields.get("prompt")
    if not isinstance(prompt, str):
        raise Refused(400, "Missing required parameter: 'prompt'.", param="prompt", code="missing_required_parameter")
    number = _within(fields, "n", 1, MOST, 1)
    partial = _within(fields, "partial_images", 0, MOST_PARTIAL, 0)
    looks = {name: fields.get(name, usual) for name, usual in LOOKS.items()}
    if looks["output_format"] != "png":
        raise Refused(400, "Pictures are simulated as png alone.", param="output_format", code="invalid_value")
    shown, usage = f"{prompt}{fields.get('of', '')}", _usage(prompt, number)
    if fields.get("stream") is True:
        return _stream(what, shown, {**looks, "created_at": created}, partial, usage, headers)
    data = [{"b64_json": picture(f"{shown}\0{n}")} for n in range(number)]
    return json_reply(
        {"created": created, **looks, "data": data, "usage": usage}, headers=headers, tokens=number, slow=True
    )


def _stream(
    what: str, shown: str, common: dict[str, Any], partial: int, usage: dict[str, Any], headers: bytes
) -> Stream:
    """A step each unfinished picture; the last is the end."""
    begun = [
        event(
            {
                "type": f"{what}.partial_image",
                "b64_json": picture(f"{shown}\0{n}\0partial"),
                "partial_image_index": n,
                **common,
            }
        )
        for n in range(partial)
    ]
    end = event({"type": f"{what}.completed", "b64_json": picture(f"{shown}\0{0}"), **common, "usage": usage})
    return Stream(SSE, iter(begun), closing=end, headers=headers, end=end)


def picture(text: str) -> str:
    """A PNG of one pixel, in base64."""
    colour = shake_128(text.encode("utf-8", "surrogatepass")).digest(3)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + colour)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def _within(fields: dict[str, Any], name: str, low: int, high: int, usual: int) -> int:
    value = fields.get(name)
    number = usual if value is None else whole(value)
    if number is None or not low <= number <= high:
        raise Refused(400, f"'{name}' is a whole number from {low} to {high}.", param=name, code="invalid_value")
    return number


def _usage(prompt: str, number: int) -> dict[str, Any]:
    asked, made = estimate(prompt), TOKENS * number
    return {
        "input_tokens": asked,
        "input_tokens_details": {"text_tokens": asked, "image_tokens": 0},
        "output_tokens": made,
        "total_tokens": asked + made,
    }
