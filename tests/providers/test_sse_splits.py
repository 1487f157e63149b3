"""OpenAI's stream against the standard of event streams, cut at every byte: kept, generated and long ones."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.outcome import FailureKind
from pointsman.providers.resumed import Resumed
from pointsman.providers.sse import GAVE_UP, MAX_FRAME, SseReader
from support.cutting import corpus, cuttings, reads_alike, told
from support.event_stream import BOM, Event, events, lines_of
from support.fuzzing import alike

KEPT = corpus("sse")
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


class Told(NamedTuple):
    """What a stream says to who reads it by the standard. ``sent`` are the events that are passed on."""

    content: bool
    finished: bool
    refused: bool
    deltas: int
    skipped: int
    total: int
    sent: list[tuple[bytes, bytes]]


def parsed(payload: bytes) -> dict[str, Any] | None:
    def refuse(_word: str) -> None:
        raise ValueError  # Python's own NaN is no JSON

    try:
        found = json.loads(payload.decode(), parse_constant=refuse)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def is_failure(chunk: dict[str, Any]) -> bool:
    reasons = {choice.get("finish_reason") for choice in chunk.get("choices") or ()}
    words = {chunk.get("object"), chunk.get("type")}
    return bool(chunk.get("error")) or "error" in words or bool(reasons & GAVE_UP)


class Reading:
    """A reader that has all the time it wants, and every event as the standard tells it."""

    def __init__(self) -> None:
        self.content = self.finished = self.refused = self.ended = False
        self.deltas = self.skipped = self.total = 0
        self.sent: list[tuple[bytes, bytes]] = []

    def event(self, event: Event, *, whole: bool) -> None:
        if event.kind == b"error":
            self.refused = True
        elif event.data.rstrip() == b"[DONE]":
            self.finished = self.ended
            self.sent += [event[:2]] if self.finished else []
        elif (chunk := parsed(event.data.rstrip())) is None:
            self.skipped += whole
        elif is_failure(chunk):
            self.refused = True
        else:
            self.sent.append(event[:2])
            self._chunk(chunk)

    def _chunk(self, chunk: dict[str, Any]) -> None:
        usage = chunk.get("usage")
        if isinstance(usage, dict) and usage.get("total_tokens", 0) >= 0:
            self.total = usage.get("total_tokens", 0)
        for choice in chunk.get("choices") or ():
            says = bool(choice.get("text")) or any(v for k, v in choice.get("delta", {}).items() if k != "role")
            reason = bool(choice.get("finish_reason"))
            self.deltas += says or (self.content and not reason)  # behind the first words a frame is taken to have some
            self.content, self.ended = self.content or says or reason, self.ended or reason


def expected(data: bytes) -> Told:
    """The last event may lack its empty line; if half of it is missing, that is no rubbish."""
    it = Reading()
    bare = parsed(b"\n".join(lines_of(data + b"\n")[0])) or {}  # an error that is no event
    whole = len(events(data, boms=True))
    for number, event in enumerate(events(data + b"\n\n", boms=True)):
        if it.finished or it.refused:
            break
        if event.data is not None:
            it.event(event, whole=number < whole)
        else:
            it.refused = b"error" in event.fields or bool(bare.get("error"))
    if it.ended and not it.finished and not it.refused:
        it.finished = True
        it.sent.append((b"", b"[DONE]"))
    return Told(it.content, it.finished, it.refused, it.deltas, it.skipped, it.total, it.sent)


def reads_by_the_standard(data: bytes) -> None:
    reader = SseReader()
    out, _ = told(reader, [data])
    sent = [event[:2] for event in events(out) if event.data is not None]
    refused, total = reader.refusal is not None, reader.usage.total_tokens
    found = Told(reader.content, reader.finished, refused, reader.deltas, reader.skipped, total, sent)
    assert found == expected(data)


def test_the_oracle_reads_the_examples_of_the_standard():
    """They are those of "Interpreting an event stream"."""
    stocks = b"data: YHOO\ndata: +2\ndata: 10\n\n"
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event"
    assert [event.data for event in events(stocks)] == [b"YHOO\n+2\n10"]
    assert [event.data for event in events(stream)] == [None, b"first event", b"second event"]
    assert [event.data for event in events(b"data\n\ndata\ndata\n\ndata:")] == [b"", b"\n"]
    assert [event.data for event in events(b"data:test\n\ndata: test\n\n")] == [b"test", b"test"]
    assert [event.kind for event in events(b"event: add\ndata: 1\n\ndata: 2\n\n")] == [b"add", b""]


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_stream_reads_as_the_standard_says_however_it_is_cut(name):
    """In two at every byte, byte by byte, in random pieces: the same bytes go on, and the same is known."""
    reads_alike(SseReader, KEPT[name])
    if not name.startswith("found"):
        reads_by_the_standard(KEPT[name])


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_stream_that_goes_on_where_another_broke_off(name):
    """The reader above the reader sees whole frames too."""
    alike(lambda: Resumed(SseReader(), {"content": "Grüße"}), KEPT[name], exact=b"\r\r\n" not in KEPT[name])


def delta(content: str) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": content}}], "odd": [1.0]}, ensure_ascii=False)


payloads = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(delta),
    st.sampled_from(
        [
            '{"choices": [{"delta": {"role": "assistant", "content": ""}}]}',
            '{"choices": [{"delta": {}, "finish_reason": "stop"}]}',
            '{"choices": [], "usage": {"total_tokens": 7}}',
            '{"error": {"message": "died"}}',
            '{"choices": [{"delta": {"content": "\\ud83d"}}]}',
            "[DONE]",
            "",
            "{",
        ]
    ),
)
others = st.sampled_from(["event: message", "event: error", "id: 1", "id: \0", "retry: 5", ": ping", ":", "x", "é: ü"])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Events as servers may write them: fields around the data, data in lines, any line end, not all of them ended."""
    lines = []
    for payload in draw(st.lists(payloads, max_size=6)):
        said = payload.replace(": ", ":\n") if draw(st.integers(0, 3)) == 0 and payload.isascii() else payload
        data = [draw(st.sampled_from(["data: ", "data:"])) + line for line in said.split("\n")]
        around = draw(st.lists(others, max_size=2)) if draw(st.booleans()) else []
        at = draw(st.integers(0, len(around)))
        lines += [*around[:at], *data, *around[at:], *[""] * draw(st.sampled_from([1, 1, 1, 2, 3]))]
    if draw(st.integers(0, 3)) == 0:
        lines = lines[:-1]
    ends = draw(st.sampled_from([[b"\n"], [b"\r\n"], [b"\r"], [b"\n", b"\r\n", b"\r"]]))
    mark = draw(st.sampled_from([b"", b"", b"", BOM]))
    return mark + b"".join(line.encode() + draw(st.sampled_from(ends)) for line in lines)


@given(streams())
def test_a_generated_stream_reads_as_the_standard_says_however_it_is_cut(data):
    """As above, for streams that nobody thought of."""
    reads_by_the_standard(data)
    alike(SseReader, data, exact=b"\r\r\n" not in data)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("more", [0, 1, 3])
def test_a_frame_is_too_long_however_it_is_cut(end, more):
    """What counts is its length and not how it came; what stood before it goes on, and nothing behind it."""
    head, tail = b'data: {"choices":[{"delta":{"content":"', b'"}}]}'
    long = head + b"x" * (MAX_FRAME + more - len(head) - len(tail)) + tail
    first, last = head + b"a" + tail + 2 * end, b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}' + 2 * end
    data = first + end + long + 2 * end + last
    begins = len(first) + len(end)
    reads_alike(SseReader, data, near=(begins + MAX_FRAME, begins + len(long) + len(end)))
    reader = SseReader()
    out, _ = told(reader, [data])
    if more <= 0:
        assert (out.startswith(data), reader.finished, reader.refusal) == (True, True, None)
    else:
        assert (out, reader.refusal.kind) == (first + end, FailureKind.GARBAGE)


def test_a_frame_that_is_too_long_behind_the_end_is_nobodys_business():
    """The answer was complete."""
    data = KEPT["usage-lf"] + b"data: " + b"x" * 2 * MAX_FRAME
    for parts in cuttings(data, near=(len(KEPT["usage-lf"]), len(data) - 9)):
        reader = SseReader()
        out, _ = told(reader, parts)
        assert (out, reader.finished, reader.refusal) == (KEPT["usage-lf"], True, None)
