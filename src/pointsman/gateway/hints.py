"""What a caller says beside the model's name: header and body fields to Hints.

Texts here are names: short, printable, on one line. Anything else is refused, so nothing stranger gets any further.
Precedence is LiteLLM's: ``tags`` of the body take the place of the headers', ``metadata.tags`` stand beside either, and
may be a text as in a header, for who may write nothing but texts there.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pointsman.errors import InvalidBody, RequestRefused
from pointsman.gateway.lines import BLANK, text_of, wrong
from pointsman.model.request import NO_HINTS, Fields, Hints

CAPABILITY, TASK, CHAIN = b"x-capability", b"x-task", b"x-chain"
TAGS = (b"x-pointsman-tags", b"x-litellm-tags")
SESSION = (b"x-pointsman-session", b"x-litellm-session-id")

HEADERS = frozenset({CAPABILITY, TASK, CHAIN, *TAGS, *SESSION})

FIELDS = frozenset({"task", "tags", "metadata"})
"""Body fields that hold hints. Of these only ``tags`` are never passed on."""

LONGEST, MOST_TAGS = 256, 64
"""Characters of a hint, and tags of a request."""

LARGEST = 64 * 1024
"""Bytes of a field that is looked into."""

A_NAME = f"1 to {LONGEST} printable characters"
NAMES = f"{MOST_TAGS} tags at most, each of {A_NAME}"

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Metadata(msgspec.Struct, gc=False):
    tags: msgspec.Raw = msgspec.Raw()
    session_id: msgspec.Raw = msgspec.Raw()


_decode_metadata = msgspec.json.Decoder(_Metadata).decode
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_tags = msgspec.json.Decoder(list[str] | None).decode
_decode_text = msgspec.json.Decoder(str | None).decode
_encode = msgspec.json.Encoder().encode


def read_hints(fields: Fields, headers: dict[bytes, bytes]) -> Hints:
    """What ``fields`` and ``headers`` say; tags are taken out of ``fields``. NO_HINTS if it is nothing.

    Raises InvalidBody or InvalidHeader, which name the place.
    """
    task = _task(fields)
    beside, session = _inside(fields)
    listed = _listed(fields.pop("tags", None), "tags")
    if HEADERS.isdisjoint(headers):
        tags = _joined(beside, listed or ())
        return Hints(tags, task, session=session) if tags or task or session else NO_HINTS
    tags = _joined(beside, _of_headers(headers) if listed is None else listed)
    session = _first(headers, SESSION) or session
    hints = Hints(tags, task, _header(headers, TASK), _header(headers, CAPABILITY), _header(headers, CHAIN), session)
    return NO_HINTS if hints == NO_HINTS else hints


def _joined(beside: tuple[str, ...], listed: tuple[str, ...]) -> tuple[str, ...]:
    """None twice, and not too many of them."""
    tags = tuple(dict.fromkeys((*beside, *listed)))
    if len(tags) > MOST_TAGS:
        raise InvalidBody(f"a request may carry {MOST_TAGS} tags at most", param="tags")
    return tags


def _inside(fields: Fields) -> tuple[tuple[str, ...], str | None]:
    """The tags and the session in ``metadata``. One that is no object is the upstream's to judge."""
    raw = fields.get("metadata")
    if raw is None or not _begins(raw, b"{"):
        return (), None
    found = _decode_metadata(raw)
    if _begins(found.tags, b"["):
        tags = _listed(found.tags, "metadata.tags") or ()
    elif _begins(found.tags, b'"'):
        tags = _written(found.tags, "metadata.tags")
    else:
        return (), _session(found)
    _take_out_tags(fields)
    return tags, _session(found)


def _take_out_tags(fields: Fields) -> None:
    """What else there is in ``metadata`` is passed on as it was written: OpenAI's own takes no lists."""
    raw = fields["metadata"]
    if len(memoryview(raw)) > LARGEST:
        raise InvalidBody(f"metadata with tags is longer than {LARGEST} bytes", param="metadata")
    left = _decode_fields(raw)
    del left["tags"]
    if left:
        fields["metadata"] = msgspec.Raw(_encode(left))
    else:
        del fields["metadata"]


def _task(fields: Fields) -> str | None:
    raw = fields.get("task")
    if raw is None:
        return None
    try:
        text = _decode_text(raw) if len(memoryview(raw)) <= LARGEST else ""
    except NOT_JSON:
        raise InvalidBody("task must be a text", param="task") from None
    if text is None:
        return None
    if not _plain(text):
        raise InvalidBody(f"task must be {A_NAME}", param="task")
    return text


def _session(inside: _Metadata) -> str | None:
    """A text; any other ``session_id`` is the caller's own business."""
    raw = inside.session_id
    if not _begins(raw, b'"') or len(memoryview(raw)) > LARGEST:
        return None
    text = _decode_text(raw) or ""
    if text and not _plain(text):
        raise InvalidBody(f"metadata.session_id must be {A_NAME}", param="metadata.session_id")
    return text or None


def _listed(raw: msgspec.Raw | None, param: str) -> tuple[str, ...] | None:
    """A list of tags; None if there is none."""
    if raw is None:
        return None
    try:
        tags = _decode_tags(raw) if len(memoryview(raw)) <= LARGEST else [""]
    except NOT_JSON:
        raise InvalidBody(f"{param} must be a list of texts", param=param) from None
    return None if tags is None else _checked(tags, InvalidBody(f"{param} must be {NAMES}", param=param))


def _written(raw: msgspec.Raw, param: str) -> tuple[str, ...]:
    """Tags in one text."""
    refused = InvalidBody(f"{param} must be {NAMES}", param=param)
    if len(memoryview(raw)) > LARGEST:
        raise refused
    return _checked(_apart(_decode_text(raw) or ""), refused)


def _of_headers(headers: dict[bytes, bytes]) -> tuple[str, ...]:
    found: list[str] = []
    for name in TAGS:
        found += _checked(_apart(text_of(headers, name) or ""), wrong(name, f"must be {NAMES}"))
    return tuple(found)


def _apart(text: str) -> list[str]:
    """What stands between commas."""
    return [tag for part in text.split(",") if (tag := part.strip(BLANK))]


def _checked(tags: Iterable[str], refused: RequestRefused) -> tuple[str, ...]:
    """Each tag a name, and not too many of them."""
    found = tuple(tags)
    if len(found) > MOST_TAGS or not all(map(_plain, found)):
        raise refused
    return found


def _first(headers: dict[bytes, bytes], names: tuple[bytes, ...]) -> str | None:
    return next((found for name in names if (found := _header(headers, name)) is not None), None)


def _header(headers: dict[bytes, bytes], name: bytes) -> str | None:
    text = text_of(headers, name)
    if text and not _plain(text):
        raise wrong(name, f"must be {A_NAME}")
    return text or None


def _begins(raw: msgspec.Raw, mark: bytes) -> bool:
    return bytes(memoryview(raw)[:1]) == mark


def _plain(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isprintable()
