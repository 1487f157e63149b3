"""docs/concepts/protocols.md tells what Ollama's fields and options become."""

from __future__ import annotations

from docs.pages import code, page, section, table
from pointsman.fronts.ollama.options import REPEATING, SAME, WISHES
from pointsman.gateway.ollama_api import MANAGED

PAGE = section(page("docs/concepts/protocols.md"), "## Ollama's API")


def test_options_that_keep_their_names_are_all_there():
    """In their order."""
    rows = [code(row[0]) for row in table(PAGE)]
    [kept] = [row for row in rows if "frequency_penalty" in row]
    assert kept == [*sorted(SAME), "options"]


def test_options_that_become_others_and_wishes_are_known():
    """As they are acted on."""
    rows = {code(row[0])[0]: code(row[1]) for row in table(PAGE) if code(row[0])}
    assert rows["options.repeat_penalty"] == list(REPEATING)
    named = set(code(PAGE.partition("Wishes, left out elsewhere")[2].partition("`template`")[0]))
    assert named - {"keep_alive", "truncate"} <= WISHES


def test_paths_of_management_are_all_there():
    """A parameter is an ellipsis."""
    [row] = [code(row[0]) for row in table(PAGE, 1) if "/api/pull" in row[0]]
    assert [path.replace("…", "{digest}") for path in row] == list(MANAGED)
