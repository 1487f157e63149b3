"""Who is good at a kind of task: what affinity and hybrid make of recorded results."""

from collections import Counter
from random import Random

import msgspec
import pytest

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeView, LoadedDice, deployment
from pointsman.model.request import Hints, Request
from pointsman.routing.strategies import STRATEGIES

TASK = Request("chat", "m", {}, hints=Hints(task="coding"))
OTHER = Request("chat", "m", {}, hints=Hints(task="poetry"))


@pytest.fixture(params=[3, 100], ids=["few", "many"])
def pool(request):
    return tuple(deployment(f"d{number}") for number in range(request.param))


def strategy(name, pool):
    return STRATEGIES[name]("m", pool, Strategies())


def knowing(pool, **known):
    return FakeView(tasks={"coding": {pool[int(name[1:])].id: figures for name, figures in known.items()}})


@pytest.mark.parametrize("name", ["affinity", "hybrid"])
def test_who_did_such_tasks_well_is_asked(name, pool):
    view = knowing(pool, d0=(3.0, 3.0), d1=(10.0, 0.0), d2=(1.0, 0.0))
    index, step = strategy(name, pool).pick(TASK, view, LoadedDice([0.5]))
    assert index == 1
    assert step.reason == f"{name}: {pool[1].id} is best at coding: 0.83, 10.0 of 10.0 went well"


def test_one_task_in_twenty_goes_to_whom_least_is_known_of(pool):
    view, dice = knowing(pool, d0=(0.0, 1.0), d1=(10.0, 0.0)), Random(1)
    affinity = strategy("affinity", pool)
    picked = Counter(affinity.pick(TASK, view, dice)[0] for _ in range(2_000))
    assert picked[1] / 2_000 == pytest.approx(0.95, abs=0.02)
    assert picked[0] == 0


def test_equals_share_by_load(pool):
    view = knowing(pool, d0=(20.0, 0.0), d1=(19.0, 0.0), d2=(2.0, 0.0))
    view = msgspec.structs.replace(view, loads={pool[0].id: 2, pool[1].id: 1})
    index, step = strategy("affinity", pool).pick(TASK, view, LoadedDice([0.5]))
    assert index == 1
    assert "2 are as good at coding" in step.reason


def test_who_has_less_than_his_share_is_less_good(pool):
    view = knowing(pool, d0=(10.0, 0.0), d1=(8.0, 0.0))
    view = msgspec.structs.replace(view, reduced={pool[0].id: 0.5})
    assert strategy("affinity", pool).pick(TASK, view, LoadedDice([0.5]))[0] == 1


@pytest.mark.parametrize("known", [{}, {"d1": (0.0, 4.0)}], ids=["nothing known", "nobody did one well"])
def test_affinity_goes_by_a_hash_where_nobody_is_known_to_be_good(pool, known):
    view = knowing(pool, **known)
    affinity = strategy("affinity", pool)
    picked = {affinity.pick(TASK, view, LoadedDice([0.5]))[0] for _ in range(5)}
    assert len(picked) == 1
    assert "hash of the task" in affinity.pick(TASK, view, LoadedDice([0.5]))[1].reason


@pytest.mark.parametrize("weak", [(4.0, 0.0), (6.0, 7.0)], ids=["too few", "too bad"])
def test_hybrid_wants_strong_evidence(pool, weak):
    hybrid = strategy("hybrid", pool)
    assert "best at" not in hybrid.pick(TASK, knowing(pool, d1=weak), LoadedDice([0.5]))[1].reason
    assert hybrid.pick(TASK, knowing(pool, d1=(5.0, 0.0)), LoadedDice([0.5]))[0] == 1


def test_what_is_known_of_one_kind_says_nothing_of_another(pool):
    view = knowing(pool, d1=(10.0, 0.0))
    assert "best at" not in strategy("affinity", pool).pick(OTHER, view, LoadedDice([0.5]))[1].reason


def test_a_session_stays_at_home_whoever_is_good(pool):
    view = knowing(pool, d1=(10.0, 0.0))
    view = msgspec.structs.replace(view, homes={"s": pool[2].id})
    asked = Request("chat", "m", {}, hints=Hints(task="coding", session="s"))
    assert strategy("affinity", pool).pick(asked, view, LoadedDice([0.5]))[0] == 2


def test_skills_are_told(pool):
    rows = strategy("affinity", pool).terms(TASK, knowing(pool, d1=(10.0, 0.0)))
    assert rows[1]["skill"] == pytest.approx(10 / 12)
    assert rows[0]["skill"] == 0.0
    assert "skill" not in strategy("affinity", pool).terms(OTHER, knowing(pool, d1=(10.0, 0.0)))[1]
