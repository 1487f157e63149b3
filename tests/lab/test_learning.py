"""Learning what ships: from lines of prompts to weights that an encoder takes, and tables of how good they are."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from pointsman.lab import lexical, measure
from pointsman.lab.data import Intents, Labelled
from pointsman.lab.manners import dressed
from pointsman.routing.classify import shipped as module
from pointsman.routing.classify.features import SIZE, VERSION, features
from pointsman.routing.classify.kinds import Kind
from pointsman.routing.classify.lexical import Lexical

ROWS = [
    Labelled(f"{say} {what}", task)
    for task, what in (("code", "a function in C"), ("math", "the sum of 3 and 4"), ("chat", "you, my friend"))
    for say in ("give me", "tell about", "show", "what is", "please explain", "I need", "how about", "now", "first")
]
INTENTS = Intents(
    [Labelled("where is my parcel", "track"), Labelled("call me a cab", "ride")],
    [Labelled("where is the parcel", "track"), Labelled("call a cab", "ride")],
    [Labelled("zzzz qqqq", "oos")],
)


def lines(path, rows):
    path.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    return str(path)


@pytest.fixture
def files(tmp_path):
    tasks = lines(tmp_path / "tasks.jsonl", [{"prompt": row.prompt, "task": row.label} for row in ROWS])
    rows = [(row, split) for split, rows in (("train", INTENTS.train), ("val", INTENTS.within)) for row in rows]
    intents = [{"prompt": r.prompt, "intent": r.label, "split": split, "oos": False} for r, split in rows]
    intents.append({"prompt": "zzzz qqqq", "intent": "oos", "split": "val", "oos": True})
    return ["--tasks", tasks, "--intents", lines(tmp_path / "intents.jsonl", intents)]


def test_what_was_learnt_tells_the_labels_apart():
    learnt = lexical.learn(ROWS, ["some other text"])
    assert learnt.head.labels == ("chat", "code", "math")
    alike = Lexical([Kind("code"), Kind("math"), Kind("chat")], 4000, learnt)
    found = [measure.best(alike.similarities(text)) for text in ("a function", "3 and 4", "my friend")]
    assert found == ["code", "math", "chat"]


def test_the_order_of_rows_makes_no_difference():
    assert (lexical.learn(ROWS, []).head.table == lexical.learn(ROWS[::-1], []).head.table).all()


def test_manners_are_not_what_is_asked():
    """A text has always the same manners, and texts have different ones."""
    assert dressed("x") == dressed("x")
    assert "What is up?" in dressed("What is up?")
    assert len({dressed(f"{number}").replace(f"{number}", "") for number in range(200)}) > 50


def test_rarity_is_the_log_of_how_few_have_a_feature():
    """log((1 + texts) / (1 + texts with it))."""
    rarity = lexical.rarity_of([features("alpha"), features("alpha beta"), features("gamma")])
    assert rarity.shape == (SIZE,)
    assert rarity.max() == pytest.approx(np.log(4))
    assert rarity.min() == pytest.approx(np.log(4 / 3))


def test_weights_are_written_and_read_again(files, tmp_path, monkeypatch):
    """A file for this version; half precision changes no choice."""
    path = tmp_path / "lexical.npz"
    assert lexical.main([*files, "--out", str(path)]) == 0
    with np.load(path) as stored:
        assert int(stored["version"]) == VERSION
        assert stored["table"].dtype == stored["rarity"].dtype == np.float16
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    module.shipped.cache_clear()
    alike = Lexical([Kind("code"), Kind("math")], 4000, module.shipped())
    module.shipped.cache_clear()
    assert measure.best(alike.similarities("give me a function in C")) == "code"


def test_a_report_has_all_tables_and_writes_nothing(files, tmp_path, capsys):
    assert lexical.main([*files, "--report"]) == 0
    told = capsys.readouterr().out
    assert all(
        word in told for word in ("27 prompts in 5 parts", "tasks: accuracy", "semantic router:", "2 intents with 2")
    )
    assert not (tmp_path / "lexical.npz").exists()


def test_intents_are_measured_within_and_outside():
    """What is like nothing is recognised as such at every threshold."""
    told = measure.within_and_outside(lexical.learn(ROWS, []), INTENTS)
    assert told[1].endswith("always: 1.000")
    assert all(line.endswith("outside recognised 1.000") for line in told[2:])


@pytest.mark.parametrize(("pairs", "accuracy", "f1"), [
    ([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")], 0.5, 0.5),
    ([("a", "a"), ("b", "b")], 1.0, 1.0),
    ([("a", "b"), ("b", None)], 0.0, 0.0),
    ([("a", "a"), ("a", None), ("a", None)], 1 / 3, 0.5),
])  # fmt: skip
def test_figures_are_the_fields_own(pairs, accuracy, f1):
    """Accuracy is the share that is right; F1 the harmonic mean of precision and recall of ``a``."""
    assert measure.accuracy(pairs) == pytest.approx(accuracy)
    assert measure.f1(pairs, "a") == pytest.approx(f1)


def test_long_prompts_are_timed_and_short_ones_are_not():
    learnt = lexical.learn(ROWS, [])
    assert measure.timed(learnt, [Labelled("short", "a")]) == []
    (line,) = measure.timed(learnt, [Labelled("word " * 300, "a")])
    assert "a prompt of 200 words" in line
