"""Which models are in memory, by the clock."""

from __future__ import annotations

import math

import pytest

from pointsman.mock.ollama.memory import USUAL_KEEP_ALIVE, Memory, read_keep_alive


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, USUAL_KEEP_ALIVE),
        (0, 0),
        ("0", None),
        (90, 90),
        (-1, math.inf),
        ("-1m", math.inf),
        ("5m", 300),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("", None),
        ("5 minutes", None),
        (True, None),
        ([], None),
    ],
)
def test_durations(value, seconds):
    """keep_alive is a number of seconds or a Go duration; negative is for ever; anything else is refused."""
    if seconds is None:
        with pytest.raises(ValueError, match="is no duration"):
            read_keep_alive(value)
    else:
        assert read_keep_alive(value) == pytest.approx(seconds)


def test_a_model_is_cold_once():
    """The first use loads a model, the second finds it, and after its time it is cold again."""
    now = [1000.0]
    memory = Memory(lambda: now[0])
    first, second = memory.use("a", 300), memory.use("a", 300)
    now[0] = 1300.0
    assert (first, second, memory.loaded(), memory.use("a", 300)) == (True, False, {}, True)


def test_zero_unloads():
    """keep_alive 0 takes the model out of memory at once."""
    memory = Memory(lambda: 0.0)
    memory.use("a", math.inf)
    memory.use("a", 0)
    assert memory.loaded() == {}
