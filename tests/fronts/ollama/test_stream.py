"""OpenAI's streams as Ollama's lines, however the frames come together."""

from __future__ import annotations

import json
from random import Random

import pytest

from pointsman.fakes import FakeClock, request
from pointsman.fronts.ollama import CHAT, GENERATE
from pointsman.fronts.ollama.stream import BEAT
from pointsman.fronts.shapes import Watch

AT = 1_790_000_000.0
STAMP = "2026-09-21T14:13:20.000000Z"
DONE = b"data: [DONE]\n\n"


def frame(*choices, **more):
    return b"data: " + json.dumps({"model": "up", "choices": list(choices), **more}).encode() + b"\n\n"


def delta(reason=None, **said):
    return frame({"index": 0, "delta": said, "finish_reason": reason})


def piece(number, **function):
    ident = function.pop("id", None)
    return {"index": number, **({"id": ident} if ident else {}), "function": function}


USAGE = frame(usage={"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7})

TEXT = [delta(role="assistant", content=""), delta(content="Hel"), delta(content="lö"), delta("stop"), USAGE, DONE]
CALLS = [
    delta(role="assistant", content=None),
    delta(reasoning_content="hm"),
    delta(content="One moment."),
    delta(tool_calls=[piece(0, id="a", name="f", arguments="")]),
    delta(tool_calls=[piece(0, arguments='{"x"')]),
    delta(tool_calls=[piece(1, id="b", name="g", arguments="")]),
    delta(tool_calls=[piece(0, arguments=": 1}"), piece(1, arguments="{}")]),
    delta("tool_calls"),
    USAGE,
    DONE,
]


def teller(front=CHAT, clock=None):
    return front.teller(request("m", stream=True), Watch(AT, clock or FakeClock()))


def lines(out):
    assert not out or out.endswith(b"\n")
    return [json.loads(line) for line in out.splitlines()]


def told(frames, front=CHAT):
    it = teller(front)
    return b"".join(it.tell(each) for each in frames)


def line(content="", **more):
    return {"model": "up", "created_at": STAMP, "message": {"role": "assistant", "content": content, **more}}


def test_a_text():
    """A line a piece, and a last one with the reason and the figures."""
    *pieces, last = lines(told(TEXT))
    assert pieces == [{**line("Hel"), "done": False}, {**line("lö"), "done": False}]
    assert last == {**line(), "done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 2}


def test_calls_are_told_whole():
    """When nothing more can come to them, with arguments that are objects."""
    thought, text, called, last = lines(told(CALLS))
    assert thought == {**line(thinking="hm"), "done": False}
    assert text == {**line("One moment."), "done": False}
    assert called["message"]["tool_calls"] == [
        {"id": "a", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}},
        {"id": "b", "function": {"index": 1, "name": "g", "arguments": {}}},
    ]
    assert (last["done"], last["done_reason"]) == (True, "stop")


def test_a_prompts_answer():
    """Of a chat, of a completion, and the thoughts before it."""
    assert [each.get("response") for each in lines(told(TEXT, GENERATE))] == ["Hel", "lö", ""]
    texts = [frame({"index": 0, "text": text, "finish_reason": None}) for text in ("a", "", "b")]
    *pieces, last = lines(told([*texts, frame({"index": 0, "text": "", "finish_reason": "length"}), DONE], GENERATE))
    assert pieces == [{"model": "up", "created_at": STAMP, "response": text, "done": False} for text in ("a", "b")]
    assert (last["response"], last["done_reason"]) == ("", "length")
    assert lines(told(CALLS[:2], GENERATE))[0]["thinking"] == "hm"


@pytest.mark.parametrize("frames", [TEXT, CALLS], ids=["text", "calls"])
def test_it_is_the_same_however_frames_come_together(frames):
    """In two at every place, and in random parts."""
    whole = told(frames)
    dice = Random(3)
    cuts = [[n] for n in range(len(frames) + 1)]
    cuts += [sorted(dice.choices(range(len(frames) + 1), k=3)) for _ in range(50)]
    for places in cuts:
        parts = [b"".join(frames[a:b]) for a, b in zip([0, *places], [*places, len(frames)], strict=True)]
        assert told(parts) == whole


def test_other_choices_and_refusals():
    """Ollama has one answer; a refusal is text."""
    frames = [
        frame({"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}),
        delta(refusal="I can't."),
        delta("content_filter"),
        DONE,
    ]
    first, second, last = lines(told(frames))
    assert (first["message"]["content"], second["message"]["content"]) == ("yes", "I can't.")
    assert last["done_reason"] == "content_filter"


def test_how_probable_each_token_was():
    """Beside the text that it is about."""
    probable = [{"token": "hi", "logprob": -0.5}]
    [first] = lines(told([frame({"index": 0, "delta": {"content": "hi"}, "logprobs": {"content": probable}})]))
    assert (first["message"]["content"], first["logprobs"]) == ("hi", probable)


def test_times_are_those_that_passed():
    """Till the first content, and from there; each line has its moment."""
    clock = FakeClock()
    it = teller(clock=clock)
    out = b""
    for seconds, each in zip((0.0, 2.0, 1.0, 0.0, 0.0, 0.5), TEXT, strict=True):
        clock.advance(seconds)
        out += it.tell(each)
    first, second, last = lines(out)
    assert (first["created_at"], second["created_at"]) == (STAMP.replace("20.0", "22.0"), STAMP.replace("20.0", "23.0"))
    assert (last["prompt_eval_duration"], last["eval_duration"]) == (2_000_000_000, 1_500_000_000)
    assert last["total_duration"] == 3_500_000_000


def test_a_servers_own_times_count_before():
    """They stand in its last chunks."""
    timings = {"prompt_ms": 10, "predicted_ms": 30}
    *_, last = lines(
        told([*TEXT[:3], frame({"index": 0, "delta": {}, "finish_reason": "stop"}, timings=timings), DONE])
    )
    assert (last["prompt_eval_duration"], last["eval_duration"]) == (10_000_000, 30_000_000)


def test_a_stream_that_breaks_off_ends_with_a_line_that_says_so():
    """Behind what was said; a beat between is white space of that line."""
    it = teller()
    out = it.tell(b"".join(TEXT[:2])) + BEAT + it.broken(b'{"error":{"message":"gone"}}')
    first, last = lines(out)
    assert (first["done"], last) == (False, {"error": "gone"})


def test_frames_that_make_no_sense_say_nothing():
    """As nowhere else."""
    assert told([b": ping\n\n", b"data: [1]\n\n", b"data: {\n\n", frame()]) == b""
