"""/v1/images/generations: pictures of one pixel, whose colour follows from the prompt. Whole, or as events."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from hashlib import shake_128
from typing import Any

from pointsman.mock.asked import whole
from pointsman.mock.events import event
from pointsman.mock.message import SSE, Answer, Refused, Stream, json_reply
from pointsman.mock.words import estimate

MOST, MOST_PARTIAL = 10, 3
TOKENS = 272
"""What a picture counts as."""

LOOKS = {"size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png"}


def image_answer(fields: dict[str, Any], created: int, headers: bytes) -> Answer:
    prompt = fields.get("prompt")
    if not isinstance(prompt, str):
        raise Refused(400, "Missing required parameter: 'prompt'.", param="prompt", code="missing_required_parameter")
    number = _within(fields, "n", 1, MOST, 1)
    partial = _within(fields, "partial_images", 0, MOST_PARTIAL, 0)
    looks = {name: fields.get(name, usual) for name, usual in LOOKS.items()}
    if looks["output_format"] != "png":
        raise Refused(400, "Pictures are simulated as png alone.", param="output_format", code="invalid_value")
    if fields.get("stream") is True:
        return _stream(prompt, created, looks, partial, headers)
    data = [{"b64_json": picture(f"{prompt}\0{n}")} for n in range(number)]
    told = {"created": created, **looks, "data": data, "usage": _usage(prompt, number)}
    return json_reply(told, headers=headers, tokens=number, slow=True)


def _stream(prompt: str, created: int, looks: dict[str, Any], partial: int, headers: bytes) -> Stream:
    """A step each unfinished picture; the last is the end."""
    common = {**looks, "created_at": created}
    begun = [
        event(
            {
                "type": "image_generation.partial_image",
                "b64_json": picture(f"{prompt}\0{n}\0partial"),
                "partial_image_index": n,
                **common,
            }
        )
        for n in range(partial)
    ]
    done = {"type": "image_generation.completed", "b64_json": picture(f"{prompt}\0000"), **common}
    end = event({**done, "usage": _usage(prompt, 1)})
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
