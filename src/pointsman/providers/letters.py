"""Half letters: a surrogate that is escaped alone, which JavaScript writes where it cuts a text within an emoji.

JSON allows it (RFC 8259, 8.2), most clients read it, and two such halves in a row are a letter again when they are
joined. Our decoder refuses it, so it gets a copy without.
"""

from __future__ import annotations

import re

HALF = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a backslash, a whole pair: to be left alone
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
SIGN = rb"\ufffd"


def whole_letters(json: bytes) -> bytes:
    """The same JSON with a replacement character for each half letter; for looking into, never for sending."""
    return HALF.sub(lambda found: SIGN if found[1] else found[0], json)


def check_text(json: bytes) -> None:
    """Raises UnicodeDecodeError if it is not UTF-8: decoding skips what nobody asks for."""
    if not json.isascii():
        json.decode()
