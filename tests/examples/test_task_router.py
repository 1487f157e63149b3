"""Task router: each script of ``examples/task-router`` runs, and what it prints is true.

1 All of them       test_a_script_…, test_everything_runs_at_once_and_prints_the_same_again
2 The README        test_the_readme_…
3 Three workflows   test_a_history_first_…, test_specialists_…, test_a_failover_…
4 In Python's way   test_blocks_…
5 Further           test_the_bandit_…, test_what_was_learned_…, test_functions_programs_and_servers_…

The eight examples, each by itself, are asked in the module beside this one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter

import pytest

from docs.pages import ROOT, code, table
from pointsman import Strategy
from support.scripts import ALL, FOLDER, NAMES, imported, percent, ran, routed

README = (FOLDER / "README.md").read_text()


# ---- 1, 2


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_short_and_needs_nothing_else(name):
    """Up to 75 lines, Pointsman and the standard library, and a ``main`` that is run when it is started."""
    text = (FOLDER / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 75
    assert imported(name) <= {"pointsman", *sys.stdlib_module_names}
    assert text.endswith('\n\nif __name__ == "__main__":\n    main()\n')


@pytest.mark.parametrize("name", NAMES)
def test_a_script_leaves_nothing_under_way(name):
    """Every task that was given out was reported on."""
    assert {metrics.pending for metrics in ran(name).router.get_all_metrics().values()} <= {0}


def test_everything_runs_at_once_and_prints_the_same_again():
    """``run_all.py`` is each of them; dice and clocks are theirs, so two runs agree to the letter."""
    command = [sys.executable, f"examples/task-router/{ALL}.py"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    parts, last = done.stdout[: done.stdout.rindex("\n\n")], done.stdout.splitlines()[-1]
    _, *pairs = re.split(r"^==== (\w+)\.py\n", parts, flags=re.MULTILINE)
    printed = {name: text.strip() for name, text in zip(pairs[::2], pairs[1::2], strict=True)}
    assert printed == {name: ran(name).printed.strip() for name in NAMES}
    assert last == f"{len(NAMES)} scripts ran."


def test_the_readme_has_every_script():
    """Each row has a file, its command, and a line that it prints; ``run_all.py`` stands above the table."""
    rows = table(README)
    assert sorted(re.search(r"\]\((\w+)\.py\)", row[0])[1] for row in rows) == NAMES
    for file, _, command, piece in rows:
        path = re.search(r"\((\w+\.py)\)", file)[1]
        assert code(command) == [f"python examples/task-router/{path}"]
        (line,) = code(piece)  # without the blanks that make columns
        assert line in [" ".join(printed.split()) for printed in ran(path.removesuffix(".py")).lines]
    assert f"python examples/task-router/{ALL}.py" in README.partition("\n|")[0]


# ---- 3, 4


def test_a_history_first_then_the_best():
    """Every model has its results before the strategy changes; afterwards more succeeds in less time."""
    it = ran("workflow1_performance_optimization")
    history, tasks = it.names["HISTORY"], it.names["TASKS"]
    told = re.findall(r"(\d+) tasks by (\w+): ([\d.]+)% succeeded, ([\d.]+) s", it.printed)
    (turns, first, good, slow), (later, second, better, fast) = told
    assert (first, second, int(later)) == ("round_robin", "performance", tasks)
    assert history * 3 <= int(turns) <= history * 3 + 2
    assert float(better) > float(good)
    assert float(fast) < float(slow)
    counted = re.findall(r"(model-\w): (\d+) results in all, (\d+) since", it.printed)
    assert [int(count) for _, count, _ in counted] == routed(it.router)
    assert sum(int(since) for *_, since in counted) + history * 3 == int(turns) + int(later)
    recorded = sum(m.successful_tasks for m in it.router.get_all_metrics().values())
    assert recorded == round(float(good) * int(turns) / 100) + round(float(better) * int(later) / 100)


def test_specialists_are_found():
    """Told nothing, most tasks come to the one that is good at them in the end, and more succeeds; told what each is
    for, from the beginning.
    """
    it = ran("workflow2_specialized_pool")
    learning, told = ([(percent(row[3]), percent(row[4])) for row in rows[:5]] for rows in it.tables("tasks "))
    assert learning[0][0] < 0.75
    assert (learning[-1][0] > 0.9, learning[-1][1] > learning[0][1]) == (True, True)
    assert min(right for right, _ in told) > 0.9
    assert sum(routed(it.router)) == it.names["ROUNDS"] * it.names["TASKS"]
    for model, metrics in it.router.get_all_metrics().items():
        kind = it.names["MEANT_FOR"][model]
        assert max(metrics.affinity, key=metrics.affinity.get) == kind
        assert f"{kind} {metrics.affinity[kind]:.2f}" in next(line for line in reversed(it.lines) if model in line[:16])


def test_a_failover_and_the_way_back():
    """Even before and after the outage; while the breaker is open nearly all go to the backup, and few fail."""
    it = ran("workflow3_failover")
    rows = [(int(row[0]), *map(int, row[3:6]), row[6].strip(",")) for row in it.rows("seconds ")]
    begun, over = it.names["OUTAGE"]
    for first, primary, backup, failed, state in rows:
        if first + 9 <= begun or first > over + 30:
            assert (abs(primary - backup) <= 2, failed, state) == (True, 0, "closed")
        elif begun + 10 < first < over - 10:
            assert (primary <= 1, state) == (True, "open")
    assert 3 <= sum(row[3] for row in rows) <= 8
    metrics = it.router.get_all_metrics()
    assert [sum(row[1] for row in rows), sum(row[2] for row in rows)] == routed(it.router)
    for model, m in metrics.items():
        assert f"{model}: {m.successful_tasks} of {m.total_requests} succeeded" in it.printed
    assert metrics["backup-model"].failed_tasks == 0


def test_blocks_and_decorated_functions_record_by_themselves():
    """An exception is a failure, two open the breaker, and an answer that is no good counts as one too."""
    it = ran("failover_with_blocks")
    assert Counter(re.findall(r"^  (\w+): ConnectionError", it.printed, re.MULTILINE)) == {"primary": 2}
    assert len(re.findall(r"^  backup: \d words  \(\w+ task\)", it.printed, re.MULTILINE)) == 4
    assert it.router.strategy is Strategy.ROUND_ROBIN
    for model, m in it.router.get_all_metrics().items():
        state = it.router.get_circuit_breaker_status(model).state
        told = f"{model}: {m.successful_tasks} good, {m.failed_tasks} failed, breaker {state}, 0 under way"
        assert told in it.lines
    assert it.router.get_circuit_breaker_status("primary")
    assert it.router.get_model_metrics("backup").failed_tasks == 1


# ---- 5


def test_the_bandit_learns_and_tells_its_regret():
    """More tasks at the best model, more that succeed, less regret; what is printed is the router's own."""
    it = ran("learning")
    rows = [(percent(row[3]), percent(row[4]), float(row[5])) for row in it.rows("tasks ")]
    assert (rows[-1][0] > 0.85, rows[-1][0] > rows[0][0]) == (True, True)
    assert max(regret for *_, regret in rows) == rows[0][2]
    assert str(it.router.regret()) in it.printed
    assert it.router.regret().rounds == sum(routed(it.router)) == it.names["BLOCK"] * it.names["BLOCKS"]
    assert {each.context: each.best for each in it.router.regret().contexts} == {
        "coding": "model:coder",
        "testing": "model:tester",
        "documentation": "model:writer",
    }


def test_what_was_learned_survives_the_program():
    """The second begins with the lines that the first ended with, goes by them, and tries nobody out."""
    it = ran("remembering")
    (first, second) = it.tables("The ")
    assert first[: len(it.names["MODELS"])] == second[: len(it.names["MODELS"])]
    assert sum(int(row[1]) for row in first[:3]) == it.names["TASKS"]
    assert first[2][-1] == "open"
    assert "Its first task goes to good" in it.printed
    assert sum(metrics.total_requests for metrics in it.router.get_all_metrics().values()) == it.names["TASKS"] + 1


def test_functions_programs_and_servers_do_tasks():
    """Each by turns and each in its way; a program that is closed gets no more."""
    it = ran("instances")
    tasks = it.names["TASKS"]
    rows = [(line[:28].strip(), *line[29:].split(maxsplit=1)) for line in it.lines[1 : len(tasks) + 1]]
    said = [it.names["shorten"](tasks[0]), tasks[1][::-1], "[simulated/tiny]", it.names["shorten"](tasks[3])]
    assert [row[:2] for row in rows] == list(zip(tasks, ["function", "program", "server", "function"], strict=True))
    assert [answer.startswith(one) for (*_, answer), one in zip(rows, said, strict=True)] == [True] * 4
    assert "'program': False" in it.printed
    assert routed(it.router) == [4, 1, 3]
    assert {metrics.failed_tasks for metrics in it.router.get_all_metrics().values()} == {0}
