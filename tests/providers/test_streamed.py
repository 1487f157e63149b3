"""A whole answer told as a stream: joined again it is the answer, and every reader of streams takes it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import FailureKind, PromptDetails, Usage
from pointsman.providers import DIALECTS
from pointsman.providers.streamed import MOST_REPEATED, streamed

USAGE = Usage(3, 4, 7, PromptDetails(1))
ASKED = b'{"include_usage": true}'
HEAD = {"id": "chatcmpl-1", "created": 17, "model": "up", "system_fingerprint": "fp", "service_tier": None}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
FIGURES = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 1}}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
layouts = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def told(body: bytes | dict, endpoint: str = "chat", options: bytes | None = None) -> Understood | Refusal:
    made = body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = request(endpoint=endpoint, stream=True, body={} if options is None else {"stream_options": options})
    return streamed(asked, Understood(made, USAGE))


def chunks(answer: Understood) -> list[dict]:
    """The stream's chunks, each checked to be a frame of one line, without the end mark."""
    *frames, done, rest = answer.body.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    assert all(frame.startswith(b"data: {") and not set(b"\r\n") & set(frame) for frame in frames)
    return [json.loads(frame[6:]) for frame in frames]


def chat(message: dict, **more) -> dict:
    return {
        **HEAD,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, **more}],
        "usage": FIGURES,
    }


def choices(found: Iterable[dict]) -> list[dict]:
    return [choice for chunk in found for choice in chunk["choices"]]


def test_a_chat_completion():
    """All of the message in the first chunk, the finish reason in the second; the same head on both."""
    answer = told(chat({"role": "assistant", "content": "hi"}, logprobs={"content": []}, finish_reason="length"))
    head = {**HEAD, "object": "chat.completion.chunk"}
    delta = {"role": "assistant", "content": "hi"}
    assert chunks(answer) == [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": {"content": []}, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    ]
    assert (answer.usage, answer.stream) == (USAGE, True)


def test_a_text_completion():
    """Likewise with text."""
    body = {**HEAD, "object": "text_completion", "choices": [{"index": 0, "text": "hi", "finish_reason": "stop"}]}
    head = {**HEAD, "object": "text_completion"}
    assert chunks(told(body, "completions")) == [
        {**head, "choices": [{"index": 0, "text": "hi", "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]},
    ]


@pytest.mark.parametrize(
    ("options", "asked"),
    [(None, False), (ASKED, True), (b'{"include_usage": false}', False), (b"null", False), (b"[]", False)],
)
@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_usage_comes_only_if_it_was_asked_for(endpoint, options, asked):
    """As the upstream wrote it, in a last chunk without choices."""
    body = chat({"content": "hi"}) if endpoint == "chat" else {"choices": [{"text": "hi"}], "usage": FIGURES}
    found = chunks(told(body, endpoint, options))
    assert [(chunk["usage"], chunk["choices"]) for chunk in found if "usage" in chunk] == [(FIGURES, [])] * asked
    assert len(found) == 2 + asked


@pytest.mark.parametrize("usage", [{}, {"usage": None}])
def test_usage_that_is_not_known_is_not_made_up(usage):
    """There is no such chunk then, even if it was asked for."""
    assert len(chunks(told({"choices": [{"message": {"content": "hi"}}], **usage}, options=ASKED))) == 2


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "refusal": "no"},
        {"content": "so", "reasoning_content": "hm"},
        {"content": "so", "reasoning": "hm", "annotations": [{"type": "url_citation"}], "odd": [1, {"a": 2.50}]},
        {"content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"content": "so", "tool_calls": None},
        {"content": "so", "tool_calls": []},
        {},
    ],
)
def test_a_message_is_a_delta_of_the_same_fields(message):
    """Whatever they are; the role goes first, the assistant's unless it is said."""
    delta = choices(chunks(told(chat(message))))[0]["delta"]
    assert delta == {"role": "assistant", **message}
    assert next(iter(delta)) == "role"


def test_tool_calls_are_numbered():
    """A delta's calls have an index, by which they are put together; one that is there is kept."""
    calls = [CALL, {**CALL, "id": "call_2"}, {**CALL, "index": 7}]
    delta = choices(chunks(told(chat({"content": None, "tool_calls": calls}, finish_reason="tool_calls"))))[0]["delta"]
    assert delta["tool_calls"] == [{"index": 0, **calls[0]}, {"index": 1, **calls[1]}, calls[2]]


def test_each_choice_has_its_chunks():
    """One choice a chunk, as clients expect it: all that is said, then how each ended."""
    made = [{"message": {"content": text}, "finish_reason": end} for text, end in (("a", "stop"), ("b", "length"))]
    found = chunks(told({"choices": made}))
    assert [len(chunk["choices"]) for chunk in found] == [1] * 4
    assert [(c["index"], c["delta"].get("content"), c["finish_reason"]) for c in choices(found)] == [
        (0, "a", None),
        (1, "b", None),
        (0, None, "stop"),
        (1, None, "length"),
    ]


@pytest.mark.parametrize("ending", [{}, {"finish_reason": None}])
@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_a_whole_answer_has_ended(endpoint, ending):
    """Even if it does not say why: without a reason the stream would look cut."""
    said = {"message": {"content": "hi"}} if endpoint == "chat" else {"text": "hi"}
    assert choices(chunks(told({"choices": [said | ending]}, endpoint)))[-1]["finish_reason"] == "stop"


def test_what_else_an_answer_says_comes_at_its_end():
    """Once, with the last finish reason."""
    body = chat({"content": "hi"}) | {"timings": {"predicted_ms": 1.50}, "citations": ["x"]}
    first, last = chunks(told(body))
    assert (last["timings"], last["citations"]) == ({"predicted_ms": 1.5}, ["x"])
    assert set(first) == {*HEAD, "object", "choices"}


def test_values_stay_as_they_were_written():
    """A number that a float can't hold, and an escape, are not rewritten, however the answer is laid out."""
    answer = told(b'{\r\n "id": 1.10,\n "choices": [\n {"message": {"content": "\\u0041\\n", "odd": [ 1e400 ]}} ] }')
    assert b'"id":1.10,' in answer.body
    assert b'"content":"\\u0041\\n","odd":[' in answer.body
    assert b"1e400" in answer.body
    assert len(answer.body.split(b"\n\n")) == 4


@given(st.dictionaries(st.text(max_size=9), values, max_size=5), st.none() | st.text(max_size=20), layouts)
def test_the_deltas_of_a_stream_joined_are_the_answer(more, content, layout):
    """For any fields beside the known ones; the reader of OpenAI's streams passes it, whole and in pieces."""
    message = {**more, "role": "assistant", "content": content}
    message.pop("tool_calls", None)
    body = json.dumps(chat(message, finish_reason="stop"), **layout).encode()
    answer = told(body, options=ASKED)
    joined: dict = {}
    for choice in choices(chunks(answer)):
        joined |= choice["delta"]
    assert joined == message
    for size in (1, 7, len(answer.body)):
        reader = DIALECTS["openai"].reader(request(stream=True), "m")
        parts = [answer.body[at : at + size] for at in range(0, len(answer.body), size)]
        assert b"".join(map(reader.feed, parts)) + reader.close() == answer.body
        assert (reader.finished, reader.refusal, reader.skipped, reader.usage) == (True, None, 0, USAGE)


def test_ollamas_whole_answer_is_told_likewise():
    """What a dialect has read is in the caller's shape, so it needs no telling of its own."""
    body = {"model": "up", "message": {"content": "hi", "thinking": "hm"}, "done": True, "eval_count": 4}
    asked = request(stream=True, body={"stream_options": ASKED})
    read = DIALECTS["ollama"].read(asked, "m", Answered(200, {}, json.dumps(body).encode()))
    first, _, last = chunks(streamed(asked, read))
    assert choices([first])[0]["delta"] == {"role": "assistant", "content": "hi", "reasoning_content": "hm"}
    assert last["usage"]["completion_tokens"] == 4


REFUSED = [
    b"",
    b"[]",
    b"null",
    b"{}",
    b'{"choices":null}',
    b'{"choices":{}}',
    b'{"choices":[]}',
    b'{"choices":[7]}',
    b'{"choices":[{}]}',
    b'{"choices":[{"message":null}]}',
    b'{"choices":[{"message":"hi"}]}',
    b'{"choices":[{"message":{"tool_calls":7}}]}',
    b'{"choices":[{"message":{"tool_calls":[7]}}]}',
    b'{"choices":[{"text":"hi"}]}',
    b'{"choices":[{"message":{}}\n',
    b'{"choices":\n' + b"[" * 100_000,
    b'{"id":"' + b"x" * (MOST_REPEATED // 20) + b'","choices":[' + b'{"message":{}},' * 9 + b'{"message":{}}]}',
]


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body[:40].decode())
def test_what_is_no_answer_is_no_stream(body):
    """A failure like any other reply that is none, so that others may be asked; its words are not repeated."""
    assert told(body) == Refusal(FailureKind.GARBAGE, "no stream, and no answer that could be told as one", 200)


@pytest.mark.parametrize("body", [b'{"choices":[{"text":7}]}', b'{"choices":[{"message":{"content":"hi"}}]}'])
def test_a_text_completion_has_text(body):
    """A message is none."""
    assert isinstance(told(body, "completions"), Refusal)


@given(values, st.sampled_from(["chat", "completions"]))
def test_no_answer_breaks_the_telling(value, endpoint):
    """Any choices come to a stream or a refusal."""
    for choices_ in (value, [value], [{"message": value, "text": value}]):
        found = told({"choices": choices_}, endpoint, ASKED)
        assert isinstance(found, Refusal) or chunks(found)
