"""`make bench`: Pointsman beside nginx and its peers on two pinned cores. This file only assembles.

The laws: one competitor awake at a time; every answer checked before and after a timed run; every wait
bounded; every process that was started is ended, also on Ctrl-C; whoever could not be measured is named.
"""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from rich.console import Console

import report
import rounds
from arena import Arena
from competitors import DIRECT, OURS, REFERENCE, table
from competitors.base import CannotInstallError, Competitor
from competitors.install import cache_folder
from facts import Absent, Figures, Thinking
from load import upstreams
from machine import CannotMeasureError, Cores, describe, pinned, require_tools, two_cores
from tables import all_tables

HERE = Path(__file__).resolve().parent
DECISION_SECONDS = 120


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; --quick is a rehearsal whose figures mean little."""
    known = [row.name for row in table()]
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="unary rounds (default 7)")
    parser.add_argument("--seconds", type=int, default=4, help="length of one unary run (default 4)")
    parser.add_argument("--stream-rounds", type=int, default=5, help="SSE rounds (default 5)")
    parser.add_argument("--streams", type=int, default=256, help="SSE streams at a time (default 256)")
    parser.add_argument("--only", nargs="+", choices=known, metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--skip", nargs="+", choices=known, metavar="NAME", default=[])
    parser.add_argument("--minutes", type=float, default=45.0, help="no measurement begins after this (default 45)")
    parser.add_argument("--patience", type=int, default=3, help="attempts at a run that others disturb")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s, 1 SSE round: does it work at all")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds, options.stream_rounds = 2, 1, 1
        options.patience = 1
    return options


def chosen(options: argparse.Namespace) -> list[Competitor]:
    """The reference always takes part, for everything is relative to it."""
    rows = [row for row in table() if options.only is None or row.name in options.only]
    rows = [row for row in rows if row.name not in options.skip]
    reference = [row for row in table() if row.name == REFERENCE]
    return reference + [row for row in rows if row.name != REFERENCE]


def install(rows: list[Competitor], cache: Path, figures: Figures) -> list[Competitor]:
    """Those that can be run here; the others are noted with the reason."""
    cache.mkdir(parents=True, exist_ok=True)
    able = []
    for row in rows:
        try:
            figures.versions[row.name] = row.install(cache)
        except CannotInstallError as error:
            print(f"  {row.name} cannot be installed: {error}", flush=True)
            figures.absent.append(Absent(row.name, f"cannot be installed: {error}"))
        else:
            able.append(row)
    return able


def phase(name: str, bench: rounds.Bench, rows: list[Competitor], cache: Path) -> None:
    """One upstream, every competitor in front of it, all rounds."""
    print(f"{name}: starting {len(rows)} competitors", flush=True)
    folder = bench.scratch / name
    upstream, port = upstreams.STARTERS[name](folder / "upstream", bench.cores.load)
    with upstream, Arena(name, bench.cores.gateway, folder, bench.figures) as arena:
        arena.admit(DIRECT, port, upstream)
        for row in rows:
            arena.start(row, f"http://127.0.0.1:{port}", cache)
        measure = {"unary": rounds.unary, "streams": rounds.streams}[name]
        measure(bench, arena)


def decide(bench: rounds.Bench) -> None:
    """The decision micro benchmark, in a process of its own on the gateway's core."""
    script = HERE / "decisions.py"
    try:
        done = subprocess.run(
            pinned(bench.cores.gateway, [sys.executable, str(script)]),
            capture_output=True,
            text=True,
            timeout=DECISION_SECONDS,
            check=True,
        )
        found = msgspec.json.decode(done.stdout, type=Thinking)
        bench.figures.decisions, bench.figures.picks = found.decisions, found.picks
    except subprocess.CalledProcessError as error:
        reason = "decisions.py failed: " + error.stderr.strip().rpartition("\n")[2]
        bench.figures.absent.append(Absent("decisions", reason))
    except (subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        bench.figures.absent.append(Absent("decisions", str(error)[:300]))


def _interrupt(*_: object) -> None:
    for which in (signal.SIGINT, signal.SIGTERM):  # once is enough: a second must not stop the cleaning up
        signal.signal(which, signal.SIG_IGN)
    raise KeyboardInterrupt


def _budget(options: argparse.Namespace) -> rounds.Budget:
    return rounds.Budget(
        rounds=options.rounds,
        seconds=options.seconds,
        stream_rounds=options.stream_rounds,
        slots=options.streams,
        streams_per_slot=1 if options.quick else 2,
        stream_deadline_seconds=20.0,
        patience=options.patience,
        ends_at=time.monotonic() + 60 * options.minutes,
    )


def measure_all(options: argparse.Namespace, figures: Figures, cores: Cores) -> None:
    """Every phase in order; an interruption ends the phase and keeps what was found."""
    cache = cache_folder()
    able = install(chosen(options), cache, figures)
    with tempfile.TemporaryDirectory(prefix="pointsman-bench-") as scratch:
        bench = rounds.Bench(cores=cores, budget=_budget(options), figures=figures, scratch=Path(scratch))
        if options.only is None or OURS in options.only:
            decide(bench)
        for name in ("unary", "streams"):
            phase(name, bench, able, cache)


def main(arguments: list[str]) -> int:
    """0 if the bench ran to its end, whatever it found; 1 if it could not; 130 if it was interrupted.

    What was measured before an end of any kind is reported.
    """
    options = parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        require_tools()
        cores = two_cores()
        figures = Figures(machine=describe(), options=vars(options))
    except CannotMeasureError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    try:
        measure_all(options, figures, cores)
    except CannotMeasureError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what was measured so far follows", flush=True)
        return 130
    finally:
        publish(figures)
    return 0


def publish(figures: Figures) -> None:
    """The terminal, and two files named by the time."""
    report.show(all_tables(figures), Console(width=max(Console().width, 150)))
    stamp = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%d-%H%M%S")
    for file in report.write(figures, report.report(figures), HERE / "results", stamp):
        print(file.relative_to(HERE.parent))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
