"""What merely waits is waited for shortly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn.server

LOOK = 0.002
"""Seconds after which a server of a test looks again whether it is to end and whether its connections have ended.
uvicorn's are 0.1 s, twice for each server that ends, and no test is about those.
"""


class Looking:
    """asyncio, as uvicorn's server sees it in tests."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, LOOK))


@pytest.fixture(scope="session", autouse=True)
def servers_end_soon() -> Iterator[None]:
    """Every gateway and every other server that a test starts in its own process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.server, "asyncio", Looking())
        yield
