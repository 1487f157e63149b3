"""Multipart forms: their texts and their files, read by python-multipart, all of it in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import create_form_parser

if TYPE_CHECKING:
    from python_multipart.multipart import Field, File

WHOLE = {"MAX_MEMORY_FILE_SIZE": float("inf")}


class Form(msgspec.Struct, frozen=True):
    """Of a name that stands there twice the first text counts."""

    texts: dict[str, str]
    files: dict[str, bytes]


def read_form(content_type: bytes, body: bytes) -> Form | None:
    """None if it is no form, or one that can't be read."""
    if not content_type.lower().startswith(b"multipart/form-data"):
        return None
    texts: dict[str, str] = {}
    files: dict[str, bytes] = {}

    def on_field(field: Field) -> None:
        texts.setdefault(_name(field.field_name), (field.value or b"").decode("utf-8", "replace"))

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        files.setdefault(_name(file.field_name), file.file_object.read())

    try:
        parser = create_form_parser({"Content-Type": content_type}, on_field, on_file, WHOLE)
        parser.write(body)
        parser.finalize()
    except FormParserError:
        return None
    return Form(texts, files)


def _name(name: bytes | None) -> str:
    return (name or b"").decode("utf-8", "replace")
