"""Processors and memory: shares of a machine that says of itself what the test wants, and of the real one."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest

from library.instances.programs import python
from pointsman.library.instances import ProcessInstance
from pointsman.library.monitor.machine import Machine, Process


class Times(NamedTuple):
    user: float
    system: float
    idle: float
    iowait: float
    guest: float


class Package:
    """Stands in for psutil: two processors, 1,000 bytes."""

    STATUS_ZOMBIE = psutil.STATUS_ZOMBIE
    NoSuchProcess = psutil.NoSuchProcess
    AccessDenied = psutil.AccessDenied

    def __init__(self) -> None:
        self.times = Times(100.0, 50.0, 800.0, 50.0, 30.0)
        self.free = 600
        self.processes: dict[int, SimpleNamespace] = {}

    def cpu_times(self) -> Times:
        return self.times

    def cpu_count(self) -> int:
        return 2

    def virtual_memory(self) -> SimpleNamespace:
        return SimpleNamespace(total=1000, available=self.free)

    def pass_time(self, busy: float, idle: float) -> None:
        self.times = self.times._replace(user=self.times.user + busy, idle=self.times.idle + idle)

    def add(self, pid: int, spent: float, size: int, created: float = 0.0, children: tuple[int, ...] = ()) -> None:
        def times() -> SimpleNamespace:
            if spent < 0:
                raise self.AccessDenied(pid)
            return SimpleNamespace(user=spent / 2, system=spent / 2)

        self.processes[pid] = SimpleNamespace(
            pid=pid,
            status=lambda: psutil.STATUS_RUNNING,
            oneshot=nullcontext,
            cpu_times=times,
            create_time=lambda: created,
            memory_info=lambda: SimpleNamespace(rss=size),
            children=lambda recursive: [self.processes[child] for child in children],
        )

    def Process(self, pid: int) -> SimpleNamespace:  # noqa: N802  psutil's own name
        if pid not in self.processes:
            raise self.NoSuchProcess(pid)
        return self.processes[pid]


@pytest.fixture
def package():
    return Package()


@pytest.fixture
def machine(package):
    return Machine(package, wall=lambda: 100.0)


def test_the_machine_is_counted_from_look_to_look(machine, package):
    """Waiting for disks is no work, guests are not counted twice, and memory is what is not available."""
    package.pass_time(busy=3.0, idle=1.0)
    assert machine.look()(None) == {"cpu": 0.75, "memory": 0.4}
    package.times = package.times._replace(iowait=package.times.iowait + 4.0)
    package.free = 0
    assert machine.look()(None) == {"cpu": 0.0, "memory": 1.0}
    package.times = package.times._replace(guest=31.0, user=package.times.user + 1.0, idle=package.times.idle + 1.0)
    assert machine.look()(None)["cpu"] == 0.5


def test_without_time_between_two_looks_the_last_word_holds(machine, package):
    """Clocks tick a hundred times a second."""
    package.pass_time(busy=1.0, idle=1.0)
    assert machine.look()(None)["cpu"] == 0.5
    assert machine.look()(None)["cpu"] == 0.5


def test_a_program_is_counted_with_all_that_it_has_started(machine, package):
    """In parts of the whole machine: at first since it began, then from look to look."""
    package.add(7, spent=20.0, size=100, created=50.0, children=(8, 9))
    package.add(8, spent=10.0, size=50, created=80.0)
    package.add(9, spent=-1.0, size=999)
    package.pass_time(busy=10.0, idle=10.0)
    assert machine.look()(7) == {"cpu": 20 / 100 + 10 / 40, "memory": 0.15}
    package.add(7, spent=24.0, size=100, created=50.0, children=(8,))
    package.add(8, spent=14.0, size=60, created=80.0)
    package.pass_time(busy=10.0, idle=10.0)
    assert machine.look()(7) == {"cpu": 8 / 20, "memory": 0.16}


def test_another_process_of_the_same_number_is_another_one(machine, package):
    """It owes nothing to the one before."""
    package.add(7, spent=20.0, size=100, created=50.0)
    machine.look()(7)
    package.add(7, spent=1.0, size=10, created=90.0)
    package.pass_time(busy=10.0, idle=10.0)
    assert machine.look()(7) == {"cpu": 1 / 20, "memory": 0.01}


def test_who_is_gone_has_no_figures(machine, package):
    """Ended, or ended and not noticed by its parent yet."""
    assert machine.look()(7) == {}
    package.add(7, spent=1.0, size=10)
    package.processes[7].status = lambda: psutil.STATUS_ZOMBIE
    assert machine.look()(7) == {}


def test_nothing_is_kept_of_who_is_not_asked_about_any_more(machine, package):
    """Memory is bounded by who is watched."""
    package.add(7, spent=1.0, size=10)
    for _ in range(3):
        machine.look()(7)
    assert len(machine._spent) == 1
    machine.look()
    assert machine._spent == {}


def test_a_real_program_that_works_hard_is_seen_to():
    """It, and its child; and it is gone when it has ended."""
    source = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "bytes(50_000_000); input()"], stdin=subprocess.PIPE)
sys.stdin.readline()
total = 0
for n in range(2_000_000): total += n
print("done")
sys.stdin.readline()
child.communicate()
"""
    machine = Machine()
    with ProcessInstance(python(source)) as instance:
        instance.start()
        pid = instance.pid
        machine.look()(pid)
        before = machine._spent.copy()
        assert instance.ask("go") == "done"
        figures = machine.look()(pid)
        assert 0 < figures["cpu"] <= 1
        assert 0 < figures["memory"] < 1
        assert sum(machine._spent.values()) > sum(before.values())
    assert machine.look()(pid) == {}


def test_a_process_is_told_from_a_later_one_of_its_number():
    """As long as it runs, its number; afterwards none."""
    with ProcessInstance("cat") as instance:
        instance.start()
        process = Process(instance.pid)
        assert process.pid == instance.pid
    assert process.pid is None
