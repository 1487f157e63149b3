"""Two streams made into one: never a letter doubled, never one missing, never a word of another answer."""

from __future__ import annotations

import json
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.outcome import FailureKind, Usage
from pointsman.providers import ollama, openai
from pointsman.providers.frames import payload_of, split_frames
from pointsman.providers.resumed import Resumed

PIECES = st.lists(
    st.tuples(st.sampled_from(["reasoning_content", "content"]), st.text(min_size=1, max_size=5)),
    min_size=1,
    max_size=8,
).map(lambda pieces: sorted(pieces, key=lambda piece: piece[0] == "content"))
"""An answer by its tokens: thoughts come before words."""

DONE = "data: [DONE]\n\n"


def chunk(delta: dict | None, finish: str | None = None, **more) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return "data: " + json.dumps({"id": "b1", "model": "other", "choices": choices, **more}) + "\n\n"


ROLE, FIN = chunk({"role": "assistant", "content": ""}), chunk({}, "stop")
USAGE = chunk(None, usage={"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5})


def stream(pieces, *, end: str = FIN + USAGE + DONE, role: str = ROLE) -> str:
    return role + "".join(chunk({channel: text}) for channel, text in pieces) + end


def texts(frames: bytes) -> dict[str, str]:
    """What an SDK would put together."""
    found: dict[str, str] = {}
    for frame in split_frames(frames):
        payload = payload_of(frame)
        if payload in (None, b"[DONE]"):
            continue
        for choice in json.loads(payload)["choices"]:
            for name, value in choice["delta"].items() if "delta" in choice else [("text", choice["text"])]:
                if name != "role" and value:
                    found[name] = found.get(name, "") + value
    return found


def taking_over(told: dict[str, str], *, continues: bool = False, reader=None) -> Resumed:
    resumed = Resumed(reader or openai.DIALECT.reader(request(), "m"), told, continues=continues)
    resumed.remember()
    return resumed


def fed(resumed: Resumed, parts) -> bytes:
    """As the wire does: nobody feeds a reader that has refused."""
    out = b""
    for part in parts:
        if resumed.refusal is None:
            out += resumed.feed(part)
    return out + (resumed.close() if resumed.refusal is None else b"")


def cut(data: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted(at % (len(data) + 1) for at in places)
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def joined(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return {name: one.get(name, "") + other.get(name, "") for name in {**one, **other}}


def resplit(draw, pieces):
    """The same answer in other tokens."""
    whole = texts(stream(pieces).encode())
    found = []
    for channel in ("reasoning_content", "content"):
        text = whole.get(channel, "")
        places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
        found += [(channel, text[a:b]) for a, b in zip([0, *places], [*places, len(text)], strict=True) if a < b]
    return found


@given(PIECES, st.data())
def test_the_two_parts_are_the_answer(pieces, data):
    """Cut after any token, regenerated in any tokens, arriving in any parts: the caller has all of it, once."""
    at = data.draw(st.integers(1, len(pieces)))
    first = stream(pieces[:at], end="").encode()
    again = stream(resplit(data.draw, pieces)).encode()
    resumed = taking_over(texts(first))
    rest = fed(resumed, cut(again, data.draw(st.lists(st.integers(0, 10_000), max_size=8))))
    whole = texts(stream(pieces).encode())
    assert joined(texts(first), texts(rest)) == whole == resumed.said()
    assert (resumed.refusal, resumed.finished, resumed.usage) == (None, True, Usage(2, 3, 5))
    assert rest.endswith((FIN + USAGE + DONE).encode())


@given(PIECES, st.data())
def test_another_answer_never_passes(pieces, data):
    """One letter of what was sent is another: not a frame comes out, whatever else is right."""
    at = data.draw(st.integers(1, len(pieces)))
    told = texts(stream(pieces[:at], end="").encode())
    channel = data.draw(st.sampled_from(sorted(told)))
    place = data.draw(st.integers(0, len(told[channel]) - 1))
    letter = data.draw(st.characters().filter(lambda letter: letter != told[channel][place]))
    told[channel] = told[channel][:place] + letter + told[channel][place + 1 :]
    resumed = taking_over(told)
    again = stream(pieces).encode()
    assert fed(resumed, cut(again, data.draw(st.lists(st.integers(0, 10_000), max_size=8)))) == b""
    assert (resumed.content, resumed.refusal.kind) == (False, FailureKind.DIFFERS)


@given(PIECES, PIECES, st.data())
def test_whatever_comes_is_the_answer_or_nothing(pieces, others, data):
    """Two answers of chance: what the caller ends up with is one of them whole, or it is told that it is not."""
    at = data.draw(st.integers(1, len(pieces)))
    told = texts(stream(pieces[:at], end="").encode())
    resumed = taking_over(told)
    rest = fed(resumed, [stream(others).encode()])
    if resumed.refusal is None:
        assert joined(told, texts(rest)) == texts(stream(others).encode())
    else:
        assert rest == b""


@given(PIECES, st.data())
def test_a_third_goes_on_where_the_second_broke_off(pieces, data):
    """What was told is what both told."""
    places = sorted(data.draw(st.lists(st.integers(1, len(pieces)), min_size=2, max_size=4)))
    got, told = b"", {}
    for at in places:
        reader = taking_over(told) if told else openai.DIALECT.reader(request(), "m")
        reader.remember()
        frames = reader.feed(stream(pieces[:at], end="").encode())
        if reader.content:
            got += frames
            told = reader.said()
        assert texts(got) == told
    got += fed(taking_over(told), [stream(pieces).encode()])
    assert texts(got) == texts(stream(pieces).encode())


@given(PIECES, st.data())
def test_who_was_given_the_beginning_repeats_nothing(pieces, data):
    """All it says is new, apart from its role; what was told is both parts."""
    at = data.draw(st.integers(1, len(pieces)))
    told = texts(stream(pieces[:at], end="").encode())
    resumed = taking_over(told, continues=True)
    rest = fed(resumed, [stream(pieces[at:]).encode()])
    assert b'"role":' not in rest
    assert joined(told, texts(rest)) == texts(stream(pieces).encode()) == resumed.said()


def test_only_the_text_of_the_frame_that_crosses_is_shortened():
    """Every other byte is the upstream's: numbers, spaces within, fields that nobody knows."""
    odd = (
        'data: {"id":"x","created":1.50,"odd":{"a": [1,2]},"choices":[{"index":0,"delta":{"role":"assistant",'
        '"content":"Hello"},"logprobs":null,"more": 0.10}],"model":"other"}\n\n'
    )
    expected = (
        'data: {"id":"x","created":1.50,"odd":{"a": [1,2]},"choices":[{"index":0,"delta":{'
        '"content":"lo"},"logprobs":null,"more":0.10}],"model":"other"}\n\n'
    )
    behind = 'data: {"choices":[{"delta":{"content":" you"}}],  "odd": 1}\n\n'
    assert taking_over({"content": "Hel"}).feed((odd + behind).encode()) == (expected + behind).encode()


@pytest.mark.parametrize("finish", [None, "stop"])
def test_a_frame_that_is_new_from_its_first_letter_is_left_alone(finish):
    """Byte for byte, and so are the comments and events behind it."""
    first, after = chunk({"content": "Hel"}), "event: message\n" + chunk({"content": "lo"}, finish) + ": ping\n\n"
    resumed = taking_over({"content": "Hel"})
    assert (resumed.feed((ROLE + first).encode()), resumed.content, resumed.begun) == (b"", False, True)
    assert resumed.feed(after.encode()) == after.encode()
    assert resumed.content


def test_an_answer_that_was_sent_whole_needs_only_its_end():
    """The finish reason is news, also where it comes with words that are none."""
    assert (
        taking_over({"content": "Hello"}).feed(stream([("content", "Hello")]).encode()) == (FIN + USAGE + DONE).encode()
    )
    frames = taking_over({"content": "Hello"}).feed((ROLE + chunk({"content": "Hello"}, "stop")).encode())
    assert json.loads(payload_of(frames))["choices"] == [
        {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    ]


@pytest.mark.parametrize(
    "frames",
    [
        stream([("content", "Hel")]),
        stream([("content", "Help")]),
        stream([("reasoning_content", "hm"), ("content", "Hello")]),
        ROLE + chunk({"content": "Hell", "tool_calls": [{"index": 0}]}),
        ROLE + chunk({"tool_calls": [{"index": 0}]}),
        ROLE + chunk({"content": "Hello"}) + chunk({"function_call": {"name": "f"}}),
        ROLE + chunk({"content": "Hello"}) + chunk({"refusal": "no"}),
        ROLE + chunk({"content": "Hello"}) + chunk({"audio": {"id": "1"}}),
        ROLE + chunk({"content": [{"type": "text", "text": "Hello"}]}),
        'data: {"choices":[{"delta":{"content":"Hello"}},{"delta":{"content":"Hello"}}]}\n\n',
        'data: {"choices":[{"text":"Hello, you"}]}\n\n',
    ],
    ids=[
        "ends before",
        "differs",
        "thinks where nothing was thought",
        "a call with the words",
        "a call",
        "an old call behind the words",
        "declines",
        "speaks",
        "parts",
        "two choices",
        "another channel",
    ],
)
def test_what_does_not_go_on_from_there_is_refused(frames):
    """And nothing of it is passed on."""
    resumed = taking_over({"content": "Hello"})
    assert fed(resumed, [frames.encode()]) == b""
    assert (resumed.content, resumed.refusal.kind, resumed.finished) == (False, FailureKind.DIFFERS, False)


def test_thoughts_that_are_not_repeated_are_missing():
    """The words alone are not what was told."""
    resumed = taking_over({"reasoning_content": "hm", "content": "Hel"})
    assert fed(resumed, [stream([("content", "Hello")]).encode()]) == b""
    assert resumed.refusal.kind is FailureKind.DIFFERS


@pytest.mark.parametrize("frames", ["", ROLE, ROLE + chunk({"content": "Hel"}), ROLE + chunk({"content": "Hello"})])
def test_who_breaks_off_before_there_is_news_has_failed_as_any_other(frames):
    """Nothing was passed on, so the next one may try."""
    resumed = taking_over({"content": "Hello"})
    assert fed(resumed, [frames.encode()]) == b""
    assert (resumed.content, resumed.refusal.kind) == (False, FailureKind.CUT)


def test_an_error_while_it_repeats_is_its_own():
    """Its words are kept for the record."""
    resumed = taking_over({"content": "Hello"})
    error = 'data: {"error": {"message": "died"}}\n\n'
    assert fed(resumed, [(ROLE + chunk({"content": "He"}) + error).encode()]) == b""
    assert resumed.refusal.kind is FailureKind.SERVER_ERROR


def test_malformed_frames_and_figures_are_those_of_who_takes_over():
    """Frames without choices are no news before there is any."""
    resumed = taking_over({"content": "Hello"})
    frames = USAGE + chunk({"content": "Hello"}) + "data: {\n\n" + chunk({"content": "!"}) + FIN + DONE
    assert fed(resumed, [frames.encode()]) == (chunk({"content": "!"}) + FIN + DONE).encode()
    assert (resumed.skipped, resumed.usage, resumed.deltas, resumed.ending) == (1, Usage(2, 3, 5), 2, True)


def test_a_text_completion_is_shortened_likewise():
    """Its text stands in the choice itself."""
    frames = [{"choices": [{"index": 0, "text": text, "finish_reason": None}]} for text in ("On", "ce up", "on")]
    data = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames).encode()
    resumed = taking_over({"text": "Once"})
    assert [json.loads(payload_of(f))["choices"][0]["text"] for f in split_frames(resumed.feed(data))] == [" up", "on"]
    assert resumed.said() == {"text": "Once upon"}


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_ollama_may_take_over_as_well(endpoint):
    """Its lines are frames by then, and what it told can be gone on with."""
    asked = request(endpoint=endpoint, id="i", stream=True)
    lines = [
        {"message": {"content": text}} if endpoint == "chat" else {"response": text} for text in ("Once", " upon", "")
    ]
    lines[-1]["done"] = True
    data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    channel = "content" if endpoint == "chat" else "text"
    resumed = taking_over({channel: "Once u"}, reader=ollama.DIALECT.reader(asked, "m"))
    assert texts(fed(resumed, [data])) == {channel: "pon"}
    assert (resumed.finished, resumed.said()) == (True, {channel: "Once upon"})


@pytest.mark.parametrize(
    ("body", "choices"),
    [
        ({}, 1),
        ({"n": 3}, 3),
        ({"n": None}, 1),
        ({"n": "many"}, 1),
        ({"prompt": "a"}, 1),
        ({"prompt": ["a", "b"], "n": 2}, 4),
        ({"prompt": [1, 2, 3]}, 1),
        ({"prompt": [[1, 2], [3]]}, 2),
        ({"prompt": []}, 1),
    ],
)
def test_a_stream_of_several_choices_is_complete_when_all_of_them_are(body, choices):
    """If the upstream ends it without saying so; its own word that it is complete is taken."""
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    ends = [f'data: {{"choices":[{{"index":{i},"text":"x","finish_reason":"stop"}}]}}\n\n' for i in range(choices)]
    for number, said in enumerate(accumulate(ends), start=1):
        readers = [openai.DIALECT.reader(request(endpoint="completions", body=raw), "m") for _ in range(2)]
        readers[0].feed(said.encode())
        readers[0].close()
        readers[1].feed((said + DONE).encode())
        assert [reader.finished for reader in readers] == [number == choices, True]
