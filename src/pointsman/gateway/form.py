"""Multipart forms: what of them routing must know, and where the model's name stands: all else goes on as it came.

Parsed by python-multipart; nothing is written to a file.
"""

from __future__ import annotations

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pointsman.errors import InvalidBody, UnsupportedMedia
from pointsman.gateway.body import request_of
from pointsman.gateway.envelope import check_bounds, envelope_of, mistyped
from pointsman.model.request import Endpoint, Native, Request

LONGEST, MOST = 64 * 1024, 1000
"""Bytes of a text that is looked at, and parts of a form."""

NUMBERS = frozenset({"n", "temperature"})
FLAGS = frozenset({"stream", "disable_fallbacks"})
"""Fields that are no texts in JSON."""

_encode = msgspec.json.Encoder().encode


class _Reader:
    """Collects the texts of a form, and the place of the model's."""

    def __init__(self, body: bytes, boundary: bytes) -> None:
        self._body = body
        self._name = self._file = b""
        self._field = self._value = b""
        self._texts: dict[str, bytearray] = {}
        self._parts = 0
        self._current: bytearray | None = None
        self.place: tuple[int, int] | None = None
        self.whole = False
        names = ("part_begin", "part_data", "header_field", "header_value", "header_end", "headers_finished", "end")
        self._parser = MultipartParser(boundary, {f"on_{name}": getattr(self, name) for name in names})  # type: ignore[arg-type]

    def read(self) -> dict[str, bytearray]:
        self._parser.write(self._body)
        self._parser.finalize()
        return self._texts

    def part_begin(self) -> None:
        self._parts += 1
        if self._parts > MOST:
            raise InvalidBody(f"the form has more than {MOST} parts")
        self._name = self._file = b""
        self._current = None

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name, self._file = options.get(b"name", b""), options.get(b"filename", b"")
        self._field = self._value = b""

    def headers_finished(self) -> None:
        name = self._name.decode("utf-8", "replace")
        if self._file:
            return
        if name == "model" and name in self._texts:
            raise InvalidBody("the form has the field 'model' twice", param="model")
        self._current = self._texts.setdefault(name, bytearray())

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current is None:
            return
        if len(self._current) + end - start > LONGEST:
            self._current = None
            return
        self._current += data[start:end]
        if self._name == b"model":
            if data is not self._body or (self.place is not None and self.place[1] != start):
                raise InvalidBody("model is not a name", param="model")
            self.place = (start if self.place is None else self.place[0], end)

    def end(self) -> None:
        self.whole = True


def is_form(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-type", b"").lower().startswith(b"multipart/")


def read_form(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """Raises InvalidBody, InvalidHeader or UnsupportedMedia, which name the place."""
    kind = headers.get(b"content-type", b"")
    media, options = parse_options_header(kind)
    boundary = options.get(b"boundary")
    if media != b"multipart/form-data" or not boundary:
        raise UnsupportedMedia("send this as multipart/form-data with a boundary")
    text = bytes(body)
    reader = _Reader(text, boundary)
    try:
        texts = reader.read()
    except FormParserError as error:
        raise InvalidBody(f"the form can't be read: {error}") from None
    if not reader.whole:
        raise InvalidBody("the form has no end")
    fields = {name: _value(name, said) for name, said in texts.items()}
    try:
        seen = envelope_of(fields)
    except msgspec.ValidationError as error:
        raise mistyped(error) from None
    check_bounds(seen)
    request = request_of(endpoint, fields, seen, headers, sum(map(len, texts.values())), request_id)
    line = b"content-type: %b\r\n" % kind
    form = _around(text, boundary, reader.place)
    return msgspec.structs.replace(request, native=Native("openai", request.body, {"model": endpoint}, line, form))


def _value(name: str, said: bytearray) -> msgspec.Raw:
    """As it would stand in JSON."""
    try:
        text = said.decode()
    except UnicodeDecodeError:
        raise InvalidBody(f"{name[:100]} is not UTF-8", param=name[:100]) from None
    plain = name in NUMBERS and text.replace(".", "", 1).isdecimal()
    flag = name in FLAGS and text.lower() in ("true", "false")
    return msgspec.Raw(text.lower().encode() if plain or flag else _encode(text))


def _around(text: bytes, boundary: bytes, place: tuple[int, int] | None) -> tuple[bytes, bytes]:
    """What stands before the model's name, and behind it; a form without one gets a part for it."""
    if place is not None:
        return text[: place[0]], text[place[1] :]
    return b'--%b\r\nContent-Disposition: form-data; name="model"\r\n\r\n' % boundary, b"\r\n" + text
