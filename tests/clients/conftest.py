"""Clients in programs of their own, started together and once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.programs import PROGRAMS, Program


@pytest.fixture(scope="session")
def programs() -> Iterator[dict[str, Program]]:
    """All that there are: who is asked later has time to import what it needs."""
    running = {name: Program(name) for name in PROGRAMS}
    yield running
    for program in running.values():
        program.end()


@pytest.fixture(params=["openai", "openai-node", "langchain", "litellm", "llama-index"])
def client(request: pytest.FixtureRequest, programs: dict[str, Program]) -> Program:
    """Every client of OpenAI's protocol."""
    return programs[request.param]
