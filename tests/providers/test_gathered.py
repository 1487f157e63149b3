"""Frames and lines that come in pieces: the same however they are cut, and every byte looked at a few times at most."""

from __future__ import annotations

import pytest

from pointsman.fakes import request
from pointsman.providers import gathered
from pointsman.providers.anthropic import DIALECT as ANTHROPIC
from pointsman.providers.frames import frame_end, split_frames
from pointsman.providers.gathered import Frames, Lines
from pointsman.providers.ollama import DIALECT as OLLAMA
from pointsman.providers.passing import DIALECT as PASSING
from pointsman.providers.responses import DIALECT as RESPONSES
from support.cutting import corpus, cuttings

KEPT = [data for kind in ("sse", "ndjson") for data in corpus(kind).values() if b"\r\r\n" not in data]
PIECE = 16 * 1024
BIG = b"x" * (8 * 1024 * 1024)
READERS = {
    "anthropic": (
        ANTHROPIC.natives["anthropic"],
        b'{"type":"content_block_start","content_block":{"type":"web_fetch_tool_result","content":"%b"}}',
    ),
    "responses": (RESPONSES, b'{"type":"response.output_item.done","item":{"result":"%b"}}'),
    "passing": (PASSING, b'{"type":"image_generation.partial_image","b64_json":"%b"}'),
}


@pytest.mark.parametrize("data", KEPT)
def test_frames_and_lines_are_the_same_however_they_are_cut(data):
    """With their ends, and what is not whole is the rest; blanks between frames may be either."""
    end, cut = frame_end(data), data.rfind(b"\n") + 1
    for parts in cuttings(data):
        frames, lines = Frames(), Lines()
        told = b"".join(frame for part in parts for frame in frames.add(part))
        rest = frames.rest()
        assert (told + rest, rest.strip(), len(frames)) == (data, data[end:].strip(), 0)
        found = [line for part in parts for line in lines.add(part)]
        assert (b"".join(found), lines.rest()) == (data[:cut], data[cut:])
        assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in found)
    assert b"".join(split_frames(data[:end])) == data[:end]


@pytest.mark.parametrize("protocol", READERS)
def test_a_large_event_is_passed_on_and_searched_once(protocol, monkeypatch):
    """8 MiB in small pieces; what is searched for an end grows with the bytes and not with their square."""
    searched = []

    def counted(data, seen=0):
        searched.append(len(data))
        return frame_end(data, seen)

    monkeypatch.setattr(gathered, "frame_end", counted)
    dialect, form = READERS[protocol]
    data = b"event: a\ndata: " + form % BIG + b"\n\n"
    reader = dialect.reader(request(stream=True), "m")
    told = [reader.feed(data[at : at + PIECE]) for at in range(0, len(data), PIECE)]
    assert b"".join(told) == data
    assert (reader.refusal, reader.content, reader.skipped) == (None, True, 0)
    assert len(data) <= sum(searched) < 1.01 * len(data)


def test_a_large_line_is_passed_on_and_searched_once():
    """Of Ollama's stream."""
    searched = []

    class Piece(bytes):
        __slots__ = ()

        def split(self, *by):
            searched.append(len(self))
            return super().split(*by)

    data = b'{"message":{"images":["%b"]}}\n' % BIG
    reader = OLLAMA.natives["ollama"].reader(request(stream=True), "m")
    assert b"".join(reader.feed(Piece(data[at : at + PIECE])) for at in range(0, len(data), PIECE)) == data
    assert (reader.refusal, reader.content, sum(searched)) == (None, True, len(data))
