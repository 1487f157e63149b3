"""Fixtures: the model file, a line shared by tests that leave it whole, another for those that break it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import openai
import pytest

import environment
from line import KEY, Line
from processes import SHOWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A failure shows what each process said last."""
    report = yield
    for name in ("own_line", "servers"):
        if report.failed and name in item.funcargs:
            line: Line = item.funcargs[name]
            for server in (line.gateway, *line.servers.values()):
                report.sections.append((repr(server), server.said()[-SHOWN:]))
    return report


@pytest.fixture(scope="session")
def model_file(tmp_path_factory) -> Path:
    """Written anew for each run: it takes a second, and no old file can be mistaken for a new one."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    writer = [environment.ensure(), environment.REQUIREMENTS.with_name("tiny_gguf.py"), path]
    subprocess.run(writer, check=True)
    return path


@pytest.fixture(scope="session")
def servers(model_file, tmp_path_factory) -> Iterator[Line]:
    """The shared line without its gateway."""
    line = Line(environment.server_python(), model_file, tmp_path_factory.mktemp("shared"))
    try:
        line.left.start()
        line.right.start()
        yield line
    finally:
        line.stop()


@pytest.fixture(scope="session")
def shared_line(servers) -> Line:
    """With its gateway; stopped by ``servers``."""
    servers.gateway.start()
    return servers


@pytest.fixture
def line(shared_line) -> Iterator[Line]:
    """For tests that leave both servers up; each of them leaves nothing in flight."""
    yield shared_line
    shared_line.settles()


@pytest.fixture
def own_line(model_file, tmp_path) -> Iterator[Line]:
    """For tests that kill."""
    line = Line(environment.server_python(), model_file, tmp_path)
    try:
        line.start()
        yield line
    finally:
        line.stop()


@pytest.fixture
def client(request) -> Iterator[openai.OpenAI]:
    """Of whichever line the test uses. It never retries: what is lost is seen to be lost."""
    with openai.OpenAI(base_url=_line_of(request).address(), api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture
async def aclient(request) -> AsyncIterator[openai.AsyncOpenAI]:
    """As ``client``, for many requests at once."""
    async with openai.AsyncOpenAI(base_url=_line_of(request).address(), api_key=KEY, max_retries=0) as made:
        yield made


def _line_of(request) -> Line:
    name = "own_line" if "own_line" in request.fixturenames else "line"
    return request.getfixturevalue(name)
