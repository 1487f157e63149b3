"""Header lines as texts, and how a refusal names one."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.errors import InvalidHeader

BLANK = " \t"
"""HTTP's white space."""


def text_of(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    """A header's value without the white space around it; None if there is no such line. Raises InvalidHeader."""
    raw = headers.get(name)
    if raw is None:
        return None
    try:
        return raw.decode().strip(BLANK)
    except UnicodeDecodeError:
        raise wrong(name, "is not UTF-8") from None


def wrong(name: bytes, problem: str) -> InvalidHeader:
    shown = name.decode().title()
    return InvalidHeader(f"the header {shown} {problem}", param=shown)
