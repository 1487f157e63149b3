"""Processors and memory, by psutil.

Shares are those of the whole machine. Processor time is counted from one look to the next; of whom is seen for the
first time, since its start. Memory that processes have in common counts for each of them. What a container may use at
most is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import time
from typing import Any

from pointsman.errors import Misuse
from pointsman.library.monitor.usage import Figures, Look
from pointsman.model.view import Clock

INSTALL = "watching resources needs the package psutil: pip install 'pointsman[monitor]'"


def psutil() -> Any:
    """The package, which is an extra. Raises Misuse."""
    try:
        import psutil  # noqa: PLC0415  as said
    except ImportError:
        raise Misuse(INSTALL, param="monitor") from None
    return psutil


class Machine:
    """``package`` is psutil, or what stands in for it; ``wall`` the clock that starts of processes are told by."""

    name = "machine"

    def __init__(self, package: Any = None, wall: Clock = time) -> None:
        self._package = package or psutil()
        self._wall = wall
        self._total, self._idle = self._times()
        self._cpu = 0.0
        self._spent: dict[tuple[int, float], float] = {}  # by number and start: numbers are used again

    def look(self) -> Look:
        total, idle = self._times()
        passed = total - self._total
        if passed > 0:
            self._cpu = _part(passed - (idle - self._idle), passed)
            self._total, self._idle = total, idle
        memory = self._package.virtual_memory()
        machine = {"cpu": self._cpu, "memory": _part(memory.total - memory.available, memory.total)}
        before, self._spent = self._spent, {}

        def of(pid: int | None) -> Figures:
            return machine if pid is None else self._family(pid, passed, memory.total, before)

        return of

    def _family(self, pid: int, passed: float, memory: int, before: dict[tuple[int, float], float]) -> Figures:
        cpus, now = self._package.cpu_count() or 1, self._wall()
        cpu, resident, found = 0.0, 0, False
        for key, spent, size in self._members(pid):
            found = True
            self._spent[key] = spent
            if key in before and passed > 0:
                cpu += (spent - before[key]) / passed
            else:
                cpu += _part(spent, (now - key[1]) * cpus)
            resident += size
        return {"cpu": _part(cpu, 1.0), "memory": _part(resident, memory)} if found else {}

    def _members(self, pid: int) -> Iterator[tuple[tuple[int, float], float, int]]:
        """Number and start, processor seconds and bytes of each that we may look at; of nobody if the first is gone."""
        package = self._package
        for process in family(package, pid):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    key = (process.pid, process.create_time())
                    yield key, times.user + times.system, process.memory_info().rss
            except (package.NoSuchProcess, package.AccessDenied):
                continue

    def _times(self) -> tuple[float, float]:
        """Processor seconds since the machine started: all, and those that it was idle."""
        times = self._package.cpu_times()
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # are in others already
        return sum(times) - guests, times.idle + getattr(times, "iowait", 0.0)


def family(package: Any, pid: int) -> list[Any]:
    """A process with all that it has started; nobody if it has ended."""
    try:
        first = package.Process(pid)
        if first.status() == package.STATUS_ZOMBIE:
            return []
        return [first, *first.children(recursive=True)]
    except package.NoSuchProcess:
        return []


def _part(some: float, whole: float) -> float:
    return min(max(some / whole, 0.0), 1.0) if whole > 0 else 0.0


class Process:
    """One process, which another one of the same number is not. Raises Misuse if there is none."""

    def __init__(self, pid: int) -> None:
        package = psutil()
        try:
            self._process = package.Process(pid)
        except (package.NoSuchProcess, ValueError, TypeError):
            raise Misuse(f"there is no process {pid!r:.20}", param="pid") from None

    @property
    def pid(self) -> int | None:
        """None once it has ended."""
        return int(self._process.pid) if self._process.is_running() else None
