"""Graphics cards, as NVML tells of them: a stand-in with its names, for there are no cards where tests run."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import psutil
import pytest

from pointsman.library.monitor import ResourceMonitor
from pointsman.library.monitor.cards import Cards, cards

HERE = os.getpid()


class Refused(Exception):  # noqa: N818  stands for NVMLError
    def __str__(self) -> str:
        return "NVML Shared Library Not Found"


class Nvml:
    """Stands in for pynvml. ``cards``: per cent busy (None: it does not tell), bytes used and in all, processes."""

    NVMLError = Refused

    def __init__(self, *told: tuple[int | None, int, int, tuple[int, ...]], there: bool = True) -> None:
        self.told = told
        self.there = there
        self.silent = False

    def nvmlInit(self) -> None:  # noqa: N802  NVML's own names, here and below
        if not self.there:
            raise Refused

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.told)

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:  # noqa: N802
        return number

    def nvmlDeviceGetMemoryInfo(self, card: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(used=self.told[card][1], total=self.told[card][2])

    def nvmlDeviceGetUtilizationRates(self, card: int) -> SimpleNamespace:  # noqa: N802
        if self.told[card][0] is None:
            raise Refused
        return SimpleNamespace(gpu=self.told[card][0])

    def nvmlDeviceGetComputeRunningProcesses(self, card: int) -> list[SimpleNamespace]:  # noqa: N802
        if self.silent:
            raise Refused
        return [SimpleNamespace(pid=pid) for pid in self.told[card][3]]

    def nvmlDeviceGetGraphicsRunningProcesses(self, card: int) -> list[SimpleNamespace]:  # noqa: N802
        return [] if card else [SimpleNamespace(pid=1)]


def test_a_machine_is_as_busy_as_its_cards_together():
    """The mean of those that tell, and all their memory."""
    nvml = Nvml((100, 10, 100, ()), (50, 0, 300, ()), (None, 90, 100, ()))
    assert Cards(nvml, psutil).look()(None) == {"gpu": 0.75, "gpu_memory": 0.2}
    assert Cards(Nvml((None, 1, 4, ())), psutil).look()(None) == {"gpu_memory": 0.25}
    assert Cards(Nvml(), psutil).look()(None) == {}


def test_a_program_is_as_busy_as_the_cards_that_it_is_on():
    """The busiest and the fullest of them; whoever is on none uses none."""
    nvml = Nvml((100, 90, 100, ()), (20, 10, 100, (HERE,)), (10, 30, 100, (HERE, 2**30)))
    look = Cards(nvml, psutil).look()
    assert look(HERE) == {"gpu": 0.2, "gpu_memory": 0.3}
    assert look(2**30) == {}
    nvml.silent = True
    assert Cards(nvml, psutil).look()(HERE) == {}


@pytest.mark.parametrize(
    ("package", "says"),
    [
        (None, "not watched: nvidia-ml-py is not installed"),
        (Nvml(there=False), "not there: NVML Shared Library Not Found"),
        (Nvml(), "not there: no NVIDIA card"),
    ],
)
def test_where_there_are_none_the_monitor_says_so_and_goes_on(monkeypatch, package, says):
    """The other resources are watched all the same."""
    monkeypatch.setitem(sys.modules, "pynvml", package)
    assert cards(psutil) == says
    monitor = ResourceMonitor()
    monitor.sample()
    assert monitor.status == {"gpu": says, "machine": "well"}
    assert f"gpu: {says}" in repr(monitor)
    assert monitor.machine.gpu is None
    assert monitor.machine.cpu is not None


def test_where_there_are_some_they_are_watched(monkeypatch):
    """Beside processors and memory, in the same reading."""
    monkeypatch.setitem(sys.modules, "pynvml", Nvml((40, 30, 40, (HERE,))))
    monitor = ResourceMonitor()
    monitor.watch("m", pid=HERE)
    usage = monitor.sample()["m"]
    assert (usage.gpu, usage.gpu_memory) == (0.4, 0.75)
    assert monitor.status == {"gpu": "well", "machine": "well"}
