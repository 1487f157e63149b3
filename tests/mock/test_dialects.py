"""Refusals and errors inside streams in the words of many servers, spoken by any kind."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import msgspec
import pytest

from pointsman.mock.dialects import IN_STREAM, REFUSALS, TROUBLES

CHAT = "/v1/chat/completions"
MODEL = "gpt-4o"


@pytest.mark.parametrize(
    ("trouble", "dialect"), [(trouble, dialect) for dialect, known in REFUSALS.items() for trouble in known]
)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_refusal_in_any_dialect(provider, ask, hello, trouble, dialect, stream):
    """says= answers with that dialect's status and body, whatever was asked for."""
    provider.faults.set(f"says={trouble}:variant={dialect}")
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=stream))
    assert (answer.status, answer.json()) == REFUSALS[dialect][trouble]


def test_every_dialect_knows_a_context():
    """Every server has a limit of its context; no dialect speaks of anything else than the three troubles."""
    assert all("context_length" in known and set(known) <= set(TROUBLES) for known in REFUSALS.values())


@pytest.mark.parametrize("dialect", list(IN_STREAM))
@pytest.mark.parametrize("after", [0, 2])
async def test_an_error_inside_a_stream_in_any_dialect(provider, ask, hello, dialect, after):
    """error_frame=N:variant= sends that dialect's frame after N tokens, and the stream ends by HTTP's rules."""
    provider.faults.set(f"error_frame={after}:variant={dialect}")
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    assert answer.complete
    assert answer.body.endswith(IN_STREAM[dialect])
    assert provider.ledger.last.tokens_sent == after


@pytest.mark.parametrize("frames", IN_STREAM.values(), ids=list(IN_STREAM))
def test_each_is_an_event_of_its_own(frames):
    """Whole events, the first with one line of JSON as its data."""
    assert frames.endswith(b"\n\n")
    event = frames.partition(b"\n\n")[0]
    [data] = [line for line in event.split(b"\n") if line.startswith(b"data: ")]
    assert "message" in str(msgspec.json.decode(data[6:]))


@pytest.mark.parametrize(("name", "value"), [("retry-after", "nan"), ("retry-after-ms", "1500")])
async def test_both_headers_that_say_how_long(provider, ask, hello, name, value):
    """retry_after and retry_after_ms are sent as they are written, beside the time at which they are."""
    provider.faults.set(f"status=429:{name.replace('-', '_')}={value}")
    answer = await ask(provider, "POST", CHAT, hello(MODEL))
    assert (answer.status, answer.headers[name]) == (429, value)
    assert parsedate_to_datetime(answer.headers["date"]).tzinfo is not None
