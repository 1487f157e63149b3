"""Clients in programs of their own, started together and once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.programs import PROGRAMS, Program


class Running(dict[str, Program]):
    """Programs by name, started when first asked for."""

    def __missing__(self, name: str) -> Program:
        self[name] = Program(name)
        return self[name]


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Iterator[Running]:
    """All that this run's tests name are started together: who is asked later has time to import what it needs."""
    running = Running()
    for item in request.session.items:
        name = item.callspec.params.get("client") if hasattr(item, "callspec") else None
        if name in PROGRAMS:
            running[name]
    yield running
    for program in running.values():
        program.end()


@pytest.fixture(params=["openai", "openai-node", "langchain", "litellm", "llama-index"])
def client(request: pytest.FixtureRequest, programs: Running) -> Program:
    """Every client of OpenAI's protocol."""
    return programs[request.param]
