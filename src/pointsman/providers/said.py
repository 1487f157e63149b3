"""What an upstream's error says, in whichever shape: a sentence, codes, a status of its own, a time to wait.

Only places where servers put such things are looked at, so that a prompt that is repeated somewhere tells nothing.
What the words mean is ``causes.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from pointsman.providers.waits import asked_for, span

MOST_BYTES = 1024 * 1024
"""Of an error's body; of a longer one nothing is read."""

MOST_SHOWN = 2000
"""Characters of a sentence that is told in a body of our own."""

MOST_READ = 500
"""Characters of each sentence that are looked at: servers begin with what is wrong."""

ECHOES = ("'input':", '"input":', "input_value=")
"""Where pydantic, and so vLLM and many others, begins to repeat the request."""

SENTENCES = ("message", "error", "detail", "msg", "raw")
CODES = ("code", "type", "status", "reason", "error_code", "error_type")
STATUSES = ("code", "status", "status_code", "StatusCode")

MARKS = ("flagged_input",)
"""Fields that tell by being there."""

BELOW = ("innererror", "inner_error", "metadata", "raw", "details", "detail", "choices")
"""Where a further part of an error may stand: Azure's, OpenRouter's (``raw`` is another server's error as text),
Gemini's and Anthropic's, FastAPI's, OpenRouter's again.
"""

DEEPEST = 6
WIDEST = 8
MOST_PLACES = 32
"""How much of a body's nest is looked at; the deepest known has five levels."""

ABSENT = msgspec.Raw()
"""Stands for a field that is not there."""

EMPTY = (b"null", b'""', b"{}", b"false")

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Fields = dict[str, Any]

_decode = msgspec.json.Decoder().decode


class Said(msgspec.Struct, frozen=True, gc=False):
    """``message`` is the sentence for people, as it was written. ``text`` holds all sentences and ``words`` all codes,
    in lower case. ``status`` is the HTTP status that the error itself names, 0 if none; ``wait`` is seconds. ``place``
    is where the sentence stands; ``openai``: that is the error of a body in OpenAI's shape.
    """

    message: str | None = None
    text: str = ""
    words: tuple[str, ...] = ()
    status: int = 0
    wait: float | None = None
    place: Fields = {}
    openai: bool = False


NOTHING = Said()


def there(error: msgspec.Raw) -> bool:
    """A field ``error`` has something to say."""
    return bool(error) and bytes(error) not in EMPTY


def is_error(body: bytes) -> bool:
    """A body that is an error and no answer, whatever the status it came with."""
    found = _parsed(body)
    if isinstance(found, list) and found:  # so does Gemini
        found = found[0]
    if not isinstance(found, dict):
        return False
    return bool(found.get("error")) or found.get("object") == "error" or found.get("type") == "error"


def read_error(body: bytes) -> Said:
    """Read any body as an error; one that makes no sense says nothing."""
    found = _parsed(body)
    places = list(islice(_places(found, DEEPEST), MOST_PLACES))
    told = [(sentence, place) for place in places if (sentence := _sentence(place)) is not None]
    text = "\n".join(_looked_at(sentence) for sentence, _ in told)
    message, place = told[0] if told else (None, {})
    return Said(
        message,
        text,
        tuple(word for place in places for word in _words(place)),
        next((status for place in places if (status := _status(place))), 0),
        _wait(places, text),
        place,
        isinstance(found, dict) and found.get("error") is place and place.get("message") == message,
    )


def _parsed(body: bytes | str) -> Any:
    try:
        return _decode(body) if len(body) <= MOST_BYTES else None
    except NOT_JSON:
        return None


def _places(value: Any, depth: int) -> Iterator[Fields]:
    """The parts of an error: the error itself first, then what is around and below it."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = _parsed(value)
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value[:WIDEST]:
            yield from _places(item, depth - 1)
    elif isinstance(value, dict):
        yield from _places(value.get("error"), depth - 1)
        yield value
        for name in BELOW:
            yield from _places(value.get(name), depth - 1)


def _sentence(place: Fields) -> str | None:
    values = (place.get(name) for name in SENTENCES)
    return next((value for value in values if isinstance(value, str) and value), None)


def _looked_at(sentence: str) -> str:
    said = sentence[:MOST_READ]
    for echo in ECHOES:
        said = said.partition(echo)[0]
    return said.lower()


def _words(place: Fields) -> Iterator[str]:
    for name in CODES:
        value = place.get(name)
        if isinstance(value, str):
            yield value.lower()
    for mark in MARKS:
        if mark in place:
            yield mark


def _status(place: Fields) -> int:
    for name in STATUSES:
        value = place.get(name)
        if isinstance(value, str) and len(value) == 3 and value.isdecimal():
            value = int(value)
        if type(value) is int and 400 <= value < 600:
            return value
    return 0


def _wait(places: list[Fields], text: str) -> float | None:
    """Gemini's ``RetryInfo``, else what the sentences ask for."""
    delays = (place.get("retryDelay") for place in places)
    waits = (span(delay) for delay in delays if isinstance(delay, str))
    return next((wait for wait in waits if wait is not None), None) or asked_for(text)
