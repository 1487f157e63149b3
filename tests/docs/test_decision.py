"""docs/concepts/decision.md names the stages, strategies and bounds that there are, and shows what is printed."""

from __future__ import annotations

import pytest

from docs.pages import blocks, code, page, section, table
from pointsman.config import strategies
from pointsman.config.load import load_or_raise
from pointsman.errors import NoCandidate
from pointsman.fakes import FakeClock, LoadedDice, request
from pointsman.model.outcome import FailureKind
from pointsman.routing import pipeline, settle
from pointsman.routing.explain import as_text
from pointsman.routing.strategies import STRATEGIES
from pointsman.runtime import Runtime

PAGE = page("docs/concepts/decision.md")
VLLM, OLLAMA, HOSTED = "llama3.1:8b@vllm", "llama3.1:8b@ollama", "gpt-4o-mini@openai"


@pytest.fixture
def runtime(tmp_path):
    """The README's configuration, at a time that stands still."""
    file = tmp_path / "pointsman.yaml"
    file.write_text(blocks(page("README.md"), "yaml")[0])
    return Runtime(load_or_raise([file], environ={}), clock=FakeClock(), dice=LoadedDice())


def fail(runtime, deployment: str, kind: FailureKind, retry_after: float | None = None, times: int = 1) -> None:
    board = runtime.board
    for _ in range(times):
        lease = board.take(board.records()[deployment].deployment)
        board.failed(lease, kind, retry_after)
        board.give_back(lease)


def stages(runtime) -> list[str]:
    return [step.stage for step in runtime.decide(request("llama3.1:8b")).steps]


def test_the_stages_are_those_of_the_pipeline_in_its_order(runtime):
    """Resolvers, filters, the strategy; then what follows when nobody is left."""
    fail(runtime, VLLM, FailureKind.RATE_LIMITED)
    fail(runtime, OLLAMA, FailureKind.SERVER_ERROR, times=5)
    fail(runtime, HOSTED, FailureKind.AUTH)
    in_need = [stage for stage in stages(runtime) if stage not in ("alias", "exact", "limits", "health", "strategy")]
    listed = [code(row[0])[0] for row in table(section(PAGE, "## Stages, in order"))]
    resolvers = [stage for stage, _ in pipeline.RESOLVERS]
    filters = [stage for stage, *_ in pipeline.FILTERS]
    assert listed == [*resolvers, "order", *filters, "strategy", *in_need]


def test_the_strategies_are_those_there_are_with_all_their_spellings():
    """Each strategy once, with every other name that a configuration may give it, and the default."""
    rows = table(section(PAGE, "## Strategies"))
    assert [code(row[0])[0] for row in rows] == list(STRATEGIES) == list(strategies.CANONICAL)
    written = {spelling: code(row[0])[0] for row in rows for spelling in code(row[2])}
    assert written == {word: name for word, name in strategies.ALIASES.items() if name in STRATEGIES}
    assert f"Without `routing_strategy` it is\n`{strategies.DEFAULT}`" in section(PAGE, "## Strategies")


def test_the_example_is_what_is_printed(runtime):
    """One deployment was told to wait, so the other is left."""
    fail(runtime, VLLM, FailureKind.RATE_LIMITED, retry_after=20)
    assert blocks(PAGE, "console") == [as_text(runtime.decide(request("llama3.1:8b"))) + "\n"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FailureKind.OVERLOADED, (503, "no_candidate")),
        (FailureKind.RATE_LIMITED, (429, "deployments_at_limit")),
    ],
)
def test_the_error_when_nobody_is_left_says_the_same(runtime, kind, said):
    """503, or 429 for limits, with the words of the steps and the soonest that waiting helps."""
    for name, wait in ((VLLM, 20), (OLLAMA, 7), (HOSTED, 30)):
        fail(runtime, name, kind, retry_after=wait)
    with pytest.raises(NoCandidate, match="cooling down for") as refused:
        runtime.decide(request("llama3.1:8b"))
    assert (refused.value.status, refused.value.code) == said
    assert refused.value.retry_after == pytest.approx(7)


def test_the_bounds_are_those_of_the_code():
    """How many answers are remembered."""
    assert f"for {settle.MAX_RESOLUTIONS:,} of them" in PAGE
