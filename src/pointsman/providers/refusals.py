"""From a reply that is no answer to a refusal: its kind, how long to wait, and what of it the caller may see.

The caller sees the upstream's own words only where the request itself was at fault, and where they end a stream that
has begun. Such an error has OpenAI's shape, with a ``code`` that OpenAI's users test for.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Answered, Refusal
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.providers.causes import cause, kind_of_word
from pointsman.providers.said import MOST_SHOWN, Said, is_error, read_error
from pointsman.providers.waits import retry_after

CODED = frozenset({FailureKind.CONTEXT, FailureKind.FILTERED, FailureKind.NOT_FOUND})
"""Kinds of failure that callers tell by the error's code."""

AT_FAULT = CODED | {FailureKind.BAD_REQUEST}
"""The request was at fault, so the upstream's words are meant for the caller."""

ACCOUNTS = frozenset({FailureKind.AUTH, FailureKind.FORBIDDEN, FailureKind.QUOTA, FailureKind.RATE_LIMITED})
"""Kinds whose sentences name keys, organisations and plans: never the caller's business."""

LIMITED = frozenset({FailureKind.RATE_LIMITED, FailureKind.QUOTA})
"""Kinds where a time to wait is believed that stands in the body alone."""

ERROR_INSIDE = "status 200 with an error inside"

_encode = msgspec.json.Encoder().encode


def refusal(answered: Answered, word: str = "") -> Refusal:
    """Read a reply with an error status. ``word``: what it calls the error beside its body."""
    said = _named(read_error(answered.body), word)
    told = retry_after(answered)
    kind = cause(answered.status, said, told or said.wait)
    wait = told or (said.wait if kind in LIMITED else None)
    return Refusal(kind, f"status {answered.status}", answered.status, wait, _shown(kind, said, answered.body))


def inside(body: bytes, where: str, word: str = "", *, begun: bool = False) -> Refusal:
    """Read an error that came with a 200: a whole reply, or a stream's frame. ``begun``: content came before it."""
    said = _named(read_error(body), word)
    kind = cause(None, said, said.wait)
    shown = _shown(kind, said, body)
    if shown is None and begun and kind not in ACCOUNTS and said.message is not None:
        shown = _one_line(body) if said.openai else _error(said, said.place.get("type"), said.place.get("code"))
    return Refusal(kind, where, 200, said.wait if kind in LIMITED else None, shown)


def no_answer(body: bytes, what: str) -> Refusal:
    """Read a reply that came with a 200 and can't be taken for an answer: an error after all, or rubbish."""
    if is_error(body):
        return inside(body, ERROR_INSIDE)
    return Refusal(FailureKind.GARBAGE, f"status 200 {what}", 200)


def _named(said: Said, word: str) -> Said:
    return msgspec.structs.replace(said, words=(word.lower(), *said.words)) if word else said


def _shown(kind: FailureKind, said: Said, body: bytes) -> bytes | None:
    """The upstream's error in OpenAI's shape, untouched if it has that; None if it is not for the caller."""
    if kind not in AT_FAULT or said.message is None:
        return None
    own, typed = said.place.get("code"), isinstance(said.place.get("type"), str)
    code = own if _tells(own, kind) else CONSEQUENCES[kind].code if kind in CODED else None
    if said.openai and (kind not in CODED or (code is own and typed)):
        return _one_line(body)
    return _error(said, "invalid_request_error", code)


def _tells(code: Any, kind: FailureKind) -> bool:
    """A code of the upstream's own that says as much as ours would: no number, no sentence, not "invalid request"."""
    if not isinstance(code, str) or code.isdecimal() or not code or " " in code:
        return False
    return kind_of_word(code) in (kind, None)


def _error(said: Said, kind: Any, code: Any) -> bytes:
    """An error in OpenAI's shape around the upstream's sentence; of an error in that shape all that it has besides."""
    message = (said.message or "")[:MOST_SHOWN]
    more = said.place if said.openai else {"param": said.place.get("param")}
    return _encode({"error": {**more, "message": message, "type": kind, "code": code, "param": more.get("param")}})


def _one_line(body: bytes) -> bytes:
    """JSON as it came, but without line ends, which would tear a frame; inside its strings there are none."""
    return b" ".join(body.splitlines())
