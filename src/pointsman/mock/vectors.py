"""Embeddings without a model: hashed words, so that equal texts are equal and similar texts are near. Unit length."""

from __future__ import annotations

import math
import re
from array import array
from base64 import b64encode
from hashlib import shake_128
from sys import byteorder

_WORD = re.compile(r"\w+")
SPREAD = 8
"""Coordinates each word falls on."""


def embed(text: str, size: int, dimensions: int | None = None) -> list[float]:
    """The text's vector of ``size``, or its first ``dimensions`` coordinates made unit length again."""
    vector = [0.0] * size
    for word in _WORD.findall(text.lower()) or [text]:
        digest = shake_128(word.encode("utf-8", "surrogatepass")).digest(4 * SPREAD)
        for place in range(0, len(digest), 4):
            number = int.from_bytes(digest[place : place + 4], "big")
            vector[(number >> 1) % size] += 1.0 if number & 1 else -1.0
    return _unit(vector[:dimensions] if dimensions is not None else vector)


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(math.fsum(x * x for x in vector))
    if length == 0.0:
        return [1.0] + [0.0] * (len(vector) - 1)
    return [x / length for x in vector]


def base64_floats(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64, as ``encoding_format: base64`` wants them."""
    floats = array("f", vector)
    if byteorder == "big":
        floats.byteswap()
    return b64encode(floats.tobytes()).decode()
