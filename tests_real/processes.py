"""Real processes for the tests: start, wait until ready, read what they print, stop, kill. Loopback only.

Everything that waits does so for a condition with a deadline after which the test fails; nothing waits for a
while and then hopes.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEADLINE = 30.0  # seconds; generous, for the machine may be busy
PACE = 0.05  # seconds between two looks at another process
SHOWN = 4000  # characters of a log in a failure


def free_port() -> int:
    """A port that the operating system had free a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], object], told: Callable[[], str]) -> None:
    """Return as soon as ``holds`` is true; fail with what ``told`` says if it never is."""
    end = time.monotonic() + DEADLINE
    pace = threading.Event()
    while not holds():
        assert time.monotonic() < end, told()
        pace.wait(PACE)


def get(port: int, path: str, key: str = "") -> tuple[int, str]:
    """Status and text of a GET, (0, "") if nobody answers."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        try:
            connection.request("GET", path, headers={"authorization": f"Bearer {key}"} if key else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""


class Server:
    """One server process on one port; it is ready when ``path`` answers 200."""

    def __init__(self, command: list[str], port: int, path: str, log: Path) -> None:
        self.command = command
        self.port = port
        self._path = path
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"<{self._log.stem} on :{self.port}>"

    def start(self) -> None:
        """Returns when it answers; a second start after a kill takes the same port."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        eventually(self._ready, lambda: f"{self!r} is not ready:\n{self.said()[-SHOWN:]}")

    def said(self) -> str:
        """Everything it printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def kill(self) -> None:
        """SIGKILL: no farewell, the kernel closes its connections."""
        self._end(signal.SIGKILL)

    def stop(self) -> int | None:
        """SIGTERM, then its exit code; None if it had been killed before."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int | None:
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            return process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def _ready(self) -> bool:
        assert self._process is not None
        ended = self._process.poll()
        assert ended is None, f"{self!r} ended with {ended}:\n{self.said()[-SHOWN:]}"
        return get(self.port, self._path)[0] == 200
