"""How long an upstream asks to wait, in seconds, wherever it says so. What is absurd is no word at all; how much of a
very long wait is kept is not decided here.

Pure: a date is read against the reply's own, so no clock is needed.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from email.utils import parsedate_to_datetime

from pointsman.model.exchange import Answered

HEADERS = ((b"retry-after-ms", 0.001), (b"retry-after", 1.0))
"""The first that makes sense counts; each with the seconds of its unit."""

LIMITS = ("requests", "tokens")
"""What OpenAI, Groq and others limit, as the ``x-ratelimit-`` headers call it."""

ANTHROPICS = ("requests", "tokens", "input-tokens", "output-tokens")
"""What Anthropic limits, as its ``anthropic-ratelimit-`` headers call it; they tell moments, not lengths of time."""

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

MOST_DIGITS = 10

_PART = re.compile(
    rf" ?([0-9]{{1,{MOST_DIGITS}}}(?:\.[0-9]{{1,{MOST_DIGITS}}})?) ?"
    r"(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)(?![a-z])"
)
_ASKS = re.compile(r"(?:try again|retry|resets) (?:in|after)(?: about| approximately)?(?= )")


def retry_after(answered: Answered) -> float | None:
    """Seconds that the headers ask to wait; a 429 that asks for none: until a limit that is used up is full again."""
    for name, unit in HEADERS:
        value = answered.header(name)
        if value is not None:
            number = _number(value)
            seconds = _date(value, answered) if number is None else number * unit
            if _believed(seconds):
                return seconds
    return _reset(answered) if answered.status == 429 else None


def span(text: str) -> float | None:
    """Seconds of a length of time: "1.5s", "6m0s", "2 hours"; a bare number is seconds."""
    text = text.strip().lower()
    seconds, end = _parts(text, 0)
    if end == 0:
        bare = _number(text.encode("ascii", "replace"))
        return bare if _believed(bare) else None
    return seconds if end == len(text) and _believed(seconds) else None


def asked_for(sentence: str) -> float | None:
    """Seconds that a sentence in lower case asks for: "please try again in 1.5s"."""
    for found in _ASKS.finditer(sentence):
        seconds, _ = _parts(sentence, found.end())
        if _believed(seconds):
            return seconds
    return None


def _parts(text: str, at: int) -> tuple[float, int]:
    """Numbers with units that stand side by side from here on: their seconds together, and where they end."""
    seconds = 0.0
    while (part := _PART.match(text, at)) is not None:
        number, unit = float(part[1]), part[2]
        seconds += number * (0.001 if unit.startswith(("ms", "mil")) else UNITS[unit[0]])
        at = part.end()
    return seconds, at


def _reset(answered: Answered) -> float | None:
    waits = []
    for limit in LIMITS:
        left = answered.header(f"x-ratelimit-remaining-{limit}".encode())
        reset = answered.header(f"x-ratelimit-reset-{limit}".encode())
        if left is not None and reset is not None and left.strip() == b"0":
            waits.append(span(reset.decode("latin-1")))
    for limit in ANTHROPICS:
        left = answered.header(f"anthropic-ratelimit-{limit}-remaining".encode())
        reset = answered.header(f"anthropic-ratelimit-{limit}-reset".encode())
        if left is not None and reset is not None and left.strip() == b"0":
            waits.append(_moment(reset, answered))
    return max((wait for wait in waits if wait is not None), default=None)


def _moment(value: bytes, answered: Answered) -> float | None:
    """Seconds to an RFC 3339 time, from the reply's own date on."""
    try:
        sent = parsedate_to_datetime((answered.header(b"date") or b"").decode("latin-1"))
        seconds = (datetime.fromisoformat(value.decode("latin-1").strip()) - sent).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if _believed(seconds) else None


def _believed(seconds: float | None) -> bool:
    return seconds is not None and 0 < seconds < math.inf


def _number(value: bytes) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _date(value: bytes, answered: Answered) -> float | None:
    sent = answered.header(b"date")
    if sent is None:
        return None
    try:
        gap = parsedate_to_datetime(value.decode("latin-1")) - parsedate_to_datetime(sent.decode("latin-1"))
    except (ValueError, TypeError, OverflowError):
        return None
    return gap.total_seconds()
