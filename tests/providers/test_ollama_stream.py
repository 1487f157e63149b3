"""Ollama's NDJSON as OpenAI's stream: a role, deltas, a finish, usage if asked for, [DONE]; cut at every place."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.outcome import FailureKind, Usage
from pointsman.providers.ollama import DIALECT
from pointsman.providers.ollama.stream import MAX_LINE

AT = "2024-05-01T12:00:00.123456789Z"
LAST = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 4}
CALL = {"function": {"name": "now", "arguments": {"zone": "UTC"}}}


def asked(endpoint: str = "chat", **body):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return request(endpoint=endpoint, body=raw, id="0123456789abcdef01234567", stream=True)


def chat(content: str = "", **message) -> dict:
    return {"model": "llama3:8b", "created_at": AT, "message": {"role": "assistant", "content": content, **message}}


def lines(*replies: dict | str, end: str = "\n") -> bytes:
    return b"".join(
        (r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)).encode() + end.encode() for r in replies
    )


def fed(parts, what=None) -> tuple[bytes, object]:
    reader = DIALECT.reader(what or asked(), "llama3")
    return b"".join([*map(reader.feed, parts), reader.close()]), reader


def chunks(out: bytes) -> list[dict]:
    frames = out.split(b"\n\n")
    assert frames.pop() == b""
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames if frame != b"data: [DONE]"]


def deltas(out: bytes) -> list[tuple]:
    return [(c["choices"][0]["delta"], c["choices"][0]["finish_reason"]) for c in chunks(out) if c["choices"]]


def test_a_chat_stream_in_openais_shape():
    """The role comes once and first, then the words, then the reason, then the end."""
    out, reader = fed([lines(chat("hé"), chat(" 😀"), {**chat(), **LAST})])
    assert deltas(out) == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "hé"}, None),
        ({"content": " 😀"}, None),
        ({}, "stop"),
    ]
    assert out.endswith(b"data: [DONE]\n\n")
    assert {(c["id"], c["object"], c["created"], c["model"]) for c in chunks(out)} == {
        ("chatcmpl-0123456789abcdef01234567", "chat.completion.chunk", 1714564800, "llama3:8b")
    }
    assert (reader.content, reader.finished, reader.refusal, reader.usage) == (True, True, None, Usage(3, 4, 7))


def test_a_completion_stream_in_openais_shape():
    """Text instead of deltas, and no role."""
    out, _ = fed([lines({"response": "a"}, {"response": "b"}, {"response": "", **LAST})], asked("completions"))
    assert [(c["choices"][0]["text"], c["choices"][0]["finish_reason"]) for c in chunks(out)] == [
        ("a", None),
        ("b", None),
        ("", "stop"),
    ]
    assert {c["object"] for c in chunks(out)} == {"text_completion"}


@pytest.mark.parametrize(
    ("wished", "told"),
    [
        ({"include_usage": True}, True),
        ({"include_usage": False}, False),
        (None, False),
        ({}, False),
        (5, False),
        ({"include_usage": 1}, False),
    ],
)
def test_usage_is_sent_if_it_was_asked_for(wished, told):
    """In a chunk of its own without choices, before the end; it is counted either way."""
    out, reader = fed([lines(chat("a"), {**chat(), **LAST})], asked(stream_options=wished))
    found = [c["usage"] for c in chunks(out) if not c["choices"]]
    assert found == ([{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}] if told else [])
    assert reader.usage.total_tokens == 7


def test_tool_calls_are_numbered_through_the_stream():
    """Indexes and ids go on from line to line, and the reason is tool_calls."""
    out, _ = fed([lines(chat(tool_calls=[CALL]), chat(tool_calls=[CALL, CALL]), {**chat(), **LAST})])
    told = [delta["tool_calls"] for delta, _ in deltas(out) if "tool_calls" in delta]
    assert [len(calls) for calls in told] == [1, 1, 1]  # as OpenAI has it: some clients read one of a frame
    calls = [call for calls in told for call in calls]
    assert [call["index"] for call in calls] == [0, 1, 2]
    assert len({call["id"] for call in calls}) == 3
    assert json.loads(calls[0]["function"]["arguments"]) == {"zone": "UTC"}
    assert deltas(out)[-1] == ({}, "tool_calls")


def test_thoughts_are_deltas_of_their_own():
    """They are content: the caller sees them come."""
    out, reader = fed([lines(chat(thinking="hm"))])
    assert deltas(out)[1] == ({"reasoning_content": "hm"}, None)
    assert reader.content


@pytest.mark.parametrize("words", ["", "tail"])
def test_the_last_line_may_bring_words(words):
    """They come before the reason."""
    out, _ = fed([lines({**chat(words), **LAST})])
    assert [d for d, _ in deltas(out)] == [
        {"role": "assistant", "content": ""},
        *([{"content": words}] if words else []),
        {},
    ]


RECORDED = {
    "whole": ([chat("hé"), chat("😀\n"), {**chat(), **LAST}], (True, True, None, 0)),
    "cut": ([chat("a"), chat("b")], (True, False, None, 0)),
    "nothing said": ([chat("")], (False, False, None, 0)),
    "error first": ([{"error": "no memory"}], (False, False, FailureKind.SERVER_ERROR, 0)),
    "error later": ([chat("a"), {"error": "no memory"}, chat("b")], (True, False, FailureKind.SERVER_ERROR, 0)),
    "an error of its own shape": (
        [chat("a"), {"error": {"message": "Overloaded", "type": "overloaded_error"}}],
        (True, False, FailureKind.OVERLOADED, 0),
    ),
    "an account that is used up": (
        [{"error": "you've reached your hourly usage limit"}],
        (False, False, FailureKind.QUOTA, 0),
    ),
    "rubbish between": ([chat("a"), "{", "7", '{"message": 5}', {**chat(), **LAST}], (True, True, None, 3)),
    "behind the end": ([{**chat("a"), **LAST}, chat("b"), {"error": "x"}], (True, True, None, 0)),
    "blank lines": ([chat("a"), "", "  ", {**chat(), **LAST}], (True, True, None, 0)),
    "strange counts": ([chat("a"), {**chat(), "done": True, "eval_count": -5}], (True, True, None, 0)),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("name", RECORDED)
def test_a_stream_cut_at_every_place_reads_as_if_whole(name, end):
    """The same frames and the same verdict, wherever the network cuts; also if the last line has no end."""
    replies, verdict = RECORDED[name]
    data = lines(*replies, end=end)
    expected, _ = fed([data])
    cuts = [[data[:at], data[at:]] for at in range(len(data) + 1)]
    for parts in ([data], [data.rstrip()], [data[at : at + 1] for at in range(len(data))], *cuts):
        out, reader = fed(parts)
        kind = reader.refusal.kind if reader.refusal is not None else None
        assert (out, (reader.content, reader.finished, kind, reader.skipped)) == (expected, verdict)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([lines(chat("a")), b"\n", b'{"done":true}\n']), max_size=10))
def test_no_bytes_break_the_reader(parts):
    """Rubbish is skipped; whatever comes out is a stream of OpenAI's."""
    out, reader = fed(parts)
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks(out))
    assert not (reader.finished and reader.refusal)


def test_lines_with_content_are_counted():
    """Words, thoughts and calls, about one a token; what is known of a stream that breaks off before its figures."""
    said = [chat(), chat("a"), chat("", thinking="hm"), chat("", tool_calls=[CALL]), "{", chat("b")]
    assert fed([lines(*said)])[1].deltas == 4
    assert fed([lines(*said, {**chat(), **LAST})])[1].deltas == 4
    assert (
        fed([lines({"response": "a"}, {"response": ""}, {"response": "b", "done": True})], asked("completions"))[
            1
        ].deltas
        == 2
    )


def test_an_error_is_not_told_in_the_servers_words():
    """They may name paths and machines."""
    _, reader = fed([lines({"error": "mmap /var/models/x failed"})])
    assert (reader.refusal.body, "var" in reader.refusal.detail) == (None, False)


def test_what_was_wrong_with_the_request_is_told():
    """In OpenAI's shape, with its code."""
    _, reader = fed([lines({"error": "the input length exceeds the context length"})])
    error = json.loads(reader.refusal.body)["error"]
    assert (error["message"], error["code"]) == (
        "the input length exceeds the context length",
        "context_length_exceeded",
    )


def test_a_line_without_end_is_rubbish():
    """Memory is bounded."""
    reader = DIALECT.reader(asked(), "m")
    piece, count = b"x" * 65536, 0
    while reader.refusal is None:
        reader.feed(piece)
        count += len(piece)
        assert count <= MAX_LINE + 2 * len(piece)
    assert (reader.refusal.kind, reader.feed(lines(chat("a"))), reader.close()) == (FailureKind.GARBAGE, b"", b"")


def test_a_nest_without_end_is_skipped():
    """Depth is no way in."""
    nested = '{"message": ' + "[" * 100_000 + "]" * 100_000 + "}"
    out, reader = fed([lines(nested, {**chat("a"), **LAST})])
    assert (reader.skipped, reader.finished, deltas(out)[1]) == (1, True, ({"content": "a"}, None))


def test_a_call_beside_no_content_is_told():
    """``null`` is a field that is not there."""
    line = {**chat(tool_calls=[CALL]), "model": None, "created_at": None, "done": None}
    line["message"]["content"] = None
    out, reader = fed([lines(line, {**LAST, "message": None})])
    called = [told["tool_calls"][0]["function"]["name"] for told, _ in deltas(out) if "tool_calls" in told]
    assert (called, deltas(out)[-1][1], reader.skipped) == (["now"], "tool_calls", 0)
