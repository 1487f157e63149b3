"""The library's bench from its options to its report. This file only assembles.

The laws: every measurement runs in a process of its own; rivals are asked in turns; whatever could not be measured is
named with the reason, and what was measured before an end of any kind is reported.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from rich.console import Console

import report
from competitors.install import cache_folder
from facts import Absent
from library import contest, plots, tables, versus
from library.facts import Figures, Growth, Speed, ThreadRun
from library.memory import Load
from library.speed import Effort
from library.threads import Load as ThreadLoad
from machine import CannotMeasureError, describe_host, pinned, two_cores
from tables import Table

BENCH = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 1_800
PARTS = ("speed", "memory", "threads", "rivals", "world")
THREADS = 16

Found = TypeVar("Found")


class Size(msgspec.Struct, frozen=True):
    """How much to measure."""

    effort: Effort
    results: int
    prompts: int
    unreported: int
    operations: int
    rounds: int
    seconds: float
    tasks: int
    seeds: int


WHOLE = Size(Effort(3, 7, 3_000), 10_000_000, 100_000, 1_000_000, 1_000_000, 9, 0.15, 5_000, 9)
QUICK = Size(Effort(1, 3, 1_000), 200_000, 24_000, 450_000, 40_000, 2, 0.02, 1_000, 2)
WARM_UP = {"results": 100_000, "prompts": 20_000, "unreported": 220_000}
TRACED = {"results": 10, "prompts": 1, "unreported": 1}
"""Tracing makes everything several times slower: so many times fewer."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; --quick is a rehearsal whose figures mean little."""
    parser = argparse.ArgumentParser(prog="bench-library", description="The library router by itself and beside others")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--strategies", nargs="+", default=[], metavar="NAME", help="whose speed is measured (all)")
    parser.add_argument("--cheap-detector", action="store_true", help="prompts are not really read, to save time")
    parser.add_argument("--quick", action="store_true", help="a minute: does it work at all")
    return parser.parse_args(arguments)


def ask(module: str, load: msgspec.Struct, kind: type[Found], core: int | None) -> Found:
    """Raises CalledProcessError or TimeoutExpired."""
    command = [sys.executable, "-m", f"library.{module}", msgspec.json.encode(load).decode()]
    done = subprocess.run(
        command if core is None else pinned(core, command),
        capture_output=True,
        timeout=LIMIT_SECONDS,
        cwd=BENCH,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=kind)


def speed(size: Size, options: argparse.Namespace, figures: Figures, core: int) -> None:
    """By strategy, size and case."""
    effort = msgspec.structs.replace(size.effort, strategies=options.strategies)
    found = ask("speed", effort, Speed, core)
    figures.steps = found.steps
    figures.absent += found.absent


def memory(size: Size, options: argparse.Namespace, figures: Figures, core: int) -> None:
    """Resident memory over all of it, and traced over a part."""
    for what, first in WARM_UP.items():
        for traced in (False, True):
            events = getattr(size, what) // (TRACED[what] if traced else 1)
            load = Load(what, max(events, first), min(first, events // 2), traced, options.cheap_detector)
            figures.growths.append(ask("memory", load, Growth, core))


def threads(size: Size, options: argparse.Namespace, figures: Figures, core: int) -> None:
    """One thread, then many, free to run anywhere."""
    del options, core
    for count in (1, THREADS):
        figures.threads.append(ask("threads", ThreadLoad(count, size.operations), ThreadRun, None))


def contests(size: Size, options: argparse.Namespace, figures: Figures, core: int) -> None:
    """Rivals, and the simulated world, which needs the same processes."""
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as home:
        found = contest.pythons(cache_folder(), figures)
        with contest.players(found, core, Path(home), figures) as who:
            if "rivals" in options.only:
                contest.turns(who, size.rounds, size.seconds, figures)
            if "world" in options.only:
                contest.fates(who, size.tasks, size.seeds, figures)


MEASURES = {"speed": speed, "memory": memory, "threads": threads, "rivals": contests}


def measure_all(options: argparse.Namespace, figures: Figures) -> None:
    """A part that breaks is named, and the others go on."""
    core, size = two_cores().load, QUICK if options.quick else WHOLE
    for name, measure in MEASURES.items():
        if name not in options.only and not (name == "rivals" and "world" in options.only):
            continue
        print(f"{name} …", flush=True)
        try:
            measure(size, options, figures, core)
        except subprocess.CalledProcessError as error:
            words = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            figures.absent.append(Absent(name, words[:300]))
        except (subprocess.TimeoutExpired, msgspec.DecodeError, contest.BrokenRivalError) as error:
            figures.absent.append(Absent(name, str(error)[:300]))


def all_tables(figures: Figures) -> list[Table]:
    """Every table with at least one row, in the order of the report."""
    made = [
        tables.bars(figures),
        tables.growth_with_n(figures),
        tables.over_n(figures, "route", "route_task, in alternation with record_task_result", 1),
        tables.over_n(figures, "alone", "route_task alone", 1),
        tables.over_n(figures, "record", "record_task_result", 2),
        tables.cases(figures, "route", "route_task by case"),
        tables.cases(figures, "record", "record_task_result by case"),
        tables.memory(figures),
        tables.threads(figures),
        versus.rivals(figures),
        versus.world(figures),
        tables.absent(figures),
    ]
    return [table for table in made if table.rows]


def publish(figures: Figures) -> None:
    """The terminal, and two files named by the time."""
    found = all_tables(figures)
    report.show(found, Console(width=max(Console().width, 210)))
    about = ["; ".join(f"{key}: {value}" for key, value in each.items()) for each in _about(figures)]
    page = report.Report("Pointsman's library", about, plots.plots(figures), found)
    stamp = "library-" + dt.datetime.now(tz=dt.UTC).strftime("%Y%m%d-%H%M%S")
    for file in report.write(figures, page, BENCH / "results", stamp):
        print(file.relative_to(BENCH.parent))


def _about(figures: Figures) -> list[dict[str, Any]]:
    return [each for each in (figures.machine, figures.options, figures.versions) if each]


def main(arguments: list[str]) -> int:
    """0 if the bench ran to its end, whatever it found; 1 if it could not; 130 if it was interrupted."""
    options = parse(arguments)
    said = "a cheap detector, by the length of the prompt" if options.cheap_detector else "the shipped detector"
    figures = Figures(machine=describe_host(), options={**vars(options), "detector": said})
    try:
        measure_all(options, figures)
    except CannotMeasureError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was measured so far follows", flush=True)
        return 130
    finally:
        publish(figures)
    return 0
