"""Graphics cards, by NVIDIA's management library (NVML), where there is one.

Of a process it tells the busiest of the cards that it is on, and the fullest, whoever else is there: which part of a
card is its own, cards don't say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from pointsman.library.monitor.machine import family
from pointsman.library.monitor.usage import Figures, Look


class Card(msgspec.Struct, frozen=True):
    """``busy`` is 0..1, None if it does not tell; memory is bytes; ``users`` are numbers of processes."""

    busy: float | None
    used: int
    total: int
    users: frozenset[int]


class Cards:
    """``nvml`` is the package pynvml after ``nvmlInit``, ``package`` psutil."""

    name = "gpu"

    def __init__(self, nvml: Any, package: Any) -> None:
        self._nvml = nvml
        self._package = package

    def look(self) -> Look:
        cards = list(self._cards())

        def of(pid: int | None) -> Figures:
            if pid is None:
                return _all(cards)
            mine = {process.pid for process in family(self._package, pid)}
            return _fullest([card for card in cards if card.users & mine])

        return of

    def _cards(self) -> Iterator[Card]:
        nvml = self._nvml
        for number in range(nvml.nvmlDeviceGetCount()):
            handle, busy, users = nvml.nvmlDeviceGetHandleByIndex(number), None, set()
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            with suppress(nvml.NVMLError):  # some are not allowed to tell, or can't
                busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
            for told in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
                with suppress(nvml.NVMLError):
                    users |= {process.pid for process in told(handle)}
            yield Card(busy, memory.used, memory.total, frozenset(users))


def cards(package: Any) -> Cards | str:
    """Those of this machine, or why there are none."""
    try:
        import pynvml  # noqa: PLC0415  an extra
    except ImportError:
        return "not watched: nvidia-ml-py is not installed"
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError as error:
        return f"not there: {error}"
    return Cards(pynvml, package) if count else "not there: no NVIDIA card"


def _all(cards: list[Card]) -> Figures:
    """Of all cards together."""
    busy = [card.busy for card in cards if card.busy is not None]
    total = sum(card.total for card in cards)
    figures = {"gpu": sum(busy) / len(busy)} if busy else {}
    return figures | ({"gpu_memory": sum(card.used for card in cards) / total} if total else {})


def _fullest(cards: list[Card]) -> Figures:
    busy = [card.busy for card in cards if card.busy is not None]
    full = [card.used / card.total for card in cards if card.total]
    return ({"gpu": max(busy)} if busy else {}) | ({"gpu_memory": max(full)} if full else {})
