"""Serving without a configuration: look for local servers and keys, and tell what was found."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterable, Sequence
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from rich.console import Console

from pointsman.config.discover import Answer, Discovery, discover
from pointsman.config.load import from_mapping
from pointsman.config.settings import Settings
from pointsman.errors import ConfigurationError

LONGEST = 1.0
"""Seconds to wait for a local server; one that is there answers in milliseconds."""

MOST = 8 * 1024 * 1024
"""Bytes of an answer that are read."""

_opener = build_opener(ProxyHandler({}))


def find_settings(console: Console) -> Settings:
    """Raises ConfigurationError, with everything that was looked for, if there is nothing to serve."""
    found = asyncio.run(_look())
    for sentence in found.sentences:
        console.print(f"pointsman: {sentence}", markup=False, soft_wrap=True)
    if not found.found:
        raise ConfigurationError("no configuration was given and none was found")
    return from_mapping(found.mapping, environ=os.environ, name="what was found")


async def _look() -> Discovery:
    return await discover(_get, _together, os.environ)


async def _together(questions: Iterable[Awaitable[Answer]]) -> Sequence[Answer]:
    return await asyncio.gather(*questions)


async def _get(url: str) -> Answer:
    return await asyncio.to_thread(_fetch, url)


def _fetch(url: str) -> Answer:
    """One GET on loopback, past any proxy. None if nobody answers in time."""
    try:
        with _opener.open(url, timeout=LONGEST) as reply:
            return reply.status, reply.read(MOST)
    except HTTPError as error:
        with error:
            return error.code, error.read(MOST)
    except (OSError, HTTPException):
        return None
