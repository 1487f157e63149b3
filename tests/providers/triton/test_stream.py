"""Triton's frames as OpenAI's stream: a role, deltas, a finish, usage if asked for, [DONE]; HTTP tells the end."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.fakes import request
from pointsman.model.outcome import Estimate, FailureKind, Usage
from pointsman.providers.triton import DIALECT

MODEL = {"model_name": "ensemble", "model_version": "1", "sequence_end": False}
COUNTS = {"num_input_tokens": 7, "num_output_tokens": 1}


def frames(*told: dict) -> bytes:
    return "".join(f"data: {json.dumps({**MODEL, **each}, ensure_ascii=False)}\n\n" for each in told).encode()


def said(*texts: str, **more) -> list[dict]:
    return [{**more, "text_output": text} for text in texts]


def asked(endpoint: str = "chat", **body):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return request(endpoint=endpoint, body=raw, id="0123", stream=True, tokens=5)


def fed(data: bytes, what=None) -> tuple[bytes, object]:
    reader = DIALECT.reader(what or asked(), "m")
    return reader.feed(data) + reader.close(), reader


def chunks(out: bytes) -> list[dict]:
    found = out.split(b"\n\n")
    assert found.pop() == b""
    return [json.loads(frame.removeprefix(b"data: ")) for frame in found if frame != b"data: [DONE]"]


def deltas(out: bytes) -> list[tuple]:
    return [(c["choices"][0]["delta"], c["choices"][0]["finish_reason"]) for c in chunks(out) if c["choices"]]


ROLE = ({"role": "assistant", "content": ""}, None)
TOLD = [ROLE, ({"content": "hé"}, None), ({"content": " 😀"}, None), ({}, "stop")]


def test_a_stream_in_openais_shape():
    """The role comes once and first, then the words; the reason and the end when the reply ends."""
    reader = DIALECT.reader(asked(), "m")
    out = reader.feed(frames(*said("hé", " 😀")))
    assert (deltas(out), reader.finished) == (TOLD[:-1], False)
    out += reader.close()
    assert (deltas(out), out.endswith(b"data: [DONE]\n\n"), reader.finished) == (TOLD, True, True)
    assert {(c["id"], c["object"], c["model"], c["created"]) for c in chunks(out)} == {
        ("chatcmpl-0123", "chat.completion.chunk", "ensemble", 0)
    }
    assert (reader.content, reader.ending, reader.deltas, reader.skipped) == (True, True, 2, 0)


def test_a_backend_that_says_why_it_ended_ends_there():
    """Nothing more is waited for, and what comes behind it is not told."""
    last = {"finish_reason": "length", "text_output": "!"}
    reader = DIALECT.reader(asked(), "m")
    out = reader.feed(frames(*said("hé", finish_reason="None"), last, *said("more")))
    assert deltas(out) == [*TOLD[:2], ({"content": "!"}, None), ({}, "length")]
    assert (reader.finished, reader.close(), reader.feed(frames(*said("more")))) == (True, b"", b"")


def test_who_says_of_each_frame_whether_it_is_the_last_has_to_say_so():
    """Else the stream was cut, however HTTP ended."""
    out, reader = fed(frames(*said("hé", finish_reason="None")))
    assert (deltas(out), reader.finished, reader.refusal) == (TOLD[:2], False, None)


@pytest.mark.parametrize(("limit", "reason"), [(2, "length"), (3, "stop"), (None, "stop")])
@pytest.mark.parametrize("counts", [COUNTS, {}])
def test_who_uses_up_what_is_allowed_did_not_end_by_himself(limit, reason, counts):
    """By the tokens that are told, else by the frames."""
    what = asked(max_tokens=limit)
    assert deltas(fed(frames(*said("a", "", **counts)), what)[0])[-1] == ({}, reason)


@pytest.mark.parametrize(
    ("counts", "usage"),
    [(COUNTS, Usage(7, 2, 9)), ({}, Estimate(5, 2, 7)), ({"num_output_tokens": 3}, Estimate(5, 6, 11))],
)
def test_usage_comes_when_it_is_asked_for(counts, usage):
    """As it is told: the prompt's once, the answer's bit by bit; else as it is estimated."""
    data = frames(*said("a", "b", **counts))
    out, reader = fed(data, asked(stream_options={"include_usage": True}))
    last = chunks(out)[-1]
    assert (last["choices"], last["usage"]) == ([], json.loads(msgspec.json.encode(usage)))
    assert (reader.usage, reader.usage.estimated) == (usage, usage.estimated)
    assert b"usage" not in fed(data)[0]


def test_a_text_completion():
    """Its own shape, without a role."""
    out, _ = fed(frames(*said("a", "b")), asked("completions"))
    assert [(c["object"], c["choices"][0]["text"], c["choices"][0]["finish_reason"]) for c in chunks(out)] == [
        ("text_completion", "a", None),
        ("text_completion", "b", None),
        ("text_completion", "", "stop"),
    ]


def test_an_answer_of_no_words_is_one():
    """A frame came, and it is complete."""
    out, reader = fed(frames(*said("")))
    assert (deltas(out), reader.content, reader.finished, reader.deltas) == ([ROLE, ({}, "stop")], True, True, 0)


@pytest.mark.parametrize("data", [b"", b"\n\n", b": hello\n\n", b"data: nonsense\n\n"])
def test_no_frame_is_no_answer(data):
    """However the reply ends."""
    out, reader = fed(data)
    assert (out, reader.content, reader.finished) == (b"", False, False)


def test_half_a_frame_is_a_cut():
    """And no rubbish; one that lacks nothing but its empty line is whole."""
    whole = frames(*said("hé", " 😀"))
    out, reader = fed(whole[:-4])
    assert (deltas(out), reader.finished, reader.skipped) == (TOLD[:2], False, 0)
    out, reader = fed(whole.rstrip())
    assert (deltas(out), reader.finished) == (TOLD, True)


def test_frames_that_make_no_sense_are_counted():
    """And left out."""
    out, reader = fed(frames(*said("hé")) + b"data: {oh\n\n" + b'data: {"text_output": 3}\n\n' + frames(*said(" 😀")))
    assert (deltas(out), reader.skipped, reader.finished) == (TOLD, 2, True)


@pytest.mark.parametrize("before", [[], said("hé")])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("Executor failed: out of memory", FailureKind.SERVER_ERROR),
        ("Prompt length (9) exceeds maximum input length (8).", FailureKind.CONTEXT),
    ],
)
def test_an_error_inside(before, error, kind):
    """Before content and after it; what follows is not looked at."""
    out, reader = fed(frames(*before) + b'data: {"error":"%b"}\n\n' % error.encode() + frames(*said("more")))
    assert (reader.refusal.kind, reader.finished) == (kind, False)
    assert b"more" not in out
    assert b"[DONE]" not in out


def test_an_answer_that_was_given_up_is_none():
    """Whatever was said of it is passed on, without an end."""
    out, reader = fed(frames(*said("hé", finish_reason="abort")))
    assert (deltas(out), reader.refusal.kind, reader.finished) == (TOLD[:2], FailureKind.SERVER_ERROR, False)


def test_probabilities_are_passed_on_to_who_asks_for_them():
    """With the words they belong to."""
    data = frames(*said("a", output_log_probs=[-0.5]))
    out, _ = fed(data, asked(return_log_probs=True))
    assert [c["choices"][0].get("output_log_probs") for c in chunks(out)] == [None, [-0.5], None]
    assert b"output_log_probs" not in fed(data)[0]


def test_what_was_said_is_remembered_where_it_is_wanted():
    """For another deployment to go on from there."""
    for endpoint, channel in (("chat", "content"), ("completions", "text")):
        reader = DIALECT.reader(asked(endpoint), "m")
        assert reader.said() is None
        reader.remember()
        reader.feed(frames(*said("a", "b")))
        assert reader.said() == {channel: "ab"}
