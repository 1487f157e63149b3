"""Many threads on one router: exact sums, and choices and results a second. Prints JSON."""

from __future__ import annotations

import sys
from threading import Barrier, Thread
from time import perf_counter

import msgspec

from library.facts import PLAIN, ThreadRun
from library.subject import RESULTS, router_of, steps_of
from pointsman.library import Strategy

MODELS = 20


class Load(msgspec.Struct, frozen=True):
    """``operations`` are choices and results together."""

    threads: int
    operations: int


def measured(load: Load) -> ThreadRun:
    """Every thread routes and records in turn; all begin at once."""
    router = router_of(Strategy.LEAST_LOADED, MODELS, PLAIN)
    pairs = load.operations // 2 // load.threads
    gate = Barrier(load.threads + 1)
    failed: list[str] = []

    def work() -> None:
        route, report = steps_of(router)
        gate.wait()
        try:
            for _ in range(pairs):
                report(route())
        except Exception as error:  # noqa: BLE001 - told in the report
            failed.append(f"{type(error).__name__}: {error}")

    team = [Thread(target=work) for _ in range(load.threads)]
    for each in team:
        each.start()
    gate.wait()
    begun = perf_counter()
    for each in team:
        each.join()
    seconds = perf_counter() - begun
    known = list(router.get_all_metrics().values())
    done = pairs * load.threads
    sums = {
        "routed": (sum(model.routed for model in known), done),
        "results": (sum(model.total_requests for model in known), done + MODELS * RESULTS),
        "failures": (sum(model.failed_tasks for model in known), MODELS),
        "pending": (sum(model.pending for model in known), 0),
    }
    wrong = [f"{name}: {found:,} instead of {due:,}" for name, (found, due) in sums.items() if found != due]
    return ThreadRun(load.threads, done * 2, round(seconds, 3), wrong + failed[:3])


if __name__ == "__main__":
    print(msgspec.json.encode(measured(msgspec.json.decode(sys.argv[1], type=Load))).decode())
