"""Text as readers see it: bounded, in one spelling, without what only a machine can see."""

from __future__ import annotations

import unicodedata

PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})

UNSEEN = frozenset(("Cf", "Mn", "Me", "Cs"))
"""Unicode categories that are dropped: zero-width and direction marks, accents and other marks, lone surrogates."""


def bounded(text: str, most: int) -> str:
    """At most ``most`` characters, from both ends: a question stands at the beginning or at the end of what is long."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}\n{text[head + len(text) - most + 1 :]}"


def folded(text: str) -> str:
    """In lower case; full-width letters, ligatures, accents and typographic quotes as their plain forms."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.translate(PLAIN))
    return "".join(c for c in plain if c.isascii() or unicodedata.category(c) not in UNSEEN).lower()
