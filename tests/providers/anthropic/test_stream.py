"""Anthropic's events as OpenAI's stream: a role, deltas, a finish, usage if asked for, [DONE]; cut at every place."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.outcome import FailureKind, PromptDetails, Usage
from pointsman.providers.anthropic import DIALECT
from pointsman.providers.anthropic.stream import MAX_FRAME

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [],
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1},
    },
}
PING = {"type": "ping"}
STOP = {"type": "message_stop"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}


def opened(block: dict, index: int = 0) -> dict:
    return {"type": "content_block_start", "index": index, "content_block": block}


def closed(index: int = 0) -> dict:
    return {"type": "content_block_stop", "index": index}


def delta(kind: str, index: int = 0, **more: str) -> dict:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **more}}


def ended(reason: str = "end_turn", tokens: int = 4) -> dict:
    usage = {"output_tokens": tokens}
    return {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage}


SAID = [opened({"type": "text", "text": ""}), delta("text_delta", text="hé"), delta("text_delta", text=" 😀"), closed()]
WHOLE = [START, PING, *SAID, ended(), STOP]


def events(*told: dict, end: str = "\n") -> bytes:
    frames = [f"event: {e['type']}{end}data: {json.dumps(e, ensure_ascii=False)}{end}{end}" for e in told]
    return "".join(frames).encode()


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
    out, reader = fed([events(*WHOLE)])
    assert deltas(out) == TOLD
    assert out.endswith(b"data: [DONE]\n\n")
    assert {(c["id"], c["object"], c["model"]) for c in chunks(out)} == {
        ("chatcmpl-0123", "chat.completion.chunk", "claude-x")
    }
    assert (reader.finished, reader.deltas, reader.usage) == (True, 2, Usage(15, 4, 19, PromptDetails(5)))


def test_usage_comes_when_it_is_asked_for():
    """In a chunk of its own, with what came from a cache."""
    out, _ = fed([events(*WHOLE)], asked(stream_options={"include_usage": True}))
    last = chunks(out)[-1]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 19)
    assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 5}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@given(cuts=st.lists(st.integers(0, len(events(*WHOLE)) + 40), max_size=6))
def test_frames_may_be_cut_anywhere(end, cuts):
    """Whatever the parts, and whatever ends a line, the chunks are the same."""
    data = events(*WHOLE, end=end)
    marks = sorted({0, len(data), *[min(cut, len(data)) for cut in cuts]})
    out, reader = fed([data[a:b] for a, b in pairwise(marks)])
    assert (deltas(out), reader.finished, reader.skipped) == (TOLD, True, 0)


def test_calls_are_told_as_they_come():
    """Each has its own index among calls, whatever block it is; one without arguments has empty ones."""
    bare = {**USE, "id": "toolu_2", "name": "f"}
    out, reader = fed(
        [
            events(
                START,
                *SAID,
                opened(USE, 1),
                delta("input_json_delta", 1, partial_json=""),
                delta("input_json_delta", 1, partial_json='{"zone":'),
                delta("input_json_delta", 1, partial_json='"UTC"}'),
                closed(1),
                opened(bare, 2),
                closed(2),
                ended("tool_use"),
                STOP,
            )
        ]
    )
    calls = [delta["tool_calls"][0] for delta, _ in deltas(out) if "tool_calls" in delta]
    assert calls == [
        {"index": 0, "id": "toolu_1", "type": "function", "function": {"name": "now", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"zone":'}},
        {"index": 0, "function": {"arguments": '"UTC"}'}},
        {"index": 1, "id": "toolu_2", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "function": {"arguments": "{}"}},
    ]
    assert (deltas(out)[-1], reader.finished) == (({}, "tool_calls"), True)


THOUGHT = [
    opened({"type": "thinking", "thinking": "", "signature": ""}),
    delta("thinking_delta", thinking="Hm."),
    delta("signature_delta", signature="x"),
    closed(),
]


def test_thoughts():
    """They are told as reasoning, and once more whole when they are signed; to a text completion not at all."""
    out, _ = fed([events(START, *THOUGHT, *SAID, ended(), STOP)])
    whole = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    assert deltas(out) == [
        TOLD[0], ({"reasoning_content": "Hm."}, None), ({"thinking_blocks": [whole]}, None), *TOLD[1:],
    ]  # fmt: skip
    reader = DIALECT.reader(asked("completions"), "claude")
    assert reader.feed(events(START, *THOUGHT)) == b""
    assert (reader.begun, reader.content) == (True, False)


def test_a_text_completion():
    """Its own shape, without a role."""
    out, _ = fed([events(*WHOLE)], asked("completions"))
    assert [(c["object"], c["choices"][0]["text"], c["choices"][0]["finish_reason"]) for c in chunks(out)] == [
        ("text_completion", "hé", None),
        ("text_completion", " 😀", None),
        ("text_completion", "", "stop"),
    ]


def test_an_end_without_message_stop_is_a_cut():
    """Whatever was said before; half a frame is no rubbish either."""
    for part in (events(*WHOLE[:-1]), events(*WHOLE)[:-20]):
        out, reader = fed([part])
        assert (reader.finished, reader.refusal, reader.skipped, b"[DONE]" in out) == (False, None, 0, False)


def test_a_last_event_may_lack_its_empty_line():
    """It is whole all the same."""
    out, reader = fed([events(*WHOLE).rstrip()])
    assert (reader.finished, out.endswith(b"data: [DONE]\n\n")) == (True, True)


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("overloaded_error", FailureKind.OVERLOADED),
        ("rate_limit_error", FailureKind.RATE_LIMITED),
        ("api_error", FailureKind.SERVER_ERROR),
        ("invalid_request_error", FailureKind.BAD_REQUEST),
    ],
)
@pytest.mark.parametrize("told", [[], [START, *SAID[:2]]])
def test_an_error_inside(kind, failure, told):
    """Before content and after it; what follows is not looked at."""
    error = {"type": "error", "error": {"type": kind, "message": "oh"}}
    out, reader = fed([events(*told, error, *SAID, ended(), STOP)])
    assert reader.refusal.kind is failure
    assert (reader.finished, b"[DONE]" in out, '"hé"'.encode() in out) == (False, False, bool(told))


def test_rubbish_is_counted_and_what_nobody_knows_passed_over():
    """Broken JSON is skipped; events of a later day, comments and blocks of other tools say nothing."""
    odd = [
        {"type": "later", "x": 1},
        opened({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, 3),
        delta("input_json_delta", 3, partial_json="{}"),
        closed(3),
        delta("citations_delta", citation="x"),
    ]
    data = events(START) + b": hello\n\n" + b'data: {"type": "co\n\n' + events(*odd, *SAID, ended(), STOP)
    out, reader = fed([data])
    assert (deltas(out), reader.skipped, reader.finished) == (TOLD, 1, True)


def test_a_stream_that_begins_in_the_middle_still_has_a_role():
    """Some proxies leave out the beginning."""
    out, _ = fed([events(delta("text_delta", text="x"), ended(), STOP)])
    assert deltas(out) == [TOLD[0], ({"content": "x"}, None), ({}, "stop")]


def test_a_frame_without_end_is_garbage():
    """Nobody waits for more of it."""
    _, reader = fed([b"data: " + b"x" * MAX_FRAME])
    assert reader.refusal.kind is FailureKind.GARBAGE


def test_what_was_said_can_be_gone_on_from_unless_a_tool_was_called():
    """By the field that it came in."""
    reader = DIALECT.reader(asked(), "claude")
    reader.remember()
    reader.feed(events(START, *THOUGHT, *SAID))
    assert reader.said() == {"reasoning_content": "Hm.", "content": "hé 😀"}
    reader.feed(events(opened(USE, 1)))
    assert reader.said() is None


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: b"data: " + text.encode() + b"\n\n"))
def test_any_bytes_are_read(data):
    """No rubbish is a crash, and none is an end."""
    _, reader = fed([data])
    assert not reader.finished


def test_null_is_a_field_that_is_not_there():
    """Of any block, known or not; nothing of it is rubbish."""
    odd = [
        {"type": "message_start", "message": {"model": None, "usage": None}},
        opened({"type": "compaction", "text": None, "thinking": None, "id": None, "name": None}),
        delta("compaction_delta", text=None, thinking=None, partial_json=None, signature=None),
        closed(),
        opened({"type": "text", "text": None}),
        delta("text_delta", text=None),
    ]
    out, reader = fed([events(*odd, *SAID, ended(), STOP)])
    assert deltas(out) == [TOLD[0], ({"content": "hé"}, None), ({"content": " 😀"}, None), ({}, "stop")]
    assert (reader.skipped, reader.finished) == (0, True)
