"""What a flow asks before it decides: one embedding at most, and nothing where nobody needs one."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import Category, EncoderSettings, SemanticSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, request, settings
from pointsman.flow.decide import heard
from pointsman.flow.drive import run
from pointsman.flow.effects import Embed, Embedded, Ended
from pointsman.flow.explain import NOTHING_MORE, explain
from pointsman.flow.trip import Core
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.shapes import Heard
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard

HTTP = EncoderSettings("http", "e5")


def flow(encoder: EncoderSettings, model: str | None = None, *, whole: bool = True):
    semantic = SemanticSettings((Category("a", "one"), Category("b", "two")), "b", encoder=encoder)
    made = settings(deployment("x", "one"), deployment("y", "two"), semantic=semantic)
    body = {"messages": msgspec.Raw(b'[{"role": "user", "content": "hello"}]')}
    board = Scoreboard(FakeClock(), LoadedDice())
    core = Core(Pipeline(compile_topology(made)), board, LoadedDice())
    asked = request(model, body=body)
    return explain(asked, core, NOTHING_MORE) if whole else heard(core.pipeline, asked, board)


def unasked(effect):
    raise AssertionError(effect)


def test_the_lexical_encoder_asks_nobody():
    assert run(flow(EncoderSettings()), unasked).decision.choice.id == "y"


def test_a_named_model_asks_nobody():
    assert run(flow(HTTP, "one"), unasked).decision.choice.id == "x"


@pytest.mark.parametrize(("reply", "choice"), [
    (Embedded([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]), "x"),
    (Embedded([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]]), "y"),
    (Embedded(detail="it is down"), "y"),
])  # fmt: skip
def test_an_encoder_elsewhere_is_asked_once(reply, choice):
    """For the words and the examples, by the settings of the configuration."""
    asked = []
    assert run(flow(HTTP), lambda effect: asked.append(effect) or reply).decision.choice.id == choice
    assert asked == [Embed(HTTP, "hello", ("a", "b"))]


def test_what_it_says_is_heard_as_it_is():
    """The vector, the examples' rows, and why there are none."""
    said = run(flow(HTTP, whole=False), lambda _effect: Embedded([1.0], [[2.0]], "so"))
    assert said == Heard([1.0], [[2.0]], "so")


def test_a_reply_to_something_else_is_a_bug():
    with pytest.raises(TypeError, match="no reply to an embedding"):
        run(flow(HTTP), lambda _effect: Ended(None))
