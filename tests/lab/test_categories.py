"""Learning the categories of tasks: what ships is what the examples teach; tables and figures."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from pointsman.lab import categories
from pointsman.lab.data import Labelled
from pointsman.library.categories import TaskCategory
from pointsman.library.detection import likeness as module
from pointsman.library.detector import ShippedDetector
from pointsman.routing.classify.features import VERSION

PAIRS = [("coding", "coding"), ("coding", "testing"), ("testing", "testing"), ("unknown", "unknown")]


@pytest.fixture(scope="module")
def learnt():
    return categories.learn(categories.examples())


def test_what_ships_is_what_the_examples_teach(learnt):
    """Who changes the examples makes the weights anew: ``python -m pointsman.lab.categories``."""
    shipped = module.likeness()
    np.testing.assert_allclose(shipped.kinds.table, learnt.kinds.table, atol=0.01)
    np.testing.assert_allclose(shipped.software.table, learnt.software.table, atol=0.01)


def test_weights_are_written_and_read_again(learnt, tmp_path, monkeypatch):
    """For this version, in half precision, without the places that nobody has."""
    monkeypatch.setattr(categories, "learn", lambda _: learnt)
    assert categories.main(["--out", str(tmp_path / "categories.npz")]) == 0
    with np.load(tmp_path / "categories.npz") as stored:
        assert int(stored["version"]) == VERSION
        assert stored["table"].dtype == np.float16
        assert stored["table"].any(axis=1).all()
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    again = module.likeness.__wrapped__()
    detector = ShippedDetector(again)
    assert detector.detect("our users keep asking for a darker theme in the app") is not TaskCategory.DEBUGGING
    np.testing.assert_allclose(again.kinds.table, learnt.kinds.table, atol=0.01)


def test_weights_of_other_features_are_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "categories.npz", version=np.array(VERSION + 1))
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=f"of version {VERSION + 1}, not {VERSION}"):
        module.likeness.__wrapped__()


def test_the_order_of_examples_makes_no_difference():
    rows = [row for row in categories.examples() if len(row.prompt) < 25]
    one, other = categories.learn(rows), categories.learn(rows[::-1])
    assert (one.kinds.table == other.kinds.table).all()
    assert (one.software.table == other.software.table).all()


def test_figures_are_shares():
    """Precision of what was found, recall of what is; nothing found is 0."""
    assert categories.precision(PAIRS, "testing") == 0.5
    assert categories.recall(PAIRS, "coding") == 0.5
    assert categories.precision(PAIRS, "debugging") == categories.recall(PAIRS, "debugging") == 0.0
    assert categories.macro_f1(PAIRS) == pytest.approx((2 / 3 + 2 / 3 + 1) / 7)


def test_a_table_has_a_line_for_each_category():
    lines = categories.table(PAIRS).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [category.value for category in TaskCategory]
    assert lines[1].split()[1:4] == ["2", "1.000", "0.500"]
    assert lines[-1].startswith("4 prompts: macro-F1")


def test_a_report_writes_nothing(tmp_path, monkeypatch, capsys):
    """On prompts of a file by all examples, or on each fifth by the others."""
    rows = [Labelled("write tests for the parser", "testing"), Labelled("how are you?", "unknown")]
    monkeypatch.setattr(categories, "examples", lambda: rows)
    monkeypatch.setattr(categories, "learn", lambda _: module.likeness())
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(b"\n".join(msgspec.json.encode({"prompt": row.prompt, "category": row.label}) for row in rows))
    for asked in (["--report", str(path)], ["--report"]):
        assert categories.main(asked) == 0
        assert "2 prompts: macro-F1" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]
