"""The semantic router's reader: which encoder speaks, whose thresholds count, what a session keeps."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from pointsman.config.settings import Category, EncoderSettings, SemanticSettings
from pointsman.fakes import FakeView, request
from pointsman.model.request import Hints
from pointsman.routing.classify.semantic import SemanticReader
from pointsman.routing.shapes import Asked, Heard, Verdict

CATEGORIES = (Category("code", "coder"), Category("math", "counter"), Category("general", "anyone"))
LEXICAL = EncoderSettings()
HTTP = EncoderSettings("http", "e5")
CODE = "Write a Python function to sort a list"


def made(encoder: EncoderSettings = LEXICAL, **more: Any) -> SemanticReader:
    return SemanticReader(SemanticSettings(CATEGORIES, "general", encoder=encoder, **more))


def asked(text: str = CODE, session: str | None = None):
    body = {"messages": msgspec.Raw(msgspec.json.encode([{"role": "user", "content": text}]))}
    return request(None, body=body, hints=Hints(session=session))


def read(reader: SemanticReader, text: str = CODE, heard: Heard | None = None, **more: Any) -> Verdict:
    view = FakeView(labels={"s": "math", "g": "general", "x": "gone"})
    return reader(asked(text, **more), Asked(None), heard, view)


def heard(reader: SemanticReader, *cosines: float) -> Heard:
    """An encoder's answer in which the first example of each category has this cosine, and all others have none."""
    found = reader.texts(asked(), FakeView())
    assert found is not None
    _, texts = found
    rows = np.zeros((len(texts), len(CATEGORIES) + 1))
    for number, (at, cosine) in enumerate(zip(reader._dense._starts, cosines, strict=True)):
        rows[at, 0], rows[at, number + 1] = cosine, (1 - cosine**2) ** 0.5
    return Heard(np.array([1.0, *[0.0] * len(CATEGORIES)]), rows)


def test_the_nearest_category_and_the_figures():
    verdict = read(made())
    assert verdict.label == "code"
    assert verdict.reason == "code 1.00, then math 0.00; 0.30 is near enough, lexical"
    assert set(verdict.scores) == {"code", "math", "general"}


def test_what_is_like_nothing_goes_to_the_fallback():
    """The reason has the figures all the same."""
    verdict = read(made(), "What is the capital of France?")
    assert verdict.label == "general"
    assert verdict.reason.startswith("nothing is near enough (")
    assert verdict.reason.endswith("lexical): 'general', the fallback")


def test_without_a_fallback_the_next_stage_is_asked():
    reader = SemanticReader(SemanticSettings(CATEGORIES[:2]))
    assert read(reader, "What is the capital of France?").label is None


@pytest.mark.parametrize(("settings", "label"), [
    ({"threshold": 0.9999999}, "general"),
    ({"threshold": 0.0}, "code"),
    ({"threshold": 0.5}, "code"),
])  # fmt: skip
def test_the_configured_threshold_counts(settings, label):
    assert read(made(**settings), "def f(): return 1  # a joke about cats").label == label


# ---- other encoders


def test_the_encoders_vectors_decide_where_there_are_any():
    """Against what words alone would say."""
    reader = made(HTTP)
    verdict = read(reader, heard=heard(reader, 0.1, 0.8, 0.2))
    assert verdict.label == "math"
    assert verdict.reason == "math 0.80, then general 0.20; 0.40 is near enough, http"
    assert read(reader, heard=heard(reader, 0.1, 0.3, 0.2)).label == "general"


@pytest.mark.parametrize(("said", "why"), [
    (None, "lexical in place of http"),
    (Heard(detail="no answer within 1 s"), "lexical in place of http (no answer within 1 s)"),
    (Heard([1.0], [[1.0]]), "lexical in place of http (its vectors make no sense)"),
])  # fmt: skip
def test_words_stand_in_for_an_encoder_that_has_nothing_to_say(said, why):
    """And the trace says why."""
    verdict = read(made(HTTP), heard=said)
    assert verdict.label == "code"
    assert verdict.reason.endswith(why)


def test_thresholds_belong_to_the_encoder_that_they_were_made_for():
    """Those of the configuration don't count while the lexical encoder stands in."""
    strict = tuple(msgspec.structs.replace(each, threshold=1.0) for each in CATEGORIES)
    reader = SemanticReader(SemanticSettings(strict, "general", 1.0, HTTP))
    assert read(reader).label == "code"
    assert read(reader, heard=heard(reader, 0.9, 0.1, 0.1)).label == "general"


def test_the_encoder_is_asked_for_the_words_and_the_examples():
    """Not for a text without a sign, and never by the lexical one."""
    found = made(HTTP).texts(asked(), FakeView())
    assert found is not None
    assert found[0] == CODE
    assert "general" in found[1]
    assert made(HTTP).texts(asked("  "), FakeView()) is None
    assert made().texts(asked(), FakeView()) is None


def test_no_more_of_a_text_is_sent_than_is_looked_at():
    reader = made(EncoderSettings("http", "e5", most=10))
    found = reader.texts(asked("x" * 100), FakeView())
    assert found is not None
    assert len(found[0]) == 10


# ---- sessions


@pytest.mark.parametrize(("sticky", "session", "label"), [
    (60.0, "s", "math"),  # what it was about
    (None, "s", "code"),  # not asked for
    (60.0, None, "code"),  # no session
    (60.0, "new", "code"),
    (60.0, "g", "code"),  # that nothing was near enough is not kept
    (60.0, "x", "code"),  # a category that there is no more
])  # fmt: skip
def test_a_session_keeps_its_category(sticky, session, label):
    assert read(made(sticky=sticky), session=session).label == label


def test_a_kept_category_costs_no_embedding():
    view = FakeView(labels={"s": "math"})
    assert made(HTTP, sticky=60.0).texts(asked(session="s"), view) is None
    assert made(HTTP, sticky=60.0).texts(asked(session="t"), view) is not None
