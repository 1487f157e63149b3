"""The parts of a multipart form: the texts among them, and where in the form each stands.

Parsed by python-multipart; nothing is written to a file.
"""

from __future__ import annotations

import re

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pointsman.errors import InvalidBody

LONGEST, MOST = 64 * 1024, 1000
"""Bytes of a text that is looked at, and parts of a form."""

BLANK_LINE = b"\r\n\r\n"

_EVENTS = (
    "part_begin",
    "part_data",
    "part_end",
    "header_field",
    "header_value",
    "header_end",
    "headers_finished",
    "end",
)
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NAMES = re.compile(rb";\s*name\s*(\*?)[^=;]*=", re.IGNORECASE)


class Part(msgspec.Struct, gc=False):
    """A text: its name, and where its first boundary, its value and the end of that stand in the form. ``long``: it is
    longer than what is looked at, which ``text`` is the beginning of.
    """

    name: str
    begin: int
    value: int
    end: int
    text: bytes = b""
    long: bool = False


class Parts:
    """Reads a form. Raises InvalidBody."""

    def __init__(self, body: bytes, boundary: bytes) -> None:
        self.texts: list[Part] = []
        self._body = body
        self._opening = b"--%b\r\n" % boundary
        self._name = b""
        self._is_file = self._named = self._whole = False
        self._field = self._value = b""
        self._count = self._begin = self._head_end = 0
        self._current: Part | None = None
        self._text = bytearray()
        try:
            parser = MultipartParser(boundary, {f"on_{name}": getattr(self, f"_{name}") for name in _EVENTS})  # type: ignore[arg-type]
            parser.write(body)
            parser.finalize()
        except FormParserError as error:
            raise InvalidBody(f"the form can't be read: {error}") from None
        if not self._whole:
            raise InvalidBody("the form has no end")

    def _part_begin(self) -> None:
        self._count += 1
        if self._count > MOST:
            raise InvalidBody(f"the form has more than {MOST} parts")
        self._name, self._begin = b"", -1
        self._is_file = self._named = False

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        if self._begin < 0:
            self._begin = start - len(self._opening)
        self._field += data[start:end]
        self._head_end = end + 1  # of a header without a value

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._head_end = end

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            _one_name(self._value, already=self._named)
            _, options = parse_options_header(self._value)
            self._name, self._is_file, self._named = options.get(b"name", b""), b"filename" in options, True
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        name = self._name.decode("utf-8", "replace")
        self._current = None
        if self._is_file:
            if name == "model":
                raise InvalidBody("model is a name, not a file", param="model")
            return
        value = self._body.find(BLANK_LINE, self._head_end) + len(BLANK_LINE)
        self._current = Part(name, self._begin, value, value)
        self._text.clear()

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current
        if part is None:
            return
        part.end += end - start
        if part.end - part.value > LONGEST:
            part.long = True
        else:
            self._text += data[start:end]

    def _part_end(self) -> None:
        part = self._current
        if part is None:
            return
        if not self._body.startswith(b"\r\n" + self._opening[:-2], part.end):
            raise InvalidBody("the form can't be read: a part ends elsewhere than it seems to")
        part.text = bytes(self._text)
        self.texts.append(part)

    def _end(self) -> None:
        self._whole = True


def _one_name(disposition: bytes, *, already: bool) -> None:
    """Refuses a part that two readers could know by two names."""
    names = _NAMES.findall(_QUOTED.sub(b'""', disposition))
    if already or names != [b""]:
        raise InvalidBody("a part of the form has no name, more than one, or one that is encoded")
