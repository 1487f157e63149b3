"""How long an upstream asks to wait, wherever and however it says so."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.exchange import Answered
from pointsman.providers.waits import asked_for, retry_after, span

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def answered(status: int = 503, **headers: str) -> Answered:
    return Answered(status, {k.replace("_", "-").encode(): v.encode() for k, v in headers.items()}, b"")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after": " 7 "}, 7.0),
        ({"retry_after": "0.25"}, 0.25),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after_ms": "soon", "retry_after": "9"}, 9.0),
        ({"retry_after_ms": "-1", "retry_after": "9"}, 9.0),
        ({"retry_after": "0"}, None),
        ({"retry_after": "-3"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "-inf"}, None),
        ({"retry_after": "1e400"}, None),
        ({"retry_after": "1e9"}, 1e9),
        ({"retry_after": ""}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 GMT", "date": DATE}, 12.0),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:00:00 GMT", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 GMT"}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 GMT", "date": "today"}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 -0000", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 99999999999999999999 08:49:49 GMT", "date": DATE}, None),
        ({"retry_after": "Sun, 06 Nov 1994 08:49:49 +99999999999999", "date": DATE}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers, seconds):
    """Seconds, fractions, milliseconds, dates against the reply's own date; absurd ones are no word at all."""
    assert retry_after(answered(**headers)) == seconds


def limits(requests: tuple[str, str] | None = None, tokens: tuple[str, str] | None = None, **more: str) -> dict:
    told = {"requests": requests, "tokens": tokens}
    pairs = {name: pair for name, pair in told.items() if pair is not None}
    left = {f"x_ratelimit_remaining_{name}": pair[0] for name, pair in pairs.items()}
    return left | {f"x_ratelimit_reset_{name}": pair[1] for name, pair in pairs.items()} | more


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, limits(requests=("0", "1s")), 1.0),
        (429, limits(tokens=("0", "6m0s")), 360.0),
        (429, limits(requests=("0", "1s"), tokens=("0", "6m0s")), 360.0),
        (429, limits(requests=("0", "17ms"), tokens=("3", "6m0s")), 0.017),
        (429, limits(requests=("1", "1s"), tokens=("3", "6m0s")), None),
        (429, limits(requests=("0", "1s"), retry_after="9"), 9.0),
        (429, limits(requests=("0", "1s"), retry_after="never"), 1.0),
        (429, limits(requests=("0", "soon")), None),
        (429, limits(requests=("0", "-1s")), None),
        (429, limits(requests=("0", "0s"), tokens=("0", "2s")), 2.0),
        (429, limits(requests=("", "1s")), None),
        (503, limits(requests=("0", "1s")), None),
        (429, {"x_ratelimit_reset_requests": "1s"}, None),
        (429, {"x_ratelimit_remaining_requests": "0"}, None),
    ],
)
def test_a_429_without_a_word_is_read_by_its_limits(status, headers, seconds):
    """Only those that are used up, the last of them to be full again."""
    assert retry_after(answered(status, **headers)) == seconds


def moments(date: str | None = DATE, **limits: tuple[str, str]) -> dict:
    told = {f"anthropic_ratelimit_{name}_remaining": left for name, (left, _) in limits.items()}
    told |= {f"anthropic_ratelimit_{name}_reset": reset for name, (_, reset) in limits.items()}
    return told if date is None else told | {"date": date}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, moments(requests=("0", "1994-11-06T08:49:49Z")), 12.0),
        (429, moments(input_tokens=("0", "1994-11-06T08:50:37+00:00")), 60.0),
        (429, moments(requests=("0", "1994-11-06T08:49:49Z"), output_tokens=("0", "1994-11-06T08:50:37Z")), 60.0),
        (429, moments(requests=("0", "1994-11-06T08:49:49Z"), tokens=("9", "1994-11-06T08:50:37Z")), 12.0),
        (429, moments(requests=("0", "1994-11-06T08:49:49Z"), date=None), None),
        (429, moments(requests=("0", "1994-11-06T08:49:49")), None),
        (429, moments(requests=("0", "1994-11-06T08:49:37Z")), None),
        (429, moments(requests=("0", "soon")), None),
        (529, moments(requests=("0", "1994-11-06T08:49:49Z")), None),
    ],
)
def test_anthropic_tells_moments(status, headers, seconds):
    """They are held against the reply's own date."""
    assert retry_after(answered(status, **headers)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("1.5s", 1.5),
        ("20ms", 0.02),
        ("6m0s", 360.0),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723.0),
        ("1d", 86400.0),
        ("57.238747106s", 57.238747106),
        ("26 seconds", 26.0),
        ("1 minute 30 secs", 90.0),
        ("2 hours", 7200.0),
        (" 3S ", 3.0),
        ("250 milliseconds", 0.25),
        ("7", 7.0),
        ("0.5", 0.5),
        ("", None),
        ("s", None),
        ("1 fortnight", None),
        ("1s later", None),
        ("-1s", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e9999", None),
        ("0s", None),
        ("9999999999d", 863_999_999_913_600.0),
        ("99999999999s", None),
        ("\u0661s", None),
        ("1..5s", None),
    ],
)
def test_a_length_of_time_in_all_its_forms(text, seconds):
    """As Go, people and Google's JSON write it."""
    assert span(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("rate limit reached. please try again in 1.5s. visit example.com", 1.5),
        ("please try again in 9m38.016s. need more tokens?", 578.016),
        ("please try again in 20ms.", 0.02),
        ("please retry after 26 seconds. please go here", 26.0),
        ("please retry in 11.665902715s.", 11.665902715),
        ("retry after 15 days.", 1_296_000.0),
        ("it resets in 2 hours. upgrade for more", 7200.0),
        ("please retry shortly, try again in 3s", 3.0),
        ("please try again in a while", None),
        ("please try again in 30", None),
        ("please try again in 0s", None),
        ("please try again later", None),
        ("we will retry in vain", None),
        ("", None),
    ],
)
def test_a_sentence_that_asks_to_wait(sentence, seconds):
    """OpenAI's, Groq's, Azure's, Gemini's, Ollama's; a number without a unit is not believed."""
    assert asked_for(sentence) == (None if seconds is None else pytest.approx(seconds))


def test_five_hundred_waits_are_read_as_they_were_meant():
    """Seconds, milliseconds, dates and lengths of time, drawn over nine orders of magnitude; some negative."""
    dice = random.Random(4)
    sent = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    for _ in range(500):
        meant = dice.choice([1, 1, 1, -1]) * 10 ** dice.uniform(-2, 7)
        whole = float(round(meant))
        date = format_datetime(sent + timedelta(seconds=whole), usegmt=True)
        ways = {
            "seconds": (answered(retry_after=repr(meant)), meant),
            "milliseconds": (answered(retry_after_ms=repr(meant * 1000)), meant),
            "date": (answered(retry_after=date, date=DATE), whole),
            "limit": (answered(429, **limits(tokens=("0", f"{meant:.3f}s"))), round(meant, 3)),
        }
        for way, (reply, seconds) in ways.items():
            expected = pytest.approx(seconds, rel=1e-9) if seconds > 0 else None
            assert retry_after(reply) == expected, (way, meant)


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.none() | st.just(DATE) | st.text(max_size=40))
def test_no_retry_after_breaks_anything(value, date):
    """Whatever stands there: nothing, or a number of seconds above zero."""
    headers = {b"retry-after": value.encode("latin-1"), b"date": date.encode() if date is not None else b""}
    headers |= {b"x-ratelimit-remaining-tokens": b"0", b"x-ratelimit-reset-tokens": value.encode("latin-1")}
    found = retry_after(Answered(429, headers, b""))
    assert found is None or 0 < found < math.inf


@given(st.text(max_size=60), st.text(st.sampled_from("0123456789. smhd"), max_size=20))
def test_no_sentence_breaks_anything(text, length):
    """As above."""
    for found in (span(text), span(length), asked_for(text), asked_for("try again in " + length)):
        assert found is None or 0 < found < math.inf
