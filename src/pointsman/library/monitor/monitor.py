"""ResourceMonitor: looks every few seconds, in a thread of its own, at what models use; who routes reads the last look.

A model is watched through its instance: one with a ``pid`` (ProcessInstance) by that process and all that it has
started, one that is ``local`` (an EndpointInstance at a loopback address) by the whole machine. Of any other nothing is
known, which is no error. Nothing here raises into who routes: what goes wrong stands in ``status``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from math import isfinite
from threading import Event, Lock, Thread, current_thread
from time import monotonic
from typing import Any, Self

from pointsman.errors import Misuse
from pointsman.library.monitor.cards import cards
from pointsman.library.monitor.machine import Machine, Process, psutil
from pointsman.library.monitor.usage import Figures, Look, Source, Usage
from pointsman.library.numbers import seconds
from pointsman.model.view import Clock

ROUNDS = 2.5
"""Times ``interval`` that a reading holds."""

WELL = "well"

Told = Callable[[Mapping[str, float]], None]
"""Is told every model's utilization by its id: another mapping after each look."""


class ResourceMonitor:
    """``interval`` is seconds, or a timedelta, from one look to the next. ``sources`` tell of resources (None: this
    machine's processors and memory, and its NVIDIA cards if there are any); without the package psutil that raises
    Misuse.
    """

    def __init__(
        self,
        interval: float | timedelta = 5.0,
        *,
        sources: Iterable[Source] | None = None,
        clock: Clock = monotonic,
    ) -> None:
        self.interval = seconds(interval, "interval")
        if self.interval <= 0.0:
            raise Misuse("interval must be more than 0 seconds", param="interval")
        self.status: dict[str, str] = {}
        """By the name of each source: "well", or what is the matter."""
        self._sources = self._usual() if sources is None else list(sources)
        self._clock = clock
        self._watched: dict[str, Any] = {}
        self._readings: dict[str, Usage] = {}
        self._machine: Usage | None = None
        self._listeners: list[Told] = []
        self._lock = Lock()  # of a look: they come one after the other
        self._over = Event()
        self._thread: Thread | None = None

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped"
        told = "".join(f", {name}: {status}" for name, status in self.status.items())
        return f"ResourceMonitor(every {self.interval:g} s, {state}, {len(self._watched)} models{told})"

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> Self:
        """Look at once, and again and again. Does nothing while it runs."""
        if not self.running:
            self._over.clear()
            self._thread = Thread(target=self._run, name="pointsman-monitor", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """No more looks, and nobody's utilization is known any more. It may be started again."""
        self._over.set()
        if self._thread is not None and self._thread is not current_thread():
            self._thread.join()
        with self._lock:
            self._machine = None
            self._tell({})

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_raised: object) -> None:
        self.stop()

    def watch(self, model_id: str, instance: object = None, *, pid: int | None = None) -> None:
        """From the next look on: the process ``pid`` (of a server, say, that an endpoint speaks to), else what the
        instance tells of itself. Raises Misuse if there is no such process.
        """
        if pid is not None:
            self._watched[model_id] = Process(pid)
        elif hasattr(instance, "pid") or getattr(instance, "local", False):
            self._watched[model_id] = instance
        else:
            self.forget(model_id)

    def forget(self, model_id: str) -> None:
        """It is not watched any more."""
        self._watched.pop(model_id, None)
        self._readings = {name: usage for name, usage in self._readings.items() if name != model_id}

    def tell(self, listener: Told) -> None:
        """Tell it of every look: how ``Scoreboard.measured`` comes to know."""
        self._listeners = [*self._listeners, listener]

    def untell(self, listener: Told) -> None:
        """Tell it no more."""
        self._listeners = [other for other in self._listeners if other != listener]

    def sample(self) -> dict[str, Usage]:
        """One look, now: what is known of each model."""
        with self._lock:
            looks, now = self._looks(), self._clock()
            self._machine = self._usage(looks, None, now)
            found = {name: self._of(thing, looks, now) for name, thing in list(self._watched.items())}
            self._tell({name: usage for name, usage in found.items() if usage is not None})
            return self._readings

    @property
    def machine(self) -> Usage | None:
        """Of the whole machine, as long as the last look holds."""
        return self._held(self._machine)

    def usage(self, model_id: str) -> Usage | None:
        """Of a model: as long as the last look holds, and None if nobody knows."""
        return self._held(self._readings.get(model_id))

    def utilization(self, model_id: str) -> float | None:
        """Of the resource that is shortest, 0..1. Likewise."""
        usage = self.usage(model_id)
        return usage.greatest if usage is not None else None

    def _usual(self) -> list[Source]:
        package = psutil()
        found = cards(package)
        if isinstance(found, str):
            self.status["gpu"] = found
            return [Machine(package)]
        return [Machine(package), found]

    def _run(self) -> None:
        while not self._over.is_set():
            self.sample()
            self._over.wait(self.interval)

    def _looks(self) -> list[tuple[str, Look]]:
        found = []
        for source in self._sources:
            try:
                found.append((source.name, source.look()))
            except Exception as error:  # noqa: BLE001  whatever a source raises, routing goes on
                self.status[source.name] = _reason(error)
            else:
                self.status[source.name] = WELL
        return found

    def _of(self, thing: Any, looks: list[tuple[str, Look]], now: float) -> Usage | None:
        if not hasattr(thing, "pid"):
            return self._machine
        pid = thing.pid
        return self._usage(looks, pid, now) if pid is not None else None

    def _usage(self, looks: list[tuple[str, Look]], pid: int | None, now: float) -> Usage | None:
        figures: Figures = {}
        for name, look in looks:
            try:
                figures |= look(pid)
            except Exception as error:  # noqa: BLE001  as above
                self.status[name] = _reason(error)
        known = {name: min(max(figure, 0.0), 1.0) for name, figure in figures.items() if isfinite(figure)}
        return Usage(**known, at=now) if known else None

    def _tell(self, readings: dict[str, Usage]) -> None:
        self._readings = readings
        greatest = {name: usage.greatest for name, usage in readings.items()}
        for listener in self._listeners:
            listener({name: figure for name, figure in greatest.items() if figure is not None})

    def _held(self, usage: Usage | None) -> Usage | None:
        held = usage is not None and self._clock() - usage.at <= ROUNDS * self.interval
        return usage if held else None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
