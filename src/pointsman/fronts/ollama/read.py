"""From the bodies of Ollama's paths to OpenAI-shaped requests. What OpenAI has no words for is told by name.

Only what has to be looked into is; all other values stay as they were written, which may be JSON that few can read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.fronts.fields import a_text, look_into, raw_fields
from pointsman.fronts.ollama.conversation import messages, spoken
from pointsman.fronts.ollama.options import Out, write_format, write_options, write_think
from pointsman.fronts.shapes import Asked
from pointsman.model.request import Endpoint, Fields

HANDLED = frozenset({"model", "stream", "messages", "tools", "input"})
"""Fields that are seen to before the others."""

PROMPTED = HANDLED | {"prompt", "system", "suffix", "raw", "images"}

WISHES = frozenset({"keep_alive", "truncate"})
"""Fields that concern Ollama's server alone: the answer is one without. Who takes no long input says so."""

EMPTY = (b"null", b"false", b"0", b'""', b"[]", b"{}")
"""Values that say nothing."""

IDLE_CHAT = b'{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"%b"}]}'
IDLE_EMBED = b'{"data":[]}'
"""Answers of who has nothing to do: the request is for Ollama's memory alone."""

LOAD, UNLOAD = b"load", b"unload"
AT_ONCE = (b"0", b"0.0", b'"0"', b'"0s"')
"""Of ``keep_alive``: let the model go."""

Word = Callable[[msgspec.Raw, Out], "str | None"]
"""Writes a field. Returned is what of it can't be said (empty: all of it), None if all was."""

_decode_options = msgspec.json.Decoder(Fields).decode


def chat(fields: Fields, _headers: Mapping[bytes, bytes]) -> Asked:
    """``/api/chat``. Raises InvalidBody."""
    out = _begun(fields)
    body, lost = _looked_into(fields, "messages")
    given = body.get("messages")
    out["messages"] = messages([] if given is None else given)
    if _says(fields, "tools"):
        out["tools"] = fields["tools"]
    idle = b"" if out["messages"] or lost else _idle(fields)
    return _asked("chat", out, lost | _rest(fields, HANDLED, CHAT, out), idle)


def generate(fields: Fields, _headers: Mapping[bytes, bytes]) -> Asked:
    """``/api/generate``: a chat of one turn, or a text to go on with where no template is wanted (``raw``) or a text
    shall follow (``suffix``). Raises InvalidBody.
    """
    out = _begun(fields)
    body, lost = _looked_into(fields, "prompt", "system", "suffix", "images")
    prompt, system, suffix = (a_text(body.get(name), name) for name in ("prompt", "system", "suffix"))
    images = body.get("images")
    if not (prompt or suffix or images or lost):
        out["messages"] = []
        return _asked("chat", out, {}, _idle(fields))
    if suffix or _says(fields, "raw"):
        out["prompt"] = prompt
        if suffix:
            out["suffix"] = suffix
        lost |= {name: "" for name in ("system", "images") if _says(fields, name)}
        return _asked("completions", out, lost | _rest(fields, PROMPTED, PLAIN, out))
    out["messages"] = [{"role": "system", "content": system}] if system else []
    out["messages"].append(spoken("user", prompt, images, "images"))
    return _asked("chat", out, lost | _rest(fields, PROMPTED, CHAT, out))


def embed(fields: Fields, _headers: Mapping[bytes, bytes]) -> Asked:
    """``/api/embed``."""
    return _embedding(fields, "input", HANDLED | {"options"})


def embeddings(fields: Fields, _headers: Mapping[bytes, bytes]) -> Asked:
    """The older ``/api/embeddings``: one text. Raises InvalidBody."""
    a_text(_looked_into(fields, "prompt")[0].get("prompt"), "prompt")
    return _embedding(fields, "prompt", PROMPTED | {"options"})


def _embedding(fields: Fields, name: str, handled: frozenset[str]) -> Asked:
    """No option changes a vector."""
    out: Out = {"model": fields["model"]} if "model" in fields else {}
    asked = _says(fields, name)
    out["input"] = fields[name] if asked else []
    lost = _rest(fields, handled, {"dimensions": _same("dimensions")}, out)
    return _asked("embeddings", out, lost, b"" if asked else IDLE_EMBED)


def _begun(fields: Fields) -> Out:
    """An answer streams unless that is not wanted."""
    out: Out = {"model": fields["model"]} if "model" in fields else {}
    if bytes(fields.get("stream", b"null")) != b"false":
        out |= {"stream": True, "stream_options": {"include_usage": True}}
    return out


def _says(fields: Fields, name: str) -> bool:
    return name in fields and bytes(fields[name]) not in EMPTY


def _looked_into(fields: Fields, *names: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of these, and which of them can't be read, so that only Ollama may."""
    return look_into({name: fields[name] for name in names if name in fields}, names, ())


def _rest(fields: Fields, handled: frozenset[str], words: Mapping[str, Word], out: Out) -> dict[str, str]:
    """Write the other fields. Returned are those that can't be said, with what in them it is."""
    lost = {}
    for name, raw in fields.items():
        if name in handled or name in WISHES or bytes(raw) in EMPTY:
            continue
        write = words.get(name)
        said = write(raw, out) if write is not None else ""
        if said is not None:
            lost[name] = said
    return lost


def _idle(fields: Fields) -> bytes:
    return IDLE_CHAT % (UNLOAD if bytes(fields.get("keep_alive", b"")) in AT_ONCE else LOAD)


def _asked(endpoint: Endpoint, out: Out, lost: dict[str, str], idle: bytes = b"") -> Asked:
    return Asked(endpoint, raw_fields(out), lost, idle=idle)


def _options(raw: msgspec.Raw, out: Out) -> str | None:
    try:
        options = _decode_options(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidBody("options must be an object", param="options") from None
    return write_options(options, out) or None


def _format(raw: msgspec.Raw, out: Out) -> None:
    write_format(raw, out)


def _think(raw: msgspec.Raw, out: Out) -> None:
    write_think(raw, out)


def _same(name: str) -> Word:
    def write(raw: msgspec.Raw, out: Out) -> None:
        out[name] = raw

    return write


PLAIN: dict[str, Word] = {"options": _options, "format": _format}
"""Where no template is wanted."""

CHAT: dict[str, Word] = {
    **PLAIN,
    "think": _think,
    "logprobs": _same("logprobs"),
    "top_logprobs": _same("top_logprobs"),
}
