"""docs/concepts/classification.md tells what the readers of content do."""

from __future__ import annotations

import msgspec

from docs.pages import blocks, code, page, section, table
from pointsman.config.classes import CLASSES
from pointsman.config.load import from_mapping
from pointsman.config.settings import EncoderSettings
from pointsman.fakes import FakeView, request
from pointsman.routing.classify.kinds import THRESHOLDS
from pointsman.routing.classify.lexical import WORDY
from pointsman.routing.classify.tasks import EFFORTS
from pointsman.routing.content import Content
from pointsman.routing.features import MOST
from pointsman.routing.shapes import Asked, Heard
from pointsman.routing.topology import SEMANTIC, TASKS, compile_topology
from pointsman.wire.embedder import REMEMBERED, REST

PAGE = page("docs/concepts/classification.md")
ENCODERS = table(section(PAGE, "## Encoders"))


def test_the_known_names_are_those_of_the_code():
    """Each class with its other words, in the code's order."""
    rows = {code(row[0])[0]: tuple(code(row[1])) for row in table(section(PAGE, "### Likeness to a category"))}
    assert rows == CLASSES
    assert list(rows) == list(CLASSES)


def test_every_encoder_has_its_threshold():
    """The one that counts where the configuration has none."""
    assert {code(row[0])[0]: float(row[3]) for row in ENCODERS} == THRESHOLDS


def test_the_figures_are_those_of_the_code():
    """How much is read, remembered and waited for."""
    assert f"at most {MOST:,} characters" in PAGE
    assert f"for {REST:g} seconds" in PAGE
    assert f"the last {REMEMBERED:,} texts" in PAGE
    assert f"`timeout` ({EncoderSettings().timeout:g} s)" in PAGE
    assert f"characters / {WORDY:g})" in PAGE
    assert f"{TASKS}` or `{SEMANTIC}`" in PAGE
    assert all(f"`{effort}`" in section(PAGE, "## Tasks") for effort in EFFORTS)


def test_the_extras_are_those_of_the_package():
    """What the table says to install."""
    told = " ".join(row[1] for row in ENCODERS)
    assert "pointsman[embeddings]" in told
    assert "pointsman[model2vec]" in told


def reason(heard: Heard | None, **encoder: object) -> str:
    page = {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", "api_key": "k"}}],
        "semantic_router": {"categories": {"code": "m", "math": "m", "general": "m"}, **encoder},
    }
    reader = Content(compile_topology(from_mapping(page)))._semantic
    assert reader is not None
    body = {"messages": msgspec.Raw(msgspec.json.encode([{"role": "user", "content": "Write a Python class"}]))}
    return reader(request(None, body=body), Asked(None), heard, FakeView()).reason


def test_the_reasons_are_printed_as_they_are_told():
    """The figures of a category, and why the lexical encoder stood in."""
    lexical, instead = [block.strip() for block in blocks(PAGE, "") if "near enough" in block]
    assert reason(None) == lexical
    encoder = {"kind": "http", "model": "e5", "endpoint": "http://embed.example/v1"}
    assert reason(Heard(detail="no answer within 1 s"), encoder=encoder) == instead
