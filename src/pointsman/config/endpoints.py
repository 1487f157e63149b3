"""Addresses that name an endpoint: what LiteLLM's users write as ``api_base`` of ``triton/`` models.

A model that stands in the address counts, whatever the entry calls it: there it is asked. An address of another make is
asked as it stands.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

KINDS = frozenset({"triton"})
"""Kinds of servers that are addressed so."""

ENDPOINTS = ("/generate", "/infer", "/embeddings")
"""How an address ends that is asked as it stands."""

_STREAM = "/generate_stream"
_MODEL = re.compile(r"(?P<base>.*)/v2/models/(?P<model>[^/]+(?:/versions/[0-9]+)?)(?P<end>/generate|/infer)?")


class Endpoint(msgspec.Struct, frozen=True):
    """``base``: what stands before it. ``model``: what the address calls it, if it does. ``path``: where to ask below
    ``base``, if that is not where the model is asked anyway.
    """

    base: str
    model: str | None = None
    path: str | None = None


def endpoint_of(url: str) -> Endpoint:
    """Take an address apart. One that names no endpoint and no model is a base, with or without ``/v2``."""
    text = url.strip().rstrip("/")
    if text.endswith(_STREAM):
        text = text.removesuffix("_stream")
    found = _MODEL.fullmatch(text)
    if found is not None:
        base = found["base"]
        return Endpoint(base, unquote(found["model"]), text.removeprefix(base) if found["end"] == "/infer" else None)
    end = next((end for end in ENDPOINTS if text.endswith(end)), None)
    return Endpoint(text.removesuffix("/v2")) if end is None else Endpoint(text.removesuffix(end), None, end)


def root(kind: str, given: str) -> str:
    """A provider's address without its version; one that names an endpoint, or a model, is left as it is."""
    endpoint = endpoint_of(given)
    return endpoint.base if kind in KINDS and endpoint.model is None and endpoint.path is None else given
