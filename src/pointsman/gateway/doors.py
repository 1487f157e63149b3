"""Every path at which something is asked of a model, what is asked there, and how its body is read."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.errors import InvalidBody
from pointsman.fronts import FRONTS
from pointsman.gateway.body import read_body, read_passing
from pointsman.gateway.foreign import read_foreign
from pointsman.gateway.form import is_form, read_form
from pointsman.model.request import Endpoint, Request

OPENAI: dict[str, Endpoint] = {
    "/chat/completions": "chat",
    "/completions": "completions",
    "/embeddings": "embeddings",
    "/rerank": "rerank",
    "/moderations": "moderations",
    "/images/generations": "images",
    "/images/edits": "image_edits",
    "/images/variations": "image_variations",
    "/audio/speech": "speech",
    "/audio/transcriptions": "transcriptions",
    "/audio/translations": "translations",
}

PATHS: dict[str, Endpoint] = {f"{v}{path}": endpoint for path, endpoint in OPENAI.items() for v in ("/v1", "")}

HOT: dict[str, str] = {**PATHS, **{path: path for path in FRONTS}}
"""Paths that the lane takes -> what is asked there: an endpoint, or the path of another protocol's front."""

Reader = Callable[[Endpoint, bytes | bytearray, dict[bytes, bytes], str], Request]


def _read_either(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """A form, or JSON."""
    return (read_form if is_form(headers) else read_passing)(endpoint, body, headers, request_id)


READERS: dict[str, Reader] = {
    "chat": read_body,
    "completions": read_body,
    "embeddings": read_body,
    "rerank": read_passing,
    "moderations": read_passing,
    "images": read_passing,
    "image_edits": _read_either,
    "image_variations": _read_either,
    "speech": read_passing,
    "transcriptions": read_form,
    "translations": read_form,
}


def read_at(
    path: str, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str, serves: Callable[[str], bool]
) -> Request:
    """A request as it is read at one of those paths. ``serves``: a name is the configuration's own. Raises InvalidBody,
    InvalidHeader or UnsupportedMedia, which name the place.
    """
    endpoint = HOT.get(path)
    if endpoint is None:
        raise InvalidBody(f"no model is asked at {path[:200]!r}; paths are {', '.join(HOT)}", param="path")
    read = READERS.get(endpoint)
    if read is None:
        return read_foreign(path, body, headers, FRONTS[endpoint], request_id, serves)
    return read(endpoint, body, headers, request_id)  # type: ignore[arg-type]
