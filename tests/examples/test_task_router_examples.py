"""Task router: what each of the eight examples prints is true of its router."""

from __future__ import annotations

import re

import pytest

from pointsman import TaskCategory, TaskRouter
from support.scripts import percent, ran, routed


def test_turns_are_in_the_order_of_registration():
    """One after the other; what is printed of each model is what is recorded."""
    it = ran("example1_basic_round_robin")
    rows = it.rows("task ")
    models = [row[-2] for row in rows]
    assert models == [it.router.model_ids[number % 3] for number in range(len(rows))]
    for task, row in zip(it.names["TASKS"], rows, strict=True):
        assert row[-3] == it.router.get_task_category(task).value
    for model, tasks, seconds in it.rows("model "):
        metrics = it.router.get_model_metrics(model)
        spent = [float(row[-1]) for row in rows if row[-2] == model]
        assert (int(tasks), metrics.routed) == (models.count(model), models.count(model))
        assert float(seconds) == pytest.approx(metrics.average_latency * metrics.total_requests, abs=0.006)
        assert float(seconds) == pytest.approx(sum(spent), abs=0.02)


def test_performance_moves_to_the_best_and_leaves_it_when_it_is_slow():
    """Nearly all go to ``quick``, and some time after it became slow, to ``careful``."""
    it = ran("example2_performance_based")
    rows = [[percent(word) for word in row[3:7]] for row in it.rows("tasks ")]
    block = it.names["BLOCK"]
    assert all(sum(row[:3]) == pytest.approx(1) for row in rows)
    assert [round(sum(row[i] for row in rows) * block) for i in range(3)] == routed(it.router)
    before, after = rows[: it.names["SLOWER_FROM"]], rows[-3:]
    assert min(row[0] for row in before) >= 0.75
    assert min(row[1] for row in after) > 0.8


def test_affinity_goes_by_what_was_recorded_of_that_kind():
    """Each kind to its specialist nearly always; the one that began to fail loses its own, and no other."""
    it = ran("example3_model_affinity")
    before, after = (
        [int(row[-4:][place]) for place, row in enumerate(rows, start=1)]  # behind the generalist's
        for rows in it.tables("task ")
    )
    assert min(before) >= 88
    assert (after[0] <= 12, min(after[1:]) >= 88) == (True, True)
    coder = next(iter(it.names["SPECIALISTS"]))
    assert f"coding task -> {coder}" in it.printed
    shown = {row[0]: " ".join(row[1:]) for row in it.rows("Affinity ")}
    for model, metrics in it.router.get_all_metrics().items():
        if model != coder:  # the others are as they were then
            assert shown[model] == ", ".join(f"{name} {value:.2f}" for name, value in metrics.affinity.items())
    assert metrics.affinity == {"documentation": 1.0}


def test_the_breaker_opens_tries_and_closes_in_this_order():
    """Five failures, left out, two at a time after its time, three successes, its share again."""
    it = ran("example4_circuit_breaker")
    rows = [(line[9:39].strip(), line[40:49].strip()) for line in it.lines[1:-1]]
    assert rows[0] == ("start", "closed")
    assert rows[1:7] == [(f"failure {n}", "closed" if n < 5 else "open") for n in range(1, 7)]
    assert rows[7] == ("flaky 0, steady 10 tasks", "open")
    assert [state for _, state in rows[8:12]] == ["half_open"] * 4
    assert rows[11][0] == "trial 3: two are enough"
    assert rows[12:15] == [("success 1", "half_open"), ("success 2", "half_open"), ("success 3", "closed")]
    assert rows[15] == ("flaky 5, steady 5 tasks", "closed")
    assert rows[-2:] == [("failure 5", "open"), ("force_health_recovery", "closed")]
    assert it.lines[-1] == f"health_check: {it.router.health_check()}"
    assert set(it.router.health_check().values()) == {True}


def test_hybrid_has_the_best_of_both():
    """Where there is evidence it decides as affinity does, elsewhere as performance; and says so."""
    it = ran("example5_hybrid")
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for line in it.lines:
        if not line.startswith(" "):
            strategy = line.partition(",")[0]
            continue
        task, told, reason = line[2:22].strip(), line[23:61].strip(), line[62:].strip()
        assert found.setdefault((strategy, task), (told.split()[0], reason)) == (told.split()[0], reason)
        assert int(re.search(r"\d+", told)[0]) >= 88
    known, new = it.names["TASKS"]
    home, quickest = found["affinity", known][0], found["performance", new][0]
    assert home != quickest
    assert [found["hybrid", known][0], found["hybrid", new][0]] == [home, quickest]
    assert found["hybrid", known][1].startswith(f"hybrid: {home} is best at coding")
    assert quickest in found["hybrid", new][1]


def test_another_strategy_makes_other_shares():
    """Round robin is even, least loaded goes by speed, performance takes the quickest."""
    it = ran("example6_dynamic_strategy")
    rows = {row[0]: ([percent(word) for word in row[1:4]], float(row[4])) for row in it.rows("strategy ")}
    tasks = it.names["TASKS"]
    assert list(rows) == [strategy.value for strategy in it.names["PLAN"]]
    assert [round(sum(row[0][i] for row in rows.values()) * tasks) for i in range(3)] == routed(it.router)
    turns, _ = rows["round_robin"]
    assert (max(turns) - min(turns)) * tasks <= 1.001
    small, medium, large = rows["least_loaded"][0]
    assert small > medium > large > 0
    assert rows["performance"][0][0] > 0.95
    assert rows["least_loaded"][1] < rows["round_robin"][1]


def test_categories_are_those_of_the_router():
    """All seven occur, each with a reason; one's own detector is asked first."""
    it = ran("example7_task_categories")
    prompts, shown = it.names["PROMPTS"], it.lines[1:]
    router = TaskRouter()
    for prompt, line in zip(prompts, shown, strict=False):
        told, category, why = line[:54].strip(), *line[55:].split(maxsplit=1)
        assert (told, category) == (prompt, router.get_task_category(prompt).value)
        assert why
    assert {router.get_task_category(prompt) for prompt in prompts} == set(TaskCategory)
    asked = re.findall(r"'(.+?)' is (\w+) to the detector that ships,\nand (\w+) to our own", it.printed)
    ((ours, theirs, own),) = asked
    assert (router.get_task_category(ours).value, it.router.get_task_category(ours).value) == (theirs, own)
    assert theirs != own


def test_the_table_of_metrics_is_true(capsys):
    """Weights hold exactly, figures add up, and the same table of other results shows those."""
    it = ran("example8_metrics_tracking")
    rows = it.rows("model ")
    weights = {model: weight for model, (_, _, weight) in it.names["MODELS"].items()}
    for model, given, share, results, good, failed, success, *_ in rows:
        assert int(given) == int(results) == int(good) + int(failed)
        assert percent(share) == pytest.approx(weights[model] / sum(weights.values()))
        assert percent(success) == pytest.approx(int(good) / int(results), abs=0.0006)
        alarm = f"ALARM: {model} succeeds in {success}" in it.printed
        assert alarm is (int(good) / int(results) < it.names["ENOUGH"])
    assert {m.total_requests for m in it.router.get_all_metrics().values()} == {0}

    router = TaskRouter()
    router.register_model("a")
    for success, latency in ((True, 1.0), (True, 1.0), (True, 4.0), (False, 6.0)):
        router.record_task_result(router.route_task("one"), success, latency)
    it.names["table"](router)
    assert capsys.readouterr().out.splitlines()[1].split()[2:] == ["100.0%", "4", "3", "1", "75.0%", "3.00", "1.00"]
