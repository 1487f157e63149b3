"""Streams and answers in the caller's own protocol: what they have that nobody here can read goes on all the same."""

from __future__ import annotations

import json

import pytest

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal
from pointsman.model.outcome import FailureKind
from pointsman.providers import passed
from pointsman.providers.anthropic import DIALECT as ANTHROPIC
from pointsman.providers.ollama import DIALECT as OLLAMA
from pointsman.providers.responses import DIALECT as RESPONSES
from support.cutting import reads_alike, told

DIALECTS = {"anthropic": ANTHROPIC.natives["anthropic"], "ollama": OLLAMA.natives["ollama"], "responses": RESPONSES}
EVERY = pytest.mark.parametrize("protocol", DIALECTS)
SAID = {
    "anthropic": b'{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}',
    "ollama": b'{"message":{"content":"a"}}',
    "responses": b'{"type":"response.output_text.delta","delta":"a"}',
}
ENDS = {
    "anthropic": b'{"type":"message_stop"}',
    "ollama": b'{"done":true,"prompt_eval_count":3,"eval_count":4}',
    "responses": b'{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":4}}}',
}
ODD = {
    "anthropic": (
        b'{"type":"content_block_delta","delta":{"type":"compaction_delta","text":null,"content":"b"}}',
        b'{"type":"content_block_delta","delta":5}',
        b'{"type":"content_block_start","content_block":{"type":"new","text":{"n":1e400},"id":7}}',
        b'{"type":"message_start","message":{"model":null,"usage":[5]}}',
        b'{"type":"message_delta","usage":{"output_tokens":1e400},"delta":{"stop_reason":5}}',
        b'{"type":["later"]}',
        b'{"later":"\\ud83d"}',
    ),
    "ollama": (
        b'{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":{"n":1e400}}}]}}',
        b'{"message":5}',
        b'{"message":{"content":"\\ud83d"}}',
        b'{"message":{"content":{"parts":[]},"later":1},"model":null,"created_at":7}',
        b'{"done":"soon","eval_count":1e400}',
    ),
    "responses": (
        b'{"type":"response.later","response":5}',
        b'{"type":["response.later"],"response":{"status":["failed"],"usage":5}}',
        b'{"type":"response.output_item.done","item":{"n":1e400}}',
        b'{"type":"response.output_text.delta","delta":{"n":1e400}}',
        b'{"type":"response.output_text.delta","delta":"\\ud83d"}',
    ),
}
USUAL = [(protocol, odd) for protocol, frames in ODD.items() for odd in frames]


def framed(protocol, *payloads):
    frame = b"%b\n" if protocol == "ollama" else b"event: any\ndata: %b\n\n"
    return b"".join([frame % payload for payload in payloads])


def reader(protocol):
    return DIALECTS[protocol].reader(request(stream=True), "m")


@pytest.mark.parametrize(("protocol", "odd"), USUAL)
def test_a_frame_that_nobody_can_read_goes_on(protocol, odd):
    """To the byte, and so do those around it; none of it is rubbish."""
    data = framed(protocol, SAID[protocol], odd, ENDS[protocol])
    it = reader(protocol)
    assert told(it, [data])[0] == data
    assert (it.finished, it.refusal, it.skipped) == (True, None, 0)
    reads_alike(lambda: reader(protocol), data)


@EVERY
def test_what_comes_behind_the_end_goes_on_and_is_no_error(protocol):
    """But for an error, and for rubbish: the answer is whole."""
    data = framed(protocol, SAID[protocol], ENDS[protocol], b'{"type":"later"}')
    it = reader(protocol)
    assert told(it, [data, framed(protocol, b'{"type":"error","error":"x"}', b"rubbish")])[0] == data
    assert (it.finished, it.refusal, it.skipped) == (True, None, 1)


@EVERY
@pytest.mark.parametrize("rubbish", [b"rubbish", b"[1]", b"5", b'{"a":', b'"a"'])
def test_what_is_no_object_is_left_out_and_counted(protocol, rubbish):
    """As docs/concepts/failures.md says."""
    it = reader(protocol)
    out, _ = told(it, [framed(protocol, SAID[protocol], rubbish, ENDS[protocol])])
    assert (out, it.skipped, it.finished) == (framed(protocol, SAID[protocol], ENDS[protocol]), 1, True)


@EVERY
@pytest.mark.parametrize("more", [0, 1])
def test_a_frame_is_too_large_however_it_is_cut(protocol, more, monkeypatch):
    """What stood before it goes on; nobody's business behind the end."""
    first = framed(protocol, SAID[protocol])
    large = framed(protocol, b'{"later":"%b"}' % (b"x" * 400))
    monkeypatch.setattr(passed, "MAX_FRAME", len(large) - more)
    data = first + large + framed(protocol, ENDS[protocol])
    reads_alike(lambda: reader(protocol), data)
    it = reader(protocol)
    assert told(it, [data])[0] == (first if more else data)
    assert it.finished is not bool(more)
    if more:
        assert it.refusal.kind is FailureKind.GARBAGE
        late = reader(protocol)
        assert told(late, [framed(protocol, ENDS[protocol]), large])[0] == framed(protocol, ENDS[protocol])
        assert late.refusal is None


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("anthropic", {"content": [{"type": "new", "text": None}, {"type": ["x"]}], "usage": {"input_tokens": 3}}),
        ("anthropic", {"type": 5, "content": [5], "model": None, "usage": {"input_tokens": 3, "output_tokens": "x"}}),
        (
            "ollama",
            {"message": {"content": None, "tool_calls": [{"function": 5}]}, "done": True, "prompt_eval_count": 3},
        ),
        ("ollama", {"message": 5, "created_at": None, "done": True, "prompt_eval_count": 3, "eval_count": "x"}),
        ("responses", {"output": [5], "status": ["failed"], "usage": {"input_tokens": 3, "output_tokens": []}}),
    ],
)
def test_a_whole_answer_that_nobody_can_read_goes_on(protocol, body):
    """With the figures that make sense."""
    raw = json.dumps({**body, "later": "n"}).encode().replace(b'"n"', b"1e400")
    found = DIALECTS[protocol].read(request(), "m", Answered(200, {}, raw))
    assert (found.body, found.usage.prompt_tokens, found.usage.completion_tokens) == (raw, 3, 0)


@pytest.mark.parametrize(
    ("protocol", "body", "kind"),
    [
        ("anthropic", b'{"content":{}}', FailureKind.GARBAGE),
        ("anthropic", b"<html>", FailureKind.GARBAGE),
        ("anthropic", b'{"type":"error","content":[],"error":{"type":"overloaded_error"}}', FailureKind.OVERLOADED),
        ("anthropic", b'{"content":[],"error":{"type":"rate_limit_error"}}', FailureKind.RATE_LIMITED),
        ("responses", b'{"output":null}', FailureKind.GARBAGE),
        ("responses", b'{"output":[],"status":"failed"}', FailureKind.SERVER_ERROR),
        ("ollama", b'{"done":1}', FailureKind.GARBAGE),
    ],
)
def test_what_is_no_answer_is_none(protocol, body, kind):
    """An error inside it, or nothing that was asked for."""
    found = DIALECTS[protocol].read(request(), "m", Answered(200, {}, body))
    assert isinstance(found, Refusal)
    assert found.kind is kind


def test_figures_of_anthropics_stream_are_added_up():
    """Those that are not told again stay; one that makes no sense hides none of the others."""
    data = framed(
        "anthropic",
        b'{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_read_input_tokens":2,"output_tokens":1}}}',
        b'{"type":"content_block_start","content_block":{"type":"text","text":""}}',
        SAID["anthropic"],
        b'{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"x"}}',
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4,"input_tokens":null}}',
        ENDS["anthropic"],
    )
    it = reader("anthropic")
    assert told(it, [data])[0] == data
    assert (it.usage.prompt_tokens, it.usage.completion_tokens, it.usage.cached_tokens, it.deltas) == (5, 4, 2, 1)
