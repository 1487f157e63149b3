"""Rivals side by side: a round asks each for a turn and begins with another each time; ratios are taken within one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from competitors.base import CannotInstallError
from competitors.install import from_pypi
from competitors.litellm import LiteLLM
from facts import Absent
from library import world
from library.facts import RIVAL_SIZES, Fate, Figures, Turn
from library.rivals import BY_HAND, COUNTERPARTS, GUARDED, LIKE_LITELLM, LITELLM, OURS
from machine import pinned
from processes import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCH = Path(__file__).resolve().parent.parent
PYBREAKER = "1.4.1"
QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
KNOWS_ALL = "knows everything"
END_SECONDS = 10


class BrokenRivalError(Exception):
    """A rival's process does not answer."""


class Player:
    """A rival's process. Leaving ends it."""

    def __init__(self, name: str, python: str, core: int, home: Path) -> None:
        self.name = name
        self._log = home / f"{name}.log"
        with self._log.open("wb") as sink:
            self._process = subprocess.Popen(
                pinned(core, [python, "-m", "library.turns", name]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                cwd=BENCH,
                env=dict(os.environ) if name == OURS else clean_environment(home, QUIET),
            )
        said = self._heard()
        self.version: str = said["version"]
        self.strategies: list[str] = said["strategies"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Raises BrokenRivalError if its process ended; an error of its own is in the answer."""
        if self._process.stdin is None:
            raise BrokenRivalError(f"{self.name} has no input")
        try:
            print(json.dumps(asked), file=self._process.stdin, flush=True)
        except OSError as error:
            raise BrokenRivalError(f"{self.name} ended: {error}") from error
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            words = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise BrokenRivalError(f"{self.name} ended by itself: {words[-300:]}")
        found: dict[str, Any] = json.loads(line)
        return found


def pythons(cache: Path, figures: Figures) -> dict[str, str]:
    """Who can be measured here, and the interpreter that has what he needs; the others are noted with the reason."""
    cache.mkdir(parents=True, exist_ok=True)
    found = {OURS: sys.executable, BY_HAND: sys.executable, LIKE_LITELLM: sys.executable}
    for name, place in ((GUARDED, _pybreaker), (LITELLM, _litellm)):
        try:
            found[name] = str(place(cache, figures) / "bin" / "python")
        except CannotInstallError as error:
            figures.absent.append(Absent(name, f"cannot be installed: {error}"))
    return found


def _pybreaker(cache: Path, figures: Figures) -> Path:
    figures.versions["pybreaker"] = PYBREAKER
    return from_pypi(cache, "pybreaker", PYBREAKER)


def _litellm(cache: Path, figures: Figures) -> Path:
    peer = LiteLLM()
    figures.versions["litellm"] = peer.install(cache)
    return peer.folder


@contextlib.contextmanager
def players(found: dict[str, str], core: int, home: Path, figures: Figures) -> Iterator[dict[str, Player]]:
    """Everybody's process; one that does not start is noted."""
    with contextlib.ExitStack() as stack:
        started = {}
        for name, python in found.items():
            try:
                started[name] = stack.enter_context(Player(name, python, core, home))
            except BrokenRivalError as error:
                figures.absent.append(Absent(name, str(error)))
        yield started


def turns(who: dict[str, Player], rounds: int, seconds: float, figures: Figures) -> None:
    """Everybody's strategies that have a counterpart, and those counterparts."""
    listed = [(name, strategy) for name, strategy in COUNTERPARTS if name in who]
    listed += [(OURS, strategy) for strategy in dict.fromkeys(COUNTERPARTS[pair] for pair in listed)]
    broken: set[tuple[str, str, int]] = set()
    for number in range(rounds):
        first = number % len(listed)
        for name, strategy in listed[first:] + listed[:first]:
            for models in RIVAL_SIZES:
                if (name, strategy, models) in broken:
                    continue
                said = who[name].ask(strategy=strategy, models=models, seconds=seconds)
                if "error" in said:
                    broken.add((name, strategy, models))
                    figures.absent.append(Absent(f"{name}, {strategy}, {models:,} models", said["error"]))
                else:
                    figures.turns.append(Turn(name, strategy, models, number, said["route"], said["record"]))
        print(f"  rivals, round {number + 1} of {rounds}", flush=True)


def fates(who: dict[str, Player], tasks: int, seeds: int, figures: Figures) -> None:
    """Everybody in the same simulated worlds."""
    for seed in range(seeds):
        found = world.all_knowing(tasks, seed)
        figures.fates.append(Fate(KNOWS_ALL, "", seed, found.success, found.refused, found.seconds))
    for name in (LIKE_LITELLM, GUARDED, OURS):
        for strategy in who[name].strategies if name in who else ():
            for seed in range(seeds):
                said = who[name].ask(strategy=strategy, tasks=tasks, seed=seed)
                if "error" in said:
                    figures.absent.append(Absent(f"{name}, {strategy}, in the simulated world", said["error"]))
                    break
                figures.fates.append(Fate(name, strategy, seed, said["success"], said["refused"], said["seconds"]))
