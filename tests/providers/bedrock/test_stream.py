"""Converse's event stream as OpenAI's: a role, deltas, a finish, usage if asked for, [DONE]; cut at every place."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.mock.bedrock.frames import event, exception, message
from pointsman.model.outcome import FailureKind, PromptDetails, Usage
from pointsman.providers.bedrock import DIALECT

START = event("messageStart", {"role": "assistant", "p": "abc"})
USAGE = {"inputTokens": 10, "outputTokens": 4, "totalTokens": 22, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 3}
METADATA = event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}})
CALL = {"toolUseId": "tooluse_1", "name": "now"}


def delta(index: int = 0, **what) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": what, "p": "abcde"})


def opened(index: int, **start) -> bytes:
    return event("contentBlockStart", {"contentBlockIndex": index, "start": start})


def closed(index: int = 0) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": index})


def stopped(reason: str = "end_turn") -> bytes:
    return event("messageStop", {"stopReason": reason})


SAID = [delta(text="hé"), delta(text=" 😀"), closed()]
WHOLE = b"".join([START, *SAID, stopped(), METADATA])


def asked(endpoint: str = "chat", **body):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return request(endpoint=endpoint, body=raw, id="0123", stream=True)


def fed(parts, what=None) -> tuple[bytes, object]:
    reader = DIALECT.reader(what or asked(), "claude")
    return b"".join([*map(reader.feed, parts), reader.close()]), reader


def chunks(out: bytes) -> list[dict]:
    frames = out.split(b"\n\n")
    assert frames.pop() == b""
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames if frame != b"data: [DONE]"]


def deltas(out: bytes) -> list[tuple]:
    return [(c["choices"][0]["delta"], c["choices"][0]["finish_reason"]) for c in chunks(out) if c["choices"]]


TOLD = [
    ({"role": "assistant", "content": ""}, None),
    ({"content": "hé"}, None),
    ({"content": " 😀"}, None),
    ({}, "stop"),
]


def test_a_stream_in_openais_shape():
    """The role comes once and first, then the words, then the reason, then the end."""
    out, reader = fed([WHOLE])
    assert deltas(out) == TOLD
    assert out.endswith(b"data: [DONE]\n\n")
    assert {(c["id"], c["object"], c["model"]) for c in chunks(out)} == {
        ("chatcmpl-0123", "chat.completion.chunk", "claude")
    }
    assert (reader.finished, reader.deltas, reader.usage) == (
        True,
        2,
        Usage(18, 4, 22, PromptDetails(5, 3, hour_tokens=0)),
    )


def test_usage_comes_when_it_is_asked_for():
    """In a chunk of its own, with what came from a cache."""
    out, _ = fed([WHOLE], asked(stream_options={"include_usage": True}))
    last = chunks(out)[-1]
    assert (last["choices"], last["usage"]) == (
        [],
        {
            "prompt_tokens": 18,
            "completion_tokens": 4,
            "total_tokens": 22,
            "prompt_tokens_details": {"cached_tokens": 5, "cache_creation_tokens": 3},
        },
    )


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_frames_may_be_cut_anywhere(cuts):
    """Whatever the parts, the chunks are the same."""
    marks = sorted({0, len(WHOLE), *cuts})
    out, reader = fed([WHOLE[a:b] for a, b in pairwise(marks)])
    assert (deltas(out), reader.finished, reader.skipped) == (TOLD, True, 0)


def test_calls_are_told_as_they_come():
    """Each has its own index among calls, whatever block it is; one without arguments has empty ones."""
    out, reader = fed(
        [
            START,
            *SAID,
            opened(1, toolUse=CALL),
            delta(1, toolUse={"input": ""}),
            delta(1, toolUse={"input": '{"zone":'}),
            delta(1, toolUse={"input": '"UTC"}'}),
            closed(1),
            opened(2, toolUse={"toolUseId": "tooluse_2", "name": "f"}),
            closed(2),
            stopped("tool_use"),
            METADATA,
        ]
    )
    told = [delta["tool_calls"][0] for delta, _ in deltas(out) if "tool_calls" in delta]
    function = {"name": "now", "arguments": ""}
    assert told == [
        {"index": 0, "id": "tooluse_1", "type": "function", "function": function},
        {"index": 0, "function": {"arguments": '{"zone":'}},
        {"index": 0, "function": {"arguments": '"UTC"}'}},
        {"index": 1, "id": "tooluse_2", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "function": {"arguments": "{}"}},
    ]
    assert (deltas(out)[-1], reader.said()) == (({}, "tool_calls"), None)


def test_thoughts_come_beside_the_words():
    """A signed one is told once more, whole, so that it can be sent back; one that nobody may read as it is."""
    thoughts = [delta(reasoningContent=part) for part in ({"text": "hm"}, {"text": "aha"}, {"signature": "c2ln"})]
    secret = delta(1, reasoningContent={"redactedContent": "eA=="})
    out, reader = fed([START, *thoughts, closed(), secret, closed(1), *SAID, stopped()])
    own = {"type": "thinking", "thinking": "hmaha", "signature": "c2ln"}
    assert deltas(out)[1:5] == [
        ({"reasoning_content": "hm"}, None),
        ({"reasoning_content": "aha"}, None),
        ({"thinking_blocks": [own]}, None),
        ({"thinking_blocks": [{"type": "redacted_thinking", "data": "eA=="}]}, None),
    ]
    assert (reader.finished, deltas(out)[5:]) == (True, TOLD[1:])


def test_a_completion_has_words_alone():
    """No role, no thoughts, no calls."""
    parts = [START, delta(reasoningContent={"text": "hm"}), opened(1, toolUse=CALL), *SAID, stopped(), METADATA]
    out, _ = fed(parts, asked("completions"))
    assert [(c["choices"][0]["text"], c["choices"][0]["finish_reason"]) for c in chunks(out)] == [
        ("hé", None),
        (" 😀", None),
        ("", "stop"),
    ]
    assert {c["id"] for c in chunks(out)} == {"cmpl-0123"}


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("tool_use", "tool_calls"),
        ("of_a_later_day", "stop"),
    ],
)
def test_reasons(reason, finish):
    """Converse's, in OpenAI's words."""
    out, _ = fed([START, *SAID, stopped(reason), METADATA])
    assert deltas(out)[-1] == ({}, finish)


def test_it_is_complete_with_the_reason():
    """The usage may not come any more: the end is told all the same, without it."""
    out, reader = fed([START, *SAID, stopped()])
    assert (deltas(out), reader.finished, reader.usage.total_tokens) == (TOLD, True, 0)
    assert out.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("parts", [[], [START], [START, *SAID], [WHOLE[: len(START + SAID[0]) + 9]]])
def test_without_a_reason_it_was_cut(parts):
    """Nothing looks like an end."""
    out, reader = fed(parts)
    assert (reader.finished, reader.ending, b"[DONE]" in out, reader.refusal) == (False, False, False, None)


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("throttlingException", "Too many tokens, please wait before trying again.", FailureKind.RATE_LIMITED),
        ("serviceUnavailableException", "Bedrock is unable to process your request.", FailureKind.OVERLOADED),
        ("internalServerException", "The system encountered an unexpected error.", FailureKind.SERVER_ERROR),
        ("modelStreamErrorException", "The model stopped.", FailureKind.SERVER_ERROR),
        ("modelTimeoutException", "It took too long.", FailureKind.TIMEOUT),
        ("validationException", "Malformed input request", FailureKind.BAD_REQUEST),
        ("validationException", "Input is too long for requested model.", FailureKind.CONTEXT),
        ("exceptionOfALaterDay", "?", FailureKind.SERVER_ERROR),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_exceptions_among_the_frames(name, said, kind, begun):
    """Are failures of their kind, before the first word and behind it; nothing is told after one."""
    out, reader = fed([START, *(SAID[:1] if begun else []), exception(name, {"message": said}), *SAID, stopped()])
    assert (reader.refusal.kind, reader.finished) == (kind, False)
    assert len(deltas(out)) == 1 + begun


def test_an_error_without_a_payload():
    """As AWS's infrastructure says it, in headers alone."""
    _, reader = fed([START, message({":message-type": "error", ":error-code": "InternalFailure"}, b"")])
    assert reader.refusal.kind is FailureKind.SERVER_ERROR


def test_what_makes_no_sense_is_skipped():
    """A payload that is no JSON, or another shape, is counted; an event of a later day is not."""
    odd = [message({":event-type": "contentBlockDelta", ":message-type": "event"}, b'{"delta": {"te')]
    out, reader = fed([START, *odd, event("contentBlockDelta", {"delta": 5}), event("novelty", {}), *SAID, stopped()])
    assert (deltas(out), reader.skipped, reader.finished) == (TOLD, 2, True)


def test_damage_ends_it():
    """What stood before it was told."""
    bad = bytearray(delta(text="x"))
    bad[-2] ^= 1
    out, reader = fed([START + SAID[0] + bytes(bad) + stopped()])
    assert (deltas(out), reader.refusal.kind) == (TOLD[:2], FailureKind.GARBAGE)
    assert "checksum" in reader.refusal.detail


def test_damage_behind_the_end_spoils_nothing():
    """The answer was complete."""
    _, reader = fed([WHOLE + b"\0" * 40])
    assert (reader.finished, reader.refusal) == (True, None)


def test_what_was_told_is_remembered():
    """For another deployment to go on from."""
    reader = DIALECT.reader(asked(), "claude")
    reader.remember()
    reader.feed(START + SAID[0] + SAID[1])
    assert reader.said() == {"content": "hé 😀"}


def test_citations_are_not_told():
    """There is no word for them; the text that they belong to is."""
    out, reader = fed([START, delta(citation={"title": "t"}), *SAID, stopped()])
    assert (deltas(out), reader.skipped) == (TOLD, 0)
