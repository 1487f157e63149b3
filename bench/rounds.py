"""The measuring itself: round by round, each competitor in turn, each round begun by another."""

from __future__ import annotations

import functools
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from arena import Arena, Contestant, NotServingError
from facts import CALM_CORES, Figures, StreamLoad, StreamRun, UnaryRun
from load import wrk
from load.sse_client import Plan
from machine import Cores, busy_seconds, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLIENT = Path(__file__).parent / "load" / "sse_client.py"
CONCURRENCIES = (1, 32)
WARM_UP_SECONDS = 1
WAKE_SECONDS = 0.05
MOST_ALONE = 100_000

Run = TypeVar("Run", UnaryRun, StreamRun)


class Budget(msgspec.Struct, frozen=True):
    """How much to measure."""

    rounds: int
    seconds: int
    stream_rounds: int
    slots: int
    streams_per_slot: int
    stream_deadline_seconds: float
    patience: int  # attempts at a run that others disturb
    ends_at: float  # of time.monotonic(); no round begins after it


class Bench(msgspec.Struct, frozen=True):
    """What every run needs besides its contestant."""

    cores: Cores
    budget: Budget
    figures: Figures
    scratch: Path


class Meter:
    """CPU time from here to ``read``: the contestant's own, and that of processes outside of the run."""

    def __init__(self, bench: Bench, arena: Arena, contestant: Contestant) -> None:
        self._bench = bench
        self._arena = arena
        self._contestant = contestant
        self._begun = self._now()

    def _now(self) -> tuple[float, float, float, float]:
        load = resource.getrusage(resource.RUSAGE_CHILDREN)  # the load generators, each ended by now
        return (
            time.perf_counter(),
            self._contestant.cpu_seconds(),
            self._arena.upstream_cpu_seconds() + load.ru_utime + load.ru_stime,
            busy_seconds(self._bench.cores),
        )

    def read(self) -> tuple[float, float]:
        """(cores the contestant used, cores others used)."""
        passed, own, load, busy = (now - then for now, then in zip(self._now(), self._begun, strict=True))
        return round(own / passed, 3), round(max(busy - own - load, 0.0) / passed, 3)


def _calmest(once: Callable[[], Run], patience: int) -> Run:
    """Runs again while others disturb it; keeps the attempt they disturbed least, whatever it came to."""
    attempts = [once()]
    while attempts[-1].foreign > CALM_CORES and len(attempts) < patience:
        attempts.append(once())
    best = min(attempts, key=lambda run: run.foreign)
    return msgspec.structs.replace(best, attempts=len(attempts), **_all_failures(attempts))


def _all_failures(attempts: Sequence[UnaryRun | StreamRun]) -> dict[str, int]:
    """No attempt's failed answers are forgotten."""
    unary_runs = [run for run in attempts if isinstance(run, UnaryRun)]
    return {"failures": sum(run.failures for run in unary_runs)} if unary_runs else {}


def _turns(arena: Arena, rounds: int, ends_at: float, measure: Callable[[Contestant, int], None]) -> None:
    for number in range(rounds):
        names = [contestant.name for contestant in arena.contestants]
        first = number % max(len(names), 1)
        for name in names[first:] + names[:first]:
            if time.monotonic() > ends_at:
                print(f"  time is up after {number} whole rounds", flush=True)
                return
            contestant = next(other for other in arena.contestants if other.name == name)
            try:
                with contestant.turn():
                    time.sleep(WAKE_SECONDS)
                    measure(contestant, number)
                    contestant.settle(stream=arena.phase == "streams")
            except (NotServingError, wrk.WrkError, subprocess.SubprocessError) as error:
                arena.lose(contestant, str(error))
        print(f"  {arena.phase} round {number + 1} of {rounds}", flush=True)


def unary(bench: Bench, arena: Arena) -> None:
    """Wrk at each concurrency against each contestant."""

    def measure(contestant: Contestant, number: int) -> None:
        target = wrk.Target(contestant.port, contestant.headers, bench.cores.load, bench.scratch)
        if number == 0:
            wrk.run(target, CONCURRENCIES[-1], WARM_UP_SECONDS)

        def once(concurrency: int) -> UnaryRun:
            meter = Meter(bench, arena, contestant)
            result = wrk.run(target, concurrency, bench.budget.seconds)
            cores, foreign = meter.read()
            return UnaryRun(
                name=contestant.name,
                round=number,
                concurrency=concurrency,
                requests=result.requests,
                seconds=round(result.seconds, 4),
                p50_us=result.p50_us,
                p99_us=result.p99_us,
                failures=result.failures,
                cores=cores,
                foreign=foreign,
            )

        for concurrency in CONCURRENCIES:
            run = _calmest(functools.partial(once, concurrency), bench.budget.patience)
            bench.figures.unary.append(run)

    _turns(arena, bench.budget.rounds, bench.budget.ends_at, measure)


def streams(bench: Bench, arena: Arena) -> None:
    """The SSE client against each contestant: one stream at a time, then many."""

    def measure(contestant: Contestant, number: int) -> None:
        def once(alone: bool) -> StreamRun:
            meter = Meter(bench, arena, contestant)
            plan = _plan(contestant, bench.budget, alone=alone)
            load = _client(plan, _client_core(contestant, bench.cores, alone=alone))
            cores, foreign = meter.read()
            return StreamRun(name=contestant.name, round=number, alone=alone, cores=cores, foreign=foreign, load=load)

        for alone in (True, False):
            run = _calmest(functools.partial(once, alone), bench.budget.patience)
            bench.figures.streams.append(run)

    _turns(arena, bench.budget.stream_rounds, bench.budget.ends_at, measure)


def _plan(contestant: Contestant, budget: Budget, *, alone: bool) -> Plan:
    return Plan(
        port=contestant.port,
        headers=contestant.headers,
        slots=1 if alone else budget.slots,
        streams_per_slot=MOST_ALONE if alone else budget.streams_per_slot,
        short=alone,
        starts_seconds=budget.seconds if alone else budget.stream_deadline_seconds,
        deadline_seconds=budget.stream_deadline_seconds,
    )


def _client_core(contestant: Contestant, cores: Cores, *, alone: bool) -> int:
    """Without a gateway the client of many streams would starve the upstream beside it: it takes the free core."""
    return cores.gateway if contestant.child is None and not alone else cores.load


def _client(plan: Plan, core: int) -> StreamLoad:
    done = subprocess.run(
        pinned(core, [sys.executable, str(CLIENT), msgspec.json.encode(plan).decode()]),
        capture_output=True,
        timeout=plan.deadline_seconds + 15,
        check=False,
    )
    if done.returncode != 0:
        raise NotServingError(f"the stream client failed: {done.stderr.decode(errors='replace')[-300:]}")
    return msgspec.json.decode(done.stdout, type=StreamLoad)
