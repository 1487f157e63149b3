"""OpenAI's stream, cut anywhere: the frames that come out are the frames that went in, and the verdict is the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.outcome import FailureKind, Usage
from pointsman.providers.openai import DIALECT
from pointsman.providers.sse import MAX_FRAME


def chunk(delta: dict | None = None, finish: str | None = None, **more) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return "data: " + json.dumps({"id": "c1", "choices": choices, **more}, ensure_ascii=False)


ROLE, HI, FIN = chunk({"role": "assistant", "content": ""}), chunk({"content": "hé 😀 \\n\\n"}), chunk({}, "stop")
USAGE = chunk(usage={"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5})
DONE, PING = "data: [DONE]", ": ping"
ERROR = 'data: {"error": {"message": "the engine died", "code": 500}}'
TOO_LONG = '{"code": 400, "message": "the request exceeds the available context size"}'
ROUTED = chunk({"content": ""}, "error", error={"code": "server_error", "message": "Provider disconnected"})
ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}

FAILED = (False, False, FailureKind.SERVER_ERROR, 0, 0)
BAD = (False, False, FailureKind.BAD_REQUEST, 0, 0)
WHOLE = (True, True, None, 0, 0)

# frames in, frames out, the verdict: content, finished, kind of refusal, total tokens, skipped
RECORDED = {
    "whole": ([ROLE, HI, HI, FIN, USAGE, DONE], [ROLE, HI, HI, FIN, USAGE, DONE], (True, True, None, 5, 0)),
    "comments": (
        [PING, ROLE, PING, HI, PING, FIN, DONE],
        [PING, ROLE, PING, HI, PING, FIN, DONE],
        (True, True, None, 0, 0),
    ),
    "no last word": ([ROLE, HI, FIN, USAGE], [ROLE, HI, FIN, USAGE, DONE], (True, True, None, 5, 0)),
    "cut": ([ROLE, HI, HI], [ROLE, HI, HI], (True, False, None, 0, 0)),
    "an empty reason is none": (
        [chunk({"content": "x"}, ""), chunk({"content": "y"}, "")],
        None,
        (True, False, None, 0, 0),
    ),
    "cut before content": ([ROLE], [ROLE], (False, False, None, 0, 0)),
    "an end without an answer": ([ROLE, DONE], [ROLE], (False, False, None, 0, 0)),
    "error first": ([ERROR, DONE], [], (False, False, FailureKind.SERVER_ERROR, 0, 0)),
    "error later": ([ROLE, HI, ERROR, HI, DONE], [ROLE, HI], (True, False, FailureKind.SERVER_ERROR, 0, 0)),
    "rubbish between": ([ROLE, "data: {", HI, "data: 7", FIN, DONE], [ROLE, HI, FIN, DONE], (True, True, None, 0, 2)),
    "behind the end": ([ROLE, HI, FIN, DONE, HI, ERROR], [ROLE, HI, FIN, DONE], (True, True, None, 0, 0)),
    "only rubbish": (["data: x", "data: y"], [], (False, False, None, 0, 2)),
    "events": (["event: message\n" + HI, "id: 3\nretry: 5\n" + FIN, DONE], None, (True, True, None, 0, 0)),
    "no space": (["data:" + HI[6:], "data:" + FIN[6:], "data:[DONE]"], None, (True, True, None, 0, 0)),
    "data in two lines": (
        ['data: {"choices":[{"delta":\ndata: {"content":"x"}}]}', FIN, DONE],
        None,
        (True, True, None, 0, 0),
    ),
    "a text completion": (
        ['data: {"choices":[{"text":"x"}]}', 'data: {"choices":[{"text":"","finish_reason":"length"}]}', DONE],
        None,
        (True, True, None, 0, 0),
    ),
    "a tool call": (
        [ROLE, chunk({"tool_calls": [{"index": 0}]}), chunk({}, "tool_calls"), DONE],
        None,
        (True, True, None, 0, 0),
    ),
    "thoughts": ([ROLE, chunk({"reasoning_content": "hm"}), FIN, DONE], None, (True, True, None, 0, 0)),
    "a refusal": ([ROLE, chunk({"refusal": "no"}), FIN, DONE], None, (True, True, None, 0, 0)),
    "given up": ([ROLE, HI, chunk({}, "abort"), DONE], [ROLE, HI], (True, False, FailureKind.SERVER_ERROR, 0, 0)),
    "nothing to say": ([ROLE, FIN, DONE], None, (True, True, None, 0, 0)),
    "usage that makes no sense": (
        [HI, chunk({"content": "x"}, usage={"total_tokens": None}), FIN, DONE],
        None,
        (True, True, None, 0, 0),
    ),
    "error of vLLM": ([ROLE, chunk(error={"message": "dead", "code": 500})], [ROLE], FAILED),
    "error of old vLLM": ([ROLE, 'data: {"object":"error","message":"dead","code":500}', DONE], [ROLE], FAILED),
    "error of Anthropic": (
        [HI, 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
        [HI],
        (True, False, FailureKind.OVERLOADED, 0, 0),
    ),
    "error of Anthropic, its event last": (
        ['data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\nevent: error'],
        [],
        (False, False, FailureKind.OVERLOADED, 0, 0),
    ),
    "event of an error without a shape": (["event: error\ndata: upstream died", HI], [], FAILED),
    "the last of several events counts": (["event: message\nevent: error\n" + HI], [], FAILED),
    "an event that is none after all": (["event: error\nevent: message\n" + HI, FIN, DONE], None, WHOLE),
    "event of an error that looks like a word": (["event: error\n" + HI], [], FAILED),
    "error of llama.cpp": ([f'data: {{"error": {TOO_LONG}}}'], [], (False, False, FailureKind.CONTEXT, 0, 0)),
    "error of old llama.cpp": ([ROLE, f"error: {TOO_LONG}"], [ROLE], (False, False, FailureKind.CONTEXT, 0, 0)),
    "error of SGLang": (
        ['data: {"error":{"object":"error","message":"The request queue is full.","code":503}}', DONE],
        [],
        (False, False, FailureKind.OVERLOADED, 0, 0),
    ),
    "error of TGI": (
        ['data:{"error":"Model is overloaded","error_type":"overloaded"}'],
        [],
        (False, False, FailureKind.OVERLOADED, 0, 0),
    ),
    "error of OpenRouter": ([ROLE, HI, ROUTED, DONE], [ROLE, HI], (True, False, FailureKind.SERVER_ERROR, 0, 0)),
    "error that a finish reason tells": (
        [ROLE, HI, 'data: {"choices":[{"delta":{},"finish_reason":"error","error":{"code":429,"message":"x"}}]}'],
        [ROLE, HI],
        (True, False, FailureKind.RATE_LIMITED, 0, 0),
    ),
    "error that is no event": (['{"error": {"message": "bad n", "code": 400}}'], [], BAD),
    "no error": ([chunk({"content": "x"}, error=None), chunk({}, "stop", error={}), DONE], None, WHOLE),
    "a filter's last word": ([HI, chunk({}, "content_filter"), DONE], None, WHOLE),
    "a ping of Anthropic": (['event: ping\ndata: {"type": "ping"}', HI, FIN, DONE], None, WHOLE),
    "comments like errors": ([':{"error": 1}', ": error: 1", ":event: error\n" + HI, FIN, DONE], None, WHOLE),
    "fields without a colon": (["event\n" + HI, "error2: x", FIN, DONE], None, WHOLE),
    "usage without choices": (
        [HI, FIN, 'data: {"choices": null, "usage": {"total_tokens": 5}}', DONE],
        None,
        (True, True, None, 5, 0),
    ),
}


def joined(frames: list[str], end: str) -> bytes:
    return b"".join((frame + "\n\n").replace("\n", end).encode() for frame in frames)


def fed(parts: list[bytes]) -> tuple[bytes, tuple]:
    reader = DIALECT.reader(request(), "m")
    out = b"".join([*map(reader.feed, parts), reader.close()])
    kind = reader.refusal.kind if reader.refusal is not None else None
    return out, (reader.content, reader.finished, kind, reader.usage.total_tokens, reader.skipped)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("name", RECORDED)
def test_a_stream_cut_at_every_place_reads_as_if_whole(name, end):
    """The same frames and the same verdict, wherever the network cuts: once at every byte, and at all of them."""
    frames, kept, verdict = RECORDED[name]
    data = joined(frames, end)
    expected = joined(frames if kept is None else kept, end)
    if kept is not None and DONE in kept and DONE not in frames:
        expected = joined(kept[:-1], end) + b"data: [DONE]\n\n"  # the word we add ourselves
    cuts = [[data[:at], data[at:]] for at in range(len(data) + 1)]
    for parts in ([data], [data[at : at + 1] for at in range(len(data))], *cuts):
        assert fed(parts) == (expected, verdict)


@given(st.sampled_from(sorted(RECORDED)), st.sampled_from(sorted(ENDS.values())), st.data())
def test_a_stream_cut_at_many_places_reads_as_if_whole(name, end, data):
    """Any cutting at all."""
    whole = joined(RECORDED[name][0], end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert fed(parts) == fed([whole])


def lines_of(out: bytes) -> list[bytes]:
    """What a client reads, however lines end."""
    return [line for line in out.splitlines() if line]


@pytest.mark.parametrize("end", ["\n\r", "\r\n\r", "\r\r", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("last", [PING, "data: {", DONE])
def test_the_end_of_the_last_frame_may_be_any(last, end):
    """A CR that nothing follows ends a line too."""
    out, found = fed([joined([HI, FIN], "\n") + (last + end).encode()])
    expected, verdict = fed([joined([HI, FIN, last], "\n")])
    assert (lines_of(out), found) == (lines_of(expected), verdict)


@given(st.sampled_from(sorted(RECORDED)), st.data())
def test_lines_may_end_in_any_way(name, data):
    """Each in another, cut anywhere: the client reads the same, and so do we."""
    frames = RECORDED[name][0]
    lines = [line for frame in frames for line in (*frame.split("\n"), "")]
    ends = data.draw(st.lists(st.sampled_from(sorted(ENDS.values())), min_size=len(lines), max_size=len(lines)))
    for at in range(1, len(lines)):  # CR and LF side by side are one end, not two
        if not lines[at] and ends[at - 1].endswith("\r") and ends[at].startswith("\n"):
            ends[at] = "\r"
    whole = "".join(line + end for line, end in zip(lines, ends, strict=True)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    expected, verdict = fed([joined(frames, "\n")])
    for cut in (parts, [whole], [whole[at : at + 1] for at in range(len(whole))]):
        out, found = fed(cut)
        assert (lines_of(out), found) == (lines_of(expected), verdict)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("first", [HI, PING, "event: message\n" + HI, ERROR])
def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line(first, end):
    """It is left out: clients take it for a part of the field's name."""
    data = joined([first, FIN, DONE], end)
    for parts in ([b"\xef\xbb\xbf" + data], [b"\xef", b"\xbb", b"\xbf" + data[:3], data[3:]]):
        assert fed(parts) == fed([data])


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_every_frame_goes_on_as_soon_as_it_is_whole(end):
    """Not with the next one: a token would be late by one."""
    reader = DIALECT.reader(request(), "m")
    for frame in (ROLE, PING, HI, "id: 3\n" + HI, FIN, DONE):
        assert reader.feed(joined([frame], end)) == joined([frame], end)


@pytest.mark.parametrize("rest", ["", "\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("frames", "kept", "verdict"),
    [
        ([HI, FIN], [HI, FIN, DONE], WHOLE),
        ([HI, FIN, DONE], [HI, FIN, DONE], WHOLE),
        ([HI, ERROR], [HI], (True, False, FailureKind.SERVER_ERROR, 0, 0)),
        ([HI, HI], [HI, HI], (True, False, None, 0, 0)),
        (['{"error": {"message": "bad n", "code": 400}}'], [], BAD),
    ],
)
def test_the_last_frame_may_lack_its_empty_line(frames, kept, verdict, rest):
    """Servers written by hand forget it; a frame that is whole is believed, half of one is not."""
    whole = joined(frames[:-1], "\n") + frames[-1].encode()
    assert fed([whole + rest.encode()]) == (joined(kept, "\n"), verdict)
    _, half = fed([whole[:-2]])
    assert half == fed([joined(frames[:-1], "\n")])[1]


@pytest.mark.parametrize("comment", [PING, ":", ": data: x", 'event: ping\ndata: {"type": "ping"}', "retry: 3"])
def test_keep_alives_are_no_content(comment):
    """However many: neither content, nor a token, nor rubbish."""
    reader = DIALECT.reader(request(), "m")
    assert reader.feed(joined([comment] * 99, "\n"))
    assert (reader.content, reader.deltas, reader.skipped, reader.refusal) == (False, 0, 0, None)


@given(
    st.lists(
        st.binary(max_size=60) | st.sampled_from([HI.encode() + b"\n\n", b"\n\n", b"\r\n\r\n", b"data: "]), max_size=12
    )
)
def test_no_bytes_break_the_reader(parts):
    """Rubbish is skipped; whatever comes out came in, apart from a [DONE] of ours."""
    out, (_, finished, kind, _, _) = fed(parts)
    assert not (finished and kind)
    assert len(out) <= sum(map(len, parts)) + len(b"\n\ndata: [DONE]\n\n")


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_content_is_known_with_the_frame_that_brings_it(end):
    """A role, a comment and half a frame are none; the first word is."""
    reader = DIALECT.reader(request(), "m")
    word = joined([HI], end)
    reader.feed(joined([PING, ROLE], end) + word[:-1])
    assert not reader.content
    reader.feed(word[-1:])
    assert reader.content


def test_an_error_frame_is_told_in_the_upstreams_words_and_not_passed_on():
    """The reader keeps it; who relays decides when to send it."""
    reader = DIALECT.reader(request(), "m")
    assert reader.feed(joined([HI, ERROR], "\n")) == joined([HI], "\n")
    assert json.loads(reader.refusal.body) == {"error": {"message": "the engine died", "code": 500}}


def test_an_error_before_the_first_word_is_told_only_if_the_request_was_at_fault():
    """Somebody else may be asked, and if nobody delivers, an error of ours tells of all who were."""
    reader = DIALECT.reader(request(), "m")
    reader.feed(joined([ROLE, ERROR], "\n"))
    assert reader.refusal.body is None
    reader = DIALECT.reader(request(), "m")
    reader.feed(joined([ROLE, f"error: {TOO_LONG}"], "\n"))
    assert json.loads(reader.refusal.body)["error"]["code"] == "context_length_exceeded"


def test_an_error_of_many_lines_is_told_on_one():
    """It becomes a frame again, and a line end would tear that."""
    reader = DIALECT.reader(request(), "m")
    reader.feed(joined([HI, 'data: {"error":\ndata: {"message": "died"}}'], "\n"))
    assert reader.refusal.body == b'{"error": {"message": "died"}}'


def test_a_frame_without_end_is_rubbish():
    """Memory is bounded: what grows beyond the most and has not ended is refused."""
    reader = DIALECT.reader(request(), "m")
    piece = b"x" * 65536
    fed_in = 0
    reader.feed(b"data: ")
    while reader.refusal is None:
        reader.feed(piece)
        fed_in += len(piece)
        assert fed_in <= MAX_FRAME + 2 * len(piece)
    assert (reader.refusal.kind, reader.finished) == (FailureKind.GARBAGE, False)
    assert reader.feed(joined([HI], "\n")) == b""
    assert reader.close() == b""


def test_a_large_frame_that_ends_passes():
    """An image or a long answer in one frame is an answer."""
    frame = chunk({"content": "x" * (MAX_FRAME // 2)})
    parts = [joined([frame], "\n")[at : at + 50_000] for at in range(0, MAX_FRAME, 50_000)]
    assert fed([*parts, joined([FIN, DONE], "\n")])[0] == joined([frame, FIN, DONE], "\n")


@pytest.mark.parametrize("where", [b'{"\xff":1,"choices":[]}', b'{"choices":[{"delta":{"role":"\xc3"}}]}'])
def test_what_is_no_text_is_skipped(where):
    """Bytes that are not UTF-8 are rubbish wherever they stand, also where nobody looks."""
    reader = DIALECT.reader(request(stream=True), "m")
    assert reader.feed(b"data: " + where + b"\n\n") == b""
    assert reader.skipped == 1


def test_half_a_letter_is_a_word_like_any_other():
    """Who cuts a text within an emoji sends two frames, which the client joins. Nobody else can go on from there."""
    frames = [ROLE, chunk({"content": "a"}), r'data: {"choices":[{"delta":{"content":"\ud83d"}}]}', FIN, DONE]
    reader = DIALECT.reader(request(), "m")
    reader.remember()
    assert reader.feed(joined(frames, "\n")) == joined(frames, "\n")
    assert (reader.deltas, reader.skipped, reader.finished, reader.said()) == (2, 0, True, None)


def test_an_error_with_half_a_letter_is_an_error():
    """It is told without its words, which are no text."""
    out, verdict = fed([joined([HI, r'data: {"error":{"message":"\ude00"}}', HI], "\n")])
    assert (out, verdict) == (joined([HI], "\n"), (True, False, FailureKind.SERVER_ERROR, 0, 0))


def test_a_nest_without_end_is_skipped():
    """Depth is no way in: a frame nested a hundred thousand times is rubbish like any other."""
    nested = 'data: {"choices":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert fed([joined([HI, nested, FIN, DONE], "\n")])[1] == (True, True, None, 0, 1)


@pytest.mark.parametrize(
    ("frames", "deltas"),
    [
        ([ROLE, HI, HI, HI, FIN, DONE], 3),
        ([PING, ROLE, chunk({"reasoning_content": "hm"}), PING, HI, FIN, USAGE, DONE], 2),
        ([ROLE, chunk({"tool_calls": [{"index": 0}]}), chunk({"tool_calls": [{"index": 0}]}), FIN, DONE], 2),
        (['data: {"choices":[{"text":"x"}]}', 'data: {"choices":[{"text":"y"}]}', FIN, DONE], 2),
        (['data: {"choices":[{"text":"x"},{"text":"y"}]}', 'data: {"choices":[{"text":"z"}]}'], 3),
        ([HI, "data: {", HI, ERROR], 2),
        ([ROLE, HI, chunk({"content": "!"}, "stop"), DONE], 2),
        ([chunk({"content": "all at once"}, "stop"), DONE], 1),
        ([ROLE, FIN, DONE], 0),
        ([PING], 0),
    ],
)
def test_frames_with_content_are_counted(frames, deltas):
    """About one a token: not roles, finish reasons, usage, comments or rubbish; however the network cuts them."""
    for end, size in (("\n", 1), ("\n", 7), ("\n", 10**6), ("\r\n", 10**6)):
        data = joined(frames, end)
        reader = DIALECT.reader(request(), "m")
        for at in range(0, len(data), size):
            reader.feed(data[at : at + size])
        assert reader.deltas == deltas


def test_the_last_usage_counts():
    """Servers that count along send many; the last one is the sum."""
    counted = [chunk({"content": "x"}, usage={"completion_tokens": n, "total_tokens": n}) for n in (1, 2, 3)]
    reader = DIALECT.reader(request(), "m")
    reader.feed(joined(counted, "\n"))
    assert reader.usage == Usage(0, 3, 3)
