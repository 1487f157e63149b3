"""Triton's stream cut at every byte: kept streams, every end of a line, long frames; and read by the standard."""

from __future__ import annotations

import json

import pytest

from pointsman.fakes import request
from pointsman.model.exchange import StreamReader
from pointsman.model.outcome import FailureKind
from pointsman.providers.triton import DIALECT
from pointsman.providers.triton.stream import MAX_FRAME
from support.cutting import corpus, cuttings, reads_alike, told
from support.event_stream import events

KEPT = corpus("triton")
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}
FRAME = b'data: {"text_output":"%b"}\n\n'


def reader() -> StreamReader:
    return DIALECT.reader(request(stream=True, id="0" * 24), "m")


def words(data: bytes) -> list[str]:
    """What a stream says to who reads it by the standard, as far as its first error."""
    found = []
    for event in events(data):
        reply = json.loads(event.data) if event.data else {}
        if "error" in reply:
            break
        found += [reply["text_output"]] if reply.get("text_output") else []
    return found


def told_words(out: bytes) -> list[str]:
    chunks = [json.loads(event.data) for event in events(out) if event.data != b"[DONE]"]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return [delta["content"] for delta in deltas if delta.get("content")]


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_stream_tells_the_same_however_it_is_cut(name):
    """To the byte, and by the standard what it says."""
    reads_alike(reader, KEPT[name])
    out, _ = told(reader(), [KEPT[name]])
    assert told_words(out) == words(KEPT[name])


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", ["tensorrt_llm", "vllm"])
def test_a_line_may_end_in_any_way(name, end):
    """With the same words and the same verdict."""
    data = KEPT[name].replace(b"\n", ENDS[end])
    reads_alike(reader, data)
    assert told(reader(), [data]) == told(reader(), [KEPT[name]])


@pytest.mark.parametrize("name", KEPT)
def test_only_what_is_whole_looks_complete(name):
    """A stream that is cut within a frame, told an error, or has not said why it ended though it says so, is not."""
    for parts in cuttings(KEPT[name]):
        whole = reader()
        told(whole, parts)
        assert whole.finished == (name not in ("error", "cut"))


@pytest.mark.parametrize("size", [MAX_FRAME - len(FRAME.strip()) + 2, MAX_FRAME - len(FRAME.strip()) + 3])
def test_a_frame_may_have_a_mebibyte(size):
    """And no byte more, however it comes."""
    data = FRAME % b"a" + FRAME % (b"x" * size) + FRAME % b"b"
    near = (len(FRAME) - 1, len(data) - len(FRAME) + 1, MAX_FRAME, MAX_FRAME + len(FRAME) - 1)
    reads_alike(reader, data, near)
    out, _ = told(it := reader(), [data])
    if len(FRAME.strip()) - 2 + size <= MAX_FRAME:
        assert (it.refusal, told_words(out)[-1]) == (None, "b")
    else:
        assert it.refusal is not None
        assert (it.refusal.kind, told_words(out)) == (FailureKind.GARBAGE, ["a"])
