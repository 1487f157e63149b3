"""Times as Ollama tells them: moments by RFC 3339, in UTC, spans in nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

NANO = 1_000_000_000


def moment(seconds: float) -> str:
    """Of Unix seconds, to the microsecond."""
    whole = int(seconds)
    return f"{_whole(whole)}.{int((seconds - whole) * 1e6):06d}Z"


@lru_cache(4)
def _whole(seconds: int) -> str:
    """A stream tells many moments of one second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def nanoseconds(seconds: float) -> int:
    return int(seconds * NANO)
