"""Competitors that run side by side on one core, all but one of them frozen: starts, checks, turns."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Self

import msgspec

from competitors.base import Competitor, Place
from facts import Absent, Figures, Start
from load.body import ask
from machine import free_port, pinned
from processes import Child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROBE_PAUSE_SECONDS = 0.01
SETTLE_SECONDS = 20.0


class NotServingError(Exception):
    """A competitor does not answer correctly; the message says how."""


class Contestant(msgspec.Struct, frozen=True):
    """A started competitor, or the upstream itself (then there is no child to freeze or to account)."""

    name: str
    port: int
    headers: dict[str, str]
    child: Child | None

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Awake inside, frozen outside."""
        if self.child is None:
            yield
            return
        self.child.resume()
        try:
            yield
        finally:
            self.child.pause()

    def cpu_seconds(self) -> float:
        return 0.0 if self.child is None else self.child.cpu_seconds()

    def check(self, *, stream: bool) -> None:
        """Raises NotServingError unless one request gets the expected answer."""
        if self.child is not None and not self.child.alive:
            raise NotServingError(f"ended by itself: {self.child.last_words()}")
        if wrong := ask(self.port, self.headers, stream=stream):
            raise NotServingError(wrong)

    def settle(self, *, stream: bool) -> None:
        """As check, but an overloaded one has some time to work off what its callers no longer wait for."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                self.check(stream=stream)
            except NotServingError:
                if time.monotonic() > deadline or (self.child is not None and not self.child.alive):
                    raise
                time.sleep(0.5)
            else:
                return


class Arena:
    """Everything started for one phase. ``phase`` is "unary" or "streams"; leaving ends all of it."""

    def __init__(self, phase: str, core: int, folder: Path, figures: Figures) -> None:
        self.phase = phase
        self._core = core
        self._folder = folder
        self._figures = figures
        self._stack = contextlib.ExitStack()
        self.contestants: list[Contestant] = []
        self._upstream: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def admit(self, name: str, port: int, upstream: Child) -> None:
        """The upstream itself takes part, asked without a gateway."""
        self._upstream = upstream
        self.contestants.append(Contestant(name=name, port=port, headers={}, child=None))

    def upstream_cpu_seconds(self) -> float:
        return 0.0 if self._upstream is None else self._upstream.cpu_seconds()

    def start(self, competitor: Competitor, upstream: str, cache: Path) -> None:
        """Starts it, waits for its first correct answer, notes time and memory, freezes it."""
        folder = self._folder / competitor.name
        folder.mkdir(parents=True, exist_ok=True)
        place = Place(port=free_port(), metrics_port=free_port(), upstream=upstream, folder=folder, cache=cache)
        command = pinned(self._core, competitor.command(place))
        child = self._stack.enter_context(Child(command, folder, competitor.environment(place)))
        contestant = Contestant(name=competitor.name, port=place.port, headers=competitor.headers(place), child=child)
        try:
            ready = self._until_ready(contestant, child.started, competitor.ready_seconds)
            contestant.check(stream=self.phase == "streams")
        except NotServingError as error:
            child.end()
            self.lose(contestant, str(error))
            return
        memory = child.memory()
        child.pause()
        self._figures.starts.append(
            Start(
                competitor.name,
                self.phase,
                round(ready, 3),
                round(memory.rss_mib, 1),
                round(memory.anon_mib, 1),
            )
        )
        self.contestants.append(contestant)

    @staticmethod
    def _until_ready(contestant: Contestant, started: float, limit: float) -> float:
        """Seconds from the start to the first correct unary answer."""
        while True:
            try:
                contestant.check(stream=False)
            except NotServingError as error:
                child = contestant.child
                if time.perf_counter() - started > limit or (child is not None and not child.alive):
                    waited = time.perf_counter() - started
                    said = f"; it said: {child.last_words()}" if child is not None and child.alive else ""
                    raise NotServingError(f"no correct answer in {waited:.1f} s: {error}{said}") from error
                time.sleep(PROBE_PAUSE_SECONDS)
            else:
                return time.perf_counter() - started

    def lose(self, contestant: Contestant, reason: str) -> None:
        """Takes it out of the rounds that follow; the reason goes into the report."""
        print(f"  {contestant.name} is out of the {self.phase} runs: {reason}", flush=True)
        self._figures.absent.append(Absent(contestant.name, f"{self.phase}: {reason}"))
        self.contestants = [other for other in self.contestants if other.name != contestant.name]
        if contestant.child is not None:
            contestant.child.end()
