"""A Redis of the system's on a free port of loopback, with nothing on disk, for as long as a test needs it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ATTEMPTS = 5
"""How often a port that somebody else took in the meantime is borne."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextmanager
def redis_server(folder: Path, *options: str, port: int = 0) -> Iterator[int]:
    """Its port. ``options`` are those of its command line."""
    command = shutil.which("redis-server")
    if command is None:
        pytest.fail("redis-server is not installed: apt-get install redis-server, or your system's way to have it")
    for _ in range(ATTEMPTS):
        at = port or free_port()
        where = ("--bind", "127.0.0.1", "--port", str(at), "--dir", str(folder), "--save", "", "--appendonly", "no")
        with subprocess.Popen([command, *where, *options], stdout=subprocess.PIPE, text=True) as server:
            try:
                if any("Ready to accept connections" in line for line in server.stdout):
                    yield at
                    return
            finally:
                server.terminate()
                server.communicate()
    pytest.fail(f"redis-server did not start on 127.0.0.1 in {ATTEMPTS} attempts")
