"""One fact about each conversation: which deployment served it last, say. Bounded in number and in time.

Callers choose the names of their sessions, so a name is kept as a hash of fixed length, and when there are too many the
one that was heard of least lately is forgotten. Time is an argument; one that steps back makes nothing older.
"""

from __future__ import annotations

from hashlib import blake2b

MOST = 100_000
"""Sessions; about 25 MB when all are there."""


class Sessions:
    """Facts are forgotten ``seconds`` after they were last told; 0 remembers none. Calls must not overlap."""

    __slots__ = ("_facts", "_most", "seconds")

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self.seconds = seconds
        self._most = most
        self._facts: dict[bytes, tuple[str, float]] = {}  # in the order in which they were told

    def __len__(self) -> int:
        return len(self._facts)

    def get(self, session: str, now: float) -> str | None:
        fact, told = self._facts.get(_hash(session), (None, now))
        return fact if now - told < self.seconds else None

    def tell(self, session: str, fact: str, now: float) -> None:
        """Remember it, in place of what was known of the session."""
        facts, key = self._facts, _hash(session)
        facts.pop(key, None)
        facts[key] = fact, now
        while facts:
            oldest = next(iter(facts))
            if len(facts) <= self._most and now - facts[oldest][1] < self.seconds:
                break
            del facts[oldest]

    def drop(self, session: str, fact: str) -> None:
        """Forget it, if it is still what is known."""
        key = _hash(session)
        if self._facts.get(key, ("", 0.0))[0] == fact:
            del self._facts[key]

    def clear(self) -> None:
        self._facts.clear()


def _hash(session: str) -> bytes:
    return blake2b(session.encode(errors="surrogatepass"), digest_size=16).digest()
