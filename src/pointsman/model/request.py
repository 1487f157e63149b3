"""What routing must know of a call. Built once at the border, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Endpoint = Literal["chat", "completions", "embeddings"]
"""The three inference questions. Paths and wire formats are the gateway's and the providers' business."""

Fields = dict[str, msgspec.Raw]
"""A JSON object whose values stay unparsed: what nobody asks for is passed on byte for byte."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """A call as it was asked.

    ``model`` is the name asked for (None: content decides). ``body`` holds the fields to pass on, without the
    hints meant for Pointsman (``fallbacks``, ``num_retries``, ``timeout`` …), which are the fields below.
    ``headers`` has lower-case names. ``tokens`` estimates prompt tokens. ``timeout`` is seconds for the whole
    request, retries and fallbacks included.
    """

    endpoint: Endpoint
    model: str | None
    body: Fields
    stream: bool = False
    headers: Mapping[bytes, bytes] = {}
    tokens: int = 0
    timeout: float | None = None
    num_retries: int | None = None
    fallbacks: tuple[str, ...] | None = None
    id: str = ""
