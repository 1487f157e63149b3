"""Ollama's stream of lines, cut at every byte: kept streams, generated ones, long lines."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import request
from pointsman.model.exchange import StreamReader
from pointsman.model.outcome import FailureKind
from pointsman.providers.ollama import DIALECT
from pointsman.providers.ollama.stream import MAX_LINE
from support.cutting import corpus, cuttings, reads_alike, told
from support.event_stream import events
from support.fuzzing import alike

KEPT = corpus("ndjson")
ENDS = {"LF": b"\n", "CRLF": b"\r\n"}
WORD, LAST = b'{"message":{"content":"%b"}}', b'{"done":true}'


def reader() -> StreamReader:
    return DIALECT.reader(request(stream=True, id="0" * 24), "m")


class Told(NamedTuple):
    """What a stream says to who reads it line by line. ``said`` are the texts that are passed on."""

    content: bool
    finished: bool
    refused: bool
    deltas: int
    skipped: int
    said: list[str]


def parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line.decode())
        return found if isinstance(found, dict) and isinstance(found.get("message", {}), dict) else None
    except ValueError:
        return None


def expected(data: bytes) -> Told:
    """The last line may lack its end; if half of it is missing, that is no rubbish."""
    content = finished = refused = False
    deltas = skipped = 0
    said = []
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if finished or refused:
            break
        if not line.strip():
            continue
        reply = parsed(line)
        if reply is None:
            skipped += number < len(lines)
            continue
        refused = "error" in reply
        if refused:
            continue
        message = reply.get("message", {})
        words = message.get("content", "")
        speaks = bool(words or message.get("thinking") or message.get("tool_calls"))
        finished = bool(reply.get("done"))
        content, deltas = content or speaks or finished, deltas + speaks
        said += [words] if words else []
    return Told(content, finished, refused, deltas, skipped, said)


def reads_by_the_line(data: bytes) -> None:
    it = reader()
    out, _ = told(it, [data])
    chunks = [json.loads(event.data) for event in events(out) if event.data != b"[DONE]"]
    words = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
    said = [word for word in words if word]
    assert Told(it.content, it.finished, it.refusal is not None, it.deltas, it.skipped, said) == expected(data)
    assert out.endswith(b"data: [DONE]\n\n") == it.finished


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_stream_reads_line_by_line_however_it_is_cut(name):
    """In two at every byte, byte by byte, in random pieces: the same frames come out, and the same is known."""
    reads_alike(reader, KEPT[name])
    if not name.startswith("found"):
        reads_by_the_line(KEPT[name])


lines = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(
        lambda text: json.dumps({"message": {"content": text}}, ensure_ascii=False).encode()
    ),
    st.sampled_from([b"", b" ", b"{", b"7", b"\xff", b'{"error": "died"}', b' {"done": true}\t', b'{"message": 5}']),
)


@given(
    st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\n", b"\r\n", b"\n\n", b"\r\r\n"])), max_size=8), st.booleans()
)
def test_a_generated_stream_reads_line_by_line_however_it_is_cut(rows, cut):
    """As above, for streams that nobody thought of."""
    data = b"".join(line + end for line, end in rows)
    data = data.rstrip() if cut else data
    reads_by_the_line(data)
    alike(reader, data)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_line_is_too_long_however_it_is_cut(end, more):
    """What counts is its length and not how it came; what stood before it goes on, and nothing behind it."""
    size = MAX_LINE + more - len(WORD % b"") - (len(end) - 1)  # a CR is a part of the line
    first, long = WORD % b"a" + end, WORD % (b"x" * size) + end
    data = first + end + long + LAST + end
    reads_alike(reader, data, near=(len(first) + len(end) + MAX_LINE, len(data) - len(LAST)))
    it = reader()
    out, _ = told(it, [data])
    assert b'"content":"a"' in out
    kind = it.refusal.kind if it.refusal is not None else None
    assert (it.finished, kind) == ((False, FailureKind.GARBAGE) if more else (True, None))


def test_a_line_that_is_too_long_behind_the_end_is_nobodys_business():
    """The answer was complete."""
    data = KEPT["whole-lf"] + b"x" * 2 * MAX_LINE
    for parts in cuttings(data, near=(len(KEPT["whole-lf"]), len(data) - 9)):
        it = reader()
        told(it, parts)
        assert (it.finished, it.refusal) == (True, None)


def test_empty_lines_without_end_are_too_long_as_well():
    """Memory is bounded, whatever it is that does not end."""
    it = reader()
    assert told(it, [b" " * (MAX_LINE + 1) + b"\n" + WORD % b"a" + b"\n"])[0] == b""
    assert it.refusal.kind == FailureKind.GARBAGE


def test_half_a_line_is_no_rubbish():
    """The stream was cut, and that is told already."""
    it = reader()
    told(it, [WORD % b"a" + b"\n" + b'{"mess'])
    assert (it.content, it.finished, it.skipped) == (True, False, 0)
