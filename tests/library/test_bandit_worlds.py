"""The bandit in simulated worlds: it finds whom to ask, finds it again after a change, and says what that has cost."""

from __future__ import annotations

from collections import Counter

import pytest

from support.betting import World

MODELS = ("m0", "m1", "m2", "m3", "m4")
CATEGORIES = ("coding", "testing", "debugging")
CHANCES = (0.95, 0.75, 0.6, 0.5, 0.4)

SEEDS = pytest.mark.parametrize("seed", [2, 3, 4])
"""Usual luck. In one world of ten a category is still undecided after 2,000 tasks."""


def odds(shift: int = 0) -> dict[str, dict[str, float]]:
    """Each category has its own best model, the ``shift``-th after the one it has at first."""
    return {
        category: {MODELS[(place + number + shift) % 5]: chance for place, chance in enumerate(CHANCES)}
        for number, category in enumerate(CATEGORIES)
    }


def best_of(world: World, category: str) -> str:
    return max(world.odds[category], key=world.odds[category].__getitem__)


def shares_of_the_best(world: World, last: int = 200) -> list[float]:
    return [world.share(category, last).get(best_of(world, category), 0.0) for category in CATEGORIES]


@SEEDS
def test_the_best_model_of_each_category_comes_to_have_its_tasks(seed):
    """Most of them within 2,000 tasks of three categories, at a falling price, a fraction of what others pay."""
    world = World(odds(), seed=seed).run(2_000)
    assert min(shares_of_the_best(world)) > 0.7
    first, last = sum(world.regret[:500]), sum(world.regret[-500:])
    assert last < 0.75 * first
    for other in ("random", "round_robin", "performance"):
        assert sum(world.regret) < 0.45 * sum(World(odds(), seed=seed).run(2_000, other).regret)


@SEEDS
def test_the_best_model_is_found_again_after_a_change(seed):
    """Every category's best model becomes its worst; another is the best."""
    world = World(odds(), seed=seed).run(2_000)
    world.odds = odds(shift=1)
    world.run(2_000)
    assert min(shares_of_the_best(world)) > 0.7
    assert sum(world.regret[-500:]) < sum(world.regret[2_000:2_500]) / 2


@SEEDS
def test_where_load_matters_least_loaded_comes_to_choose(seed):
    """Models slow down with what they have under way: who asks the one that was quickest so far drowns it."""
    speeds = dict(zip(MODELS, (1.0, 1.2, 1.4, 1.6, 1.8), strict=True))

    def pace(model: str, pending: int) -> float:
        return speeds[model] * (1 + min(pending, 8))

    everybody = {"coding": dict.fromkeys(MODELS, 1.0)}
    world = World(everybody, pace, every=0.4, seed=seed).run(3_000)
    ways = Counter(arm for arm in world.arms[-1_000:])
    assert ways["strategy:least_loaded"] > 600
    for other in ("random", "performance"):
        drowned = World(everybody, pace, every=0.4, seed=seed).run(1_000, other)
        assert sum(world.seconds[-500:]) < 0.7 * sum(drowned.seconds[-500:])


def test_the_reported_regret_is_near_the_true_one():
    """It is told in rewards, of which a success is worth about three quarters."""
    world = World(odds(), seed=2).run(2_000)
    told = world.bandit.regret()
    true = 0.75 * sum(world.regret)
    assert told.rounds == 2_000
    assert 0.5 * true < told.total < 1.5 * true
    assert told.per_round == told.total / 2_000
    for each in told.contexts:
        assert each.lately < each.per_round
        assert each.best in (f"model:{best_of(world, each.context)}", "strategy:affinity")


def test_the_same_seed_gives_the_same_picks_and_another_one_others():
    runs = [World(odds(), seed=seed).run(300) for seed in (1, 1, 2)]
    assert runs[0].picked == runs[1].picked
    assert runs[0].bandit.as_numbers() == runs[1].bandit.as_numbers()
    assert runs[0].picked != runs[2].picked


def test_a_bandit_goes_on_from_its_numbers():
    """One that begins with what another learned does not have to pay for it again: less than half."""
    numbers = World(odds(), seed=1).run(1_500).bandit.as_numbers()
    price = {True: 0.0, False: 0.0}
    for seed in range(2, 8):
        for taught in price:
            world = World(odds(), seed=seed)
            if taught:
                world.bandit.go_on_from(numbers)
            price[taught] += sum(world.run(300).regret)
    assert price[True] < 0.5 * price[False]
