"""docs/concepts/memory.md has the figures of the code."""

from __future__ import annotations

import pytest

from docs.pages import code, page, section, table
from pointsman.config.settings import WarmSettings, WatchSettings
from pointsman.fakes import provider
from pointsman.flow.watch import ROUNDS, SELDOM
from pointsman.model import listing
from pointsman.model.view import Standing
from pointsman.providers.busy import BUSY
from pointsman.providers.listed import LISTED, MOST_BYTES
from pointsman.providers.loaded import LOADED
from pointsman.providers.probe import question
from pointsman.providers.profiles import PROFILES
from pointsman.state import memory, results, scoreboard, sessions, window
from pointsman.state.rules import Rules

PAGE = page("docs/concepts/memory.md")
RESULTS = section(PAGE, "## Results")


def test_the_figures_are_those_of_a_standing():
    """Each one, in the order in which it is written."""
    assert tuple(code(row[0])[0] for row in table(RESULTS)) == Standing.__struct_fields__


def test_the_window_is_as_large_and_as_long_as_it_says():
    """How many, how long, what weighs half, when figures are made."""
    told = " ".join(RESULTS.split())
    assert f"the last {results.MOST} results are kept, for at most {results.LONGEST:g} s" in told
    assert f"One that is {results.HALF_LIFE:g} s old weighs half" in told
    assert f"to 1/e in {results.DECAY:g} s" in told
    assert f"from {results.EVERY} new results on, when they are {results.RENEWED:g} s old" in told
    assert f"no result for {results.LONGEST:g} s is unseen again" in told


def test_sessions_are_remembered_for_as_long_and_as_many_as_it_says():
    """And the last minute is a minute."""
    told = section(PAGE, "## Sessions")
    assert f"The note is gone {Rules().home:g} s after" in told
    assert f"There is room for {sessions.MOST:,};" in told
    assert f"the last {window.SECONDS} s" in section(PAGE, "## The last minute")


@pytest.mark.parametrize(
    ("heading", "probes"), [("First requests", LOADED), ("Lists of models", LISTED), ("Load", BUSY)]
)
def test_servers_are_asked_as_the_table_says(heading, probes):
    """Each kind that can be asked, with its path."""
    rows = {code(row[0] or "`others`")[0]: code(row[1])[0] for row in rows_of(heading)}
    paths = {kind: question(probes, provider(kind=kind, base_url="http://127.0.0.1:1")).path for kind in probes}
    if rows.pop("others", None) is not None:
        usual = {kind for kind in PROFILES if probes.get(kind) is probes["openai_compatible"]}
        paths = {kind: path for kind, path in paths.items() if kind not in usual or kind in rows}
    assert rows == paths


def rows_of(heading):
    """Of the table; the kinds that have no row of their own stand in a last one."""
    return [["" if row[0] == "all others" else row[0], *row[1:]] for row in table(section(PAGE, f"## {heading}"))]


def test_lists_and_loads_are_asked_for_at_the_pace_that_it_says():
    """How often, for how long, how much is heard, how long a load is believed."""
    lists, load = WatchSettings().lists, WatchSettings().load
    told = section(PAGE, "## Lists of models")
    assert f"Every {lists.every:g} s, beside the traffic, for at most {lists.timeout:g} s each" in told
    assert f"a hosted service, once it has answered, every {lists.every * SELDOM:g} s" in told
    assert f"the first {listing.MOST:,} models count; names have at most {listing.LONGEST} characters" in told
    assert f"a whole list {MOST_BYTES // 2**20} MiB" in told
    told = section(PAGE, "## Load")
    assert f"every {load.every:g} s, beside the traffic, for at most {load.timeout:g} s each" in told
    assert f"so it does {load.every * ROUNDS:g} s after the last word" in told
    assert all(f"`{name.decode()}`" in told for probe in BUSY.values() for name in probe.read.keywords["names"])


def test_first_requests_have_the_times_that_it_says():
    """How long a deployment counts as warm, how often servers are asked, how long their word holds."""
    told, usual = section(PAGE, "## First requests"), WarmSettings()
    assert f"within `idle_reset` ({usual.idle_reset:g} s)" in told
    assert f"asked every\n{usual.every:g} s," in told
    assert f"at most `warm_check_timeout_ms` ({usual.timeout * 1000:g})" in told
    assert f"{usual.every * ROUNDS:g} s after a server's last\nword" in told


def test_the_bounds_are_those_of_the_code():
    """Of deployments made for names, and of groups."""
    told = section(PAGE, "## Bounds")
    assert f"of those {memory.MOST_UNLISTED:,} are remembered" in told
    assert f"beyond {scoreboard.MOST_GROUPS:,} groups" in told
