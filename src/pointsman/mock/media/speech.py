"""/v1/audio/speech: a hum that is as long as the text, as bytes while it is spoken or as events."""

from __future__ import annotations

import struct
from array import array
from base64 import b64encode
from collections.abc import Callable
from hashlib import shake_128
from sys import byteorder
from typing import Any

from pointsman.mock.events import event
from pointsman.mock.message import SSE, Answer, Refused, Stream
from pointsman.mock.words import estimate

RATE = 24_000
"""Samples a second, of 16 bits."""

A_WORD = 0.1
"""Seconds that a word takes."""

LOUDNESS = 8000
MOST_CHARACTERS = 4096
FRAMES = 4
SILENCE = b"\xff\xfb\x90\x00" + bytes(413)
"""A frame of MPEG-1 Layer III in which nothing sounds: 128 kbit/s and 44.1 kHz make 417 bytes for 26 ms."""


def speech_answer(fields: dict[str, Any], headers: bytes) -> Answer:
    text = fields.get("input")
    for name in ("input", "voice"):
        if not isinstance(fields.get(name), str):
            raise Refused(400, f"'{name}' is a string.", param=name, code="missing_required_parameter")
    text = str(text)
    if not 0 < len(text) <= MOST_CHARACTERS:
        raise Refused(400, f"'input' has from 1 to {MOST_CHARACTERS} characters.", param="input", code="invalid_value")
    form = fields.get("response_format", "mp3")
    if form not in FORMATS:
        raise Refused(400, f"Sound is simulated as {', '.join(FORMATS)} alone.", param="response_format")
    kind, begins, says = FORMATS[form]
    words = text.split() or [text]
    opening, pieces = begins(len(words)), [says(f"{fields['voice']}\0{word}") for word in words]
    if fields.get("stream_format") != "sse":
        return Stream(kind, iter(pieces), opening=opening, headers=headers)
    told = [_delta(piece) for piece in [opening + pieces[0], *pieces[1:]]]
    usage = {"input_tokens": estimate(text), "output_tokens": len(words), "total_tokens": estimate(text) + len(words)}
    end = event({"type": "speech.audio.done", "usage": usage})
    return Stream(SSE, iter(told), closing=end, headers=headers, end=end)


def _delta(sound: bytes) -> bytes:
    return event({"type": "speech.audio.delta", "audio": b64encode(sound).decode()})


def _hum(word: str) -> bytes:
    """A square wave whose pitch follows from the word: little-endian samples."""
    half = 40 + shake_128(word.encode("utf-8", "surrogatepass")).digest(1)[0] % 60
    samples = array("h", [LOUDNESS if n // half % 2 else -LOUDNESS for n in range(int(RATE * A_WORD))])
    if byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _wav(words: int) -> bytes:
    """The head of a file with so many words in it."""
    size = words * int(RATE * A_WORD) * 2
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)


def _headless(_words: int) -> bytes:
    return b""


def _silent(_word: str) -> bytes:
    return SILENCE * FRAMES


FORMATS: dict[str, tuple[bytes, Callable[[int], bytes], Callable[[str], bytes]]] = {
    "mp3": (b"audio/mpeg", _headless, _silent),
    "wav": (b"audio/wav", _wav, _hum),
    "pcm": (b"audio/pcm", _headless, _hum),
}
"""By name: content type, what stands at the beginning, and how a word sounds."""
