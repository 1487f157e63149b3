"""docs/concepts/failures.md has the figures of the code, row by row."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from docs.pages import code, page, section, table
from pointsman.config.sections.rest import LITELLM_INTERVAL
from pointsman.config.settings import RestSettings
from pointsman.fakes import LoadedDice
from pointsman.flow.attempt import BACKOFF_FIRST, BACKOFF_LONGEST, WORTH_WAITING
from pointsman.flow.watch import OFTEN
from pointsman.model.outcome import CONSEQUENCES, FailureKind, Scope
from pointsman.model.rest import BreakerSettings, HealthCheck
from pointsman.providers.alive import ALIVE
from pointsman.providers.causes import OPEN, PHRASES, SOON, STATUS_KINDS, WORDS, kind_of
from pointsman.providers.said import MOST_READ
from pointsman.state.adaptive_thresholds import HALF_LIFE, NOMINAL, PRIOR, failures_in_a_row
from pointsman.state.adaptive_thresholds import LEAST as LEAST_FAILURES
from pointsman.state.adaptive_thresholds import MOST as MOST_TIMES
from pointsman.state.breaker import Breaker, State
from pointsman.state.cooldown import LONGEST, CooldownSettings
from pointsman.state.keyring import LONG, LONGEST_GUESS, REFUSED, TRIAL
from pointsman.state.keys import OF_KEYS
from pointsman.state.results import MOST
from pointsman.state.slow_start import LEAST

PAGE = page("docs/concepts/failures.md")
STATUSES = table(section(PAGE, "## Kinds"), 1)
RESTS = section(PAGE, "## When a deployment rests")
TOLD = section(PAGE, "## How causes are told")
KEYS = section(PAGE, "## When a key rests")
NEXT = section(PAGE, "## Who is asked next")


def yes(said: bool) -> str:
    return "yes" if said else "no"


def test_the_table_is_the_one_that_is_acted_on():
    """Each kind with all its consequences, in the code's order."""
    rows = [
        [
            f"`{kind.value}`",
            m.scope.value,
            *map(yes, (m.here, m.elsewhere, m.counts, m.rests)),
            str(m.status),
            f"`{m.code}`",
        ]
        for kind, m in CONSEQUENCES.items()
    ]
    assert rows == table(section(PAGE, "## Kinds"))


def test_every_kind_has_its_reason():
    """Below the table there is a point for each row, in the same order."""
    reasons = [code(line)[0] for line in section(PAGE, "## Kinds").splitlines() if line.startswith("- `")]
    assert reasons == [kind.value for kind in CONSEQUENCES]


def test_every_status_has_the_kind_that_the_table_says():
    """Listed statuses by themselves, the rest by their hundred."""
    told: dict[str, str] = {name.strip(): code(row[1])[0] for row in STATUSES for name in row[0].split(",")}
    rest = {4: "other 4xx", 5: "other 5xx"}
    statuses = [status for status in range(201, 600) if status != 200]
    found = {status: told.get(str(status)) or told[rest.get(status // 100, "other")] for status in statuses}
    assert found == {status: kind_of(status).value for status in statuses}
    assert {int(name) for name in told if name.isdigit()} == set(STATUS_KINDS)


def rows(signs: dict, quote: str) -> list[list[str]]:
    """What a server says of a kind stands in one row."""
    return [
        [f"`{kind.value}`", ", ".join(f"{quote}{sign}{quote}" for sign, _ in group), servers]
        for kind, said in signs.items()
        for servers, group in groupby(said.items(), key=itemgetter(1))
    ]


def test_the_words_are_those_that_are_compared():
    """Codes, types and sentences, with who says them, in the code's order."""
    assert table(TOLD, 1) == rows(WORDS, "`")
    assert table(TOLD, 2) == rows(PHRASES, '"')
    assert f"the first {MOST_READ} characters count" in TOLD
    assert f"at most {SOON:g} s" in TOLD


def test_what_is_vague_may_be_told_as_the_page_says():
    """Each kind with all that words may make of it."""
    told = {code(row[0])[0]: sorted(code(row[1])) for row in table(TOLD, 0)}
    assert told == {kind.value: sorted(may.value for may in may_be) for kind, may_be in OPEN.items()}


def test_the_backoff_is_the_one_that_is_waited():
    """The ceilings double up to the longest; the average of an even draw is half of its ceiling."""
    rows = [[float(cell) for cell in row[1:]] for row in table(NEXT)]
    ceilings = [min(BACKOFF_FIRST * 2**n, BACKOFF_LONGEST) for n in range(len(rows))]
    assert rows == [[ceiling, ceiling / 2] for ceiling in ceilings]
    assert ceilings[-1] == BACKOFF_LONGEST > ceilings[-2]
    assert f"up to {WORTH_WAITING:g} s" in NEXT


def test_the_breaker_opens_for_as_long_as_the_table_says():
    """Opened again and again by its probe's failure, with dice that fall in the middle."""
    settings = BreakerSettings()
    breaker, lengths, now = Breaker(settings), [], 0.0
    for _ in range(settings.threshold):
        breaker.failed(now, LoadedDice([0.5]), probe=False)
    for _ in table(RESTS, 0):
        assert breaker.state is State.OPEN
        lengths.append(breaker.until - now)
        now = breaker.until
        assert breaker.admits(now)
        assert breaker.started()
        breaker.failed(now, LoadedDice([0.5]), probe=True)
        breaker.ended()
    assert [float(row[1]) for row in table(RESTS, 0)] == lengths
    assert lengths[-1] == settings.longest
    assert f"±{settings.jitter * 100:g} %" in RESTS
    assert f"after {settings.threshold} failures in a row" in RESTS
    rate = f"less than {settings.rate:g} of at least {settings.min_calls} calls within {settings.window:g} s"
    assert rate in RESTS
    assert f"of the last {MOST} calls at most" in RESTS
    assert f"to the whole within {settings.slow_start:g} s" in RESTS
    assert LEAST == 0.1  # "from a tenth"


def test_adaptive_thresholds_come_to_what_the_page_says():
    """Each row, and the figures around it."""
    told = section(PAGE, "### Adaptive thresholds")
    for rate, failures in table(told):
        assert failures_in_a_row(BreakerSettings().threshold, float(rate.split()[0])) == int(failures)
    words = " ".join(told.split())
    assert f"at a nominal rate of {NOMINAL:g}" in words
    assert f"one in {round(NOMINAL ** -BreakerSettings().threshold):,}" in words
    assert (
        f"At least {LEAST_FAILURES} (or half of `threshold`, if that is more) and at most {MOST_TIMES} times" in words
    )
    assert f"Results weigh half after {HALF_LIFE:g} s" in words
    assert f"counts for {PRIOR:g} results" in words


def test_the_cooldown_is_as_long_as_the_page_says():
    """Its usual and longest length, and the statuses that rest a deployment at once."""
    usual = CooldownSettings()
    assert f"`cooldown_time` ({usual.seconds:g} s), after a spent quota for {usual.quota:g} s" in RESTS
    assert f"at most {LONGEST:g} s" in RESTS
    at_once = sorted(str(status) for status, kind in STATUS_KINDS.items() if CONSEQUENCES[kind].rests)
    told = RESTS.partition("**Cooldown**")[2].partition("After ")[2].partition(", and after")[0]
    assert sorted(told.replace(" or ", ", ").split(", ")) == at_once


def test_who_is_degraded_is_so_for_as_long_as_the_page_says():
    """Its usual window."""
    assert f"within `cooldown_seconds` ({RestSettings().error_window:g} s)" in RESTS


def test_health_checks_ask_as_the_page_says():
    """Every kind's question, how often, and how long it takes to be told from a lost answer."""
    told = {kind: code(row[1])[0] for row in table(RESTS, 1) for kind in code(row[0]) or ["others"]}
    probes = {kind: f"/v1{probe.path}" if probe.openai else probe.path for kind, probe in ALIVE.items()}
    others = told.pop("others")
    assert {kind: path for kind, path in probes.items() if path != others} == told
    usual = HealthCheck()
    assert f"every {usual.every:g} s for at most {usual.timeout:g} s (for all: every {LITELLM_INTERVAL:g} s)" in RESTS
    assert f"it is asked every {OFTEN:g} s at most" in RESTS


def test_keys_rest_as_the_page_says():
    """Which kinds, where, and for how long at first and at most."""
    usual = CooldownSettings()
    first = {FailureKind.RATE_LIMITED: usual.seconds, FailureKind.QUOTA: usual.quota} | dict.fromkeys(REFUSED, LONG)
    rows = table(KEYS)
    assert {row[0] for row in rows} == {f"`{kind.value}`" for kind in OF_KEYS} == {f"`{kind.value}`" for kind in first}
    for kind, seconds in first.items():
        (row,) = [row for row in rows if row[0] == f"`{kind.value}`"]
        assert row[1] == ("everywhere" if CONSEQUENCES[kind].scope is Scope.KEY else "at that deployment")
        assert f"{seconds:g} s" in row[2]
        assert (f"at most {LONGEST:g} s" in row[2]) is (kind not in REFUSED)
    assert f"up to {LONGEST:g} s after rate limits and an hour after the others" in KEYS
    assert (LONGEST_GUESS, f"for {TRIAL:g} s, or until" in KEYS) == (3600, True)
