"""The log: a line for what went wrong, and no line of anybody else's making."""

from __future__ import annotations

import io
import json

import pytest
import structlog

from pointsman.model.outcome import FailureKind
from pointsman.telemetry.log import DecisionLog, FailureLog, configure, logger

NASTY = [
    "m\n2026-01-01 [warning] request_failed forged=1",
    "m\r\n[ROUTER] Model: forged -> Provider: x (exact match)",
    "m\x1b[2J\x1b[31mred",
    "m\x85next",
    "m\u2028next",
    "m\u2029next",
    "m\x0bnext\x0cnext",
    "m\x9b31mred",
    "m\ud800",
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[io.StringIO, Terminal], ids=["JSON", "terminal"])
def out(request):
    stream = request.param()
    configure("info", stream)
    yield stream
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("name", NASTY)
def test_a_name_with_line_breaks_forges_no_line(out, made, name):
    """One failure, one line, in a file and on a terminal; by every notion of what ends a line."""
    FailureLog()(made(FailureKind.RESET, model=name, status=502))
    assert len(lines(out)) == 1
    assert "\x1b[2J" not in out.getvalue()
    assert "\x9b" not in out.getvalue()


def test_a_request_that_went_well_is_not_told(out, made):
    """The log is for what went wrong."""
    FailureLog()(made(None))
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("kinds", "status", "word"),
    [
        ((FailureKind.RESET,), 502, "request_failed"),
        ((FailureKind.RESET, None), 200, "request_rescued"),
        ((FailureKind.CUT,), 200, "request_failed"),
        ((), 503, "request_failed"),
    ],
)
def test_what_failed_and_what_was_rescued_is_told(out, made, kinds, status, word):
    """An outage too, where nobody could be asked at all."""
    FailureLog()(made(*kinds, status=status))
    (line,) = lines(out)
    assert word in line


def test_a_line_is_json_where_nobody_watches(made):
    """With the request, its model, the failure, the status and every attempt."""
    out = io.StringIO()
    configure("info", out)
    FailureLog()(made(FailureKind.RESET, FailureKind.TIMEOUT, status=504))
    structlog.reset_defaults()
    told = json.loads(out.getvalue())
    assert told.pop("timestamp")
    assert told == {
        "event": "request_failed",
        "level": "warning",
        "request_id": "0" * 24,
        "model": "m",
        "failure": "timeout",
        "status": 504,
        "attempts": ["a: reset", "b: timeout"],
    }


@pytest.mark.parametrize(("level", "told"), [("debug", 1), ("info", 1), ("warning", 1), ("error", 0), ("nonsense", 1)])
def test_levels(level, told):
    """What is below the level is not written; an unknown level is info."""
    out = io.StringIO()
    configure(level, out)
    logger().warning("x")
    structlog.reset_defaults()
    assert len(lines(out)) == told


def test_every_decision_is_told_with_its_steps(made):
    """The first line as the routing document writes it, then each step and the plan."""
    out = io.StringIO()
    DecisionLog(out)(made(None))
    assert lines(out) == [
        "[ROUTER] Model: m -> Provider: pa (exact match)",
        "[ROUTER]     exact         2 -> 2     exact match 'm'",
        "[ROUTER]     strategy      2 -> 1     simple-shuffle: a",
        "[ROUTER]     plan      a, then b",
    ]


def test_a_fallback_is_told(made):
    """From the provider decided on to the one that answered."""
    out = io.StringIO()
    DecisionLog(out)(made(FailureKind.RESET, None))
    assert lines(out)[1] == "[ROUTER] Fallback triggered: pa -> pb"


@pytest.mark.parametrize("name", NASTY)
def test_a_name_with_line_breaks_forges_no_step(made, name):
    """As many lines as for a plain name, each of them begun by us and printable."""
    plain, nasty = io.StringIO(), io.StringIO()
    DecisionLog(plain)(made(None))
    DecisionLog(nasty)(made(None, model=name))
    assert len(lines(nasty)) == len(lines(plain))
    assert all(line.startswith("[ROUTER] ") and line.isprintable() for line in lines(nasty))


def test_without_a_decision_there_is_nothing_to_tell(made):
    """Somebody who was never served."""
    out = io.StringIO()
    DecisionLog(out)(made(status=503))
    assert out.getvalue() == ""
