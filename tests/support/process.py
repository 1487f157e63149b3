"""``pointsman serve`` as a user runs it: a process of its own, signals, exit codes, and what it logs."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

COMMAND = [sys.executable, "-m", "pointsman"]

STRICT = {"PYTHONWARNINGS": "error"}

LONGEST = 60.0
"""Seconds that a start or an end may take on a busy machine."""


class Process:
    """A gateway that is ready on ``port``. ``printed`` grows with every line that it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())
        self.printed: list[str] = []
        self.port = 0

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def printed_line(self, pattern: str) -> str:
        """Wait until a line matches."""
        async with asyncio.timeout(LONGEST):
            while True:
                self._changed.clear()
                for line in self.printed:
                    if re.search(pattern, line):
                        return line
                assert not self._reading.done(), self.printed
                await self._changed.wait()

    async def logged(self, event: str) -> dict[str, Any]:
        """Wait for an event of the log."""
        return msgspec.json.decode(await self.printed_line(f'"event": ?"{event}"'))

    async def ended(self) -> int:
        """Wait for the exit code."""
        async with asyncio.timeout(LONGEST):
            await self._reading
            return await self._process.wait()

    async def _read(self) -> None:
        stream = self._process.stderr
        while line := await stream.readline():
            self.printed.append(line.decode())
            self._changed.set()
        self._changed.set()


@asynccontextmanager
async def serving(
    config: Path, *options: str, python: str = sys.executable, more: Mapping[str, str] = STRICT
) -> AsyncIterator[Process]:
    """On a free port of loopback. It is ended at once if it has not ended by then. ``more``: of its environment."""
    command = [python, *COMMAND[1:], "serve", "--config", str(config), "--port", "0", *options]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **more}
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=environment)
    it = Process(process)
    try:
        ready = await it.printed_line("ready on")
        it.port = int(re.search(r":(\d+) in ", ready)[1])
        yield it
    finally:
        if process.returncode is None:
            process.kill()
        await it.ended()
