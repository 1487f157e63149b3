"""Microseconds a strategy takes to pick one of a pool: on the live scoreboard, after a few hundred results.

Once with nothing else happening, and once with every pick taken and answered before the next one, so that figures are
others each time that results make new ones. Of the second only the picks are timed.
"""

from __future__ import annotations

import time
from random import Random
from statistics import median

import msgspec

from facts import PickTime
from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.request import Hints, Request
from pointsman.routing.strategies import STRATEGIES
from pointsman.state.scoreboard import Scoreboard

POOLS = (10, 1_000)
REPETITIONS = 15
PICKS = 2_000  # of a pool of ten; of larger ones as many fewer
PROMPT = {"messages": msgspec.Raw(b'[{"role": "user", "content": "' + b"x" * 2_000 + b'"}]')}


def pool_of(size: int) -> Pool:
    """Deployments with all that any strategy looks at; no two neighbours are alike."""
    provider = Provider("only", "openai", "http://127.0.0.1:9")
    return tuple(
        Deployment(
            f"d{number}",
            "m",
            provider,
            "m",
            weight=1.0 + number % 3,
            rpm=1_000_000,
            context=8192 * (1 + number % 4),
            input_cost=1e-6 * (number % 5),
            output_cost=4e-6,
        )
        for number in range(size)
    )


def board_over(pool: Pool, dice: Random) -> Scoreboard:
    """A scoreboard where everybody has delivered twenty times, in times of its own."""
    now = [0.0]
    board = Scoreboard(lambda: now[0], dice)
    for number, deployment in enumerate(pool):
        for _ in range(20):
            lease = board.take(deployment)
            now[0] += 0.5 + 0.01 * (number % 7)
            lease.first_token = 0.1 + 0.01 * (number % 5)
            board.succeeded(lease, 100, 50)
            board.give_back(lease)
            now[0] -= 0.5
    board.standings(pool)  # the first to ask has the figures made
    return board


def picking(name: str, pool: Pool, view: Scoreboard, dice: Random, picks: int) -> float:
    """Median of the repetitions' means."""
    pick = STRATEGIES[name]("m", pool, Strategies()).pick
    request = Request("chat", "m", PROMPT, tokens=500, hints=Hints(session="new"))
    times = []
    for _ in range(REPETITIONS):
        begun = time.perf_counter()
        for _ in range(picks):
            pick(request, view, dice)
        times.append((time.perf_counter() - begun) * 1e6 / picks)
    return median(times)


def alternating(name: str, pool: Pool, board: Scoreboard, dice: Random, picks: int) -> float:
    """The same where every request is answered before the next pick. Median of the repetitions' means."""
    pick = STRATEGIES[name]("m", pool, Strategies()).pick
    request = Request("chat", "m", PROMPT, tokens=500, hints=Hints(session="new"))
    times, clock = [], time.perf_counter
    for _ in range(REPETITIONS):
        spent = 0.0
        for _ in range(picks):
            begun = clock()
            index, _ = pick(request, board, dice)
            spent += clock() - begun
            lease = board.take(pool[index], "m")
            lease.begun -= dice.random()
            lease.first_token = 0.2 * dice.random()
            board.succeeded(lease, 100, 50)
            board.give_back(lease)
        times.append(spent * 1e6 / picks)
    return median(times)


def measured() -> list[PickTime]:
    """Every strategy, every size."""
    found = []
    for size in POOLS:
        pool, dice = pool_of(size), Random(1)
        board = board_over(pool, dice)
        with board.lock:  # as a decision holds it
            for name in STRATEGIES:
                picks = PICKS * POOLS[0] // size
                us, busy = (run(name, pool, board, dice, picks) for run in (picking, alternating))
                found.append(PickTime(name, size, round(us, 2), round(busy, 2)))
    return found
