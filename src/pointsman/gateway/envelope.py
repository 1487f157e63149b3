"""The fields of any body that are looked at: their types and bounds. All else is the upstream's to judge."""

from __future__ import annotations

import msgspec

from pointsman.errors import InvalidBody
from pointsman.model.request import Endpoint, Fields

LONGEST_NAME = 512
"""Characters of a model name: names are remembered, and callers choose them."""

LISTED: dict[Endpoint, str] = {
    "chat": "messages",
    "completions": "prompt",
    "embeddings": "input",
    "count_tokens": "messages",
    "rerank": "query",
    "moderations": "input",
    "images": "prompt",
    "image_edits": "prompt",
    "image_variations": "image",
    "speech": "input",
    "transcriptions": "file",
    "translations": "file",
}
"""What must be there, and for chat must be a list."""

LIST, TEXT = b'["'
"""How the two begin in JSON."""

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Envelope(msgspec.Struct, gc=False):
    model: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None


read_envelope = msgspec.json.Decoder(Envelope).decode
"""From the bytes of an object. Raises what MALFORMED lists."""

_encode = msgspec.json.Encoder().encode


def envelope_of(fields: Fields) -> Envelope:
    """From fields that are apart already. Raises msgspec.ValidationError."""
    return read_envelope(_encode({name: fields[name] for name in Envelope.__struct_fields__ if name in fields}))


def check_bounds(seen: Envelope) -> None:
    """Raises InvalidBody."""
    if seen.model == "":
        raise InvalidBody('model is empty; name one, or say "auto", or leave it out', param="model")
    if seen.model is not None and len(seen.model) > LONGEST_NAME:
        raise InvalidBody(f"model is longer than {LONGEST_NAME} characters", param="model")
    if seen.n is not None and not 1 <= seen.n <= 128:
        raise InvalidBody("n must be between 1 and 128", param="n")


def check_content(endpoint: Endpoint, fields: Fields) -> None:
    """Raises InvalidBody."""
    name = LISTED[endpoint]
    content = fields.get(name)
    if content is None:
        raise InvalidBody(f"the request body has no {name}", param=name)
    first = memoryview(content)[0]
    if first == LIST:
        return
    if endpoint == "chat":
        raise InvalidBody("messages must be a list", param=name)
    if first != TEXT:
        raise InvalidBody(f"{name} must be a text or a list", param=name)


def mistyped(error: msgspec.ValidationError) -> InvalidBody:
    """Msgspec says "Expected `bool`, got `str` - at `$.stream`"; the place becomes ``param``."""
    text = str(error)
    said, _, place = text.partition(" - at ")
    param = place.strip("`").removeprefix("$").lstrip(".") or None
    return InvalidBody(f"{param or 'the request body'}: {said[:1].lower()}{said[1:]}", param=param)
