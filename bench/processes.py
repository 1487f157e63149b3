"""One child process and the group it leads: start, pause, resume, end, memory, CPU. No HTTP in here.

Every child leads a session of its own, so the kernel knows which processes belong to it, and nothing
that we did not start can ever be signalled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

END_SECONDS = 5.0
TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
KEPT = ("PATH", "LANG", "LC_ALL", "TERM")


class Memory(msgspec.Struct, frozen=True):
    """MiB over all processes of the group: resident, and the part of it that is anonymous."""

    rss_mib: float
    anon_mib: float


def clean_environment(home: Path, extra: dict[str, str]) -> dict[str, str]:
    """No proxies, keys or settings of the user reach a competitor; its home is a scratch folder."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **extra}


class Child:
    """A started command. Use it in a ``with`` or ``ExitStack``: leaving ends the whole group."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "output.log"
        self.started = time.perf_counter()
        with self.log.open("wb") as sink:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=clean_environment(folder, environment),
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of its output, for a reason that a reader can act on."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " | ".join(line.strip() for line in lines[-2:])[-300:] or "no output"

    def _group(self) -> Iterator[tuple[int, list[str]]]:
        """(pid, fields of stat after the name) of every living process of the group."""
        for entry in PROC.iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.pid and fields[0] != "Z":
                    yield int(entry.name), fields

    def _signal(self, which: signal.Signals) -> None:
        for pid, _ in self._group():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, which)

    def pause(self) -> None:
        """Freezes the group, so that a competitor that waits its turn takes nothing from the one measured."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """CPU time, user and system, of all processes of the group until now."""
        return sum(int(fields[11]) + int(fields[12]) for _, fields in self._group()) / TICKS

    def memory(self) -> Memory:
        kib = {"VmRSS": 0, "RssAnon": 0}
        for pid, _ in self._group():
            with contextlib.suppress(OSError):
                for line in (PROC / str(pid) / "status").read_text().splitlines():
                    key, _, value = line.partition(":")
                    if key in kib:
                        kib[key] += int(value.split()[0])
        return Memory(rss_mib=kib["VmRSS"] / 1024, anon_mib=kib["RssAnon"] / 1024)

    def end(self) -> None:
        """Asks politely, waits a little, then insists; returns with no process of the group left."""
        if self._ended:  # by now the number may be somebody else's
            return
        self._ended = True
        self.resume()
        self._process.terminate()
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            self._process.poll()
            if not any(self._group()):
                return
            time.sleep(0.02)
        self._signal(signal.SIGKILL)
        self._process.wait(END_SECONDS)
