"""The page about the task router says what is so."""

from docs.pages import blocks, page
from pointsman import CircuitBreakerConfig, TaskCategory, TaskRouter
from pointsman.library.desk import Options
from pointsman.routing.skill import EXPLORING, NEAR, ON_ACCOUNT, STRONG
from pointsman.state.evidence import ENOUGH, HALF_LIFE

PAGE = page("docs/concepts/task-router.md")


def test_the_snippets_run_one_after_the_other(capsys):
    names = {}
    for snippet in blocks(PAGE, "python"):
        exec(snippet, names)
    printed = capsys.readouterr().out
    assert "model-1: 100.0% of 1" in printed
    assert "model-1 does it" in printed
    assert "coding task -> model-1" in printed


def test_figures_are_those_of_the_code():
    config = CircuitBreakerConfig()
    assert repr(config) in PAGE
    assert (ON_ACCOUNT, NEAR, EXPLORING, STRONG, ENOUGH, HALF_LIFE) == (2.0, 0.9, 0.05, 0.5, 5, 86_400.0)
    assert "a half-life of a day" in PAGE
    assert Options().lease_timeout == 600.0
    assert "`lease_timeout` (10 minutes)" in PAGE


def test_everything_that_a_router_has_is_told():
    for name in dir(TaskRouter):
        if not name.startswith("_"):
            assert name in PAGE, name
    for category in TaskCategory:
        assert f"`{category.name}`" in PAGE
