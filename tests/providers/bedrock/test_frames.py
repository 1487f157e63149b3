"""AWS's event stream, read the same however it is cut, against botocore's own decoder."""

from __future__ import annotations

import struct
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError
from hypothesis import given
from hypothesis import strategies as st

from pointsman.mock.bedrock.frames import event, exception, message
from pointsman.providers.bedrock.frames import MAX_FRAME, Frame, Frames, fields_of

WORDS = [{"delta": {"text": text}, "p": "abc"} for text in ("hé", " 😀", "\n\n", "")]
STREAM = b"".join(
    [
        event("messageStart", {"role": "assistant"}),
        *[event("contentBlockDelta", word) for word in WORDS],
        message({":message-type": "event", ":event-type": "empty"}, b""),
        exception("throttlingException", {"message": "slower"}),
        message({":message-type": "error", ":error-code": "InternalError", ":error-message": "m"}, b""),
    ]
)
NAMES = ["messageStart", *["contentBlockDelta"] * 4, "empty", "throttlingException", "InternalError"]


def ours(parts) -> tuple[list[Frame], str]:
    frames = Frames()
    return [frame for part in parts for frame in frames.feed(part)], frames.broken


def theirs(parts) -> tuple[list[Frame], bool]:
    """What botocore reads of it, and whether it gives up."""
    buffer, found = EventStreamBuffer(), []
    try:
        for part in parts:
            buffer.add_data(part)
            for each in buffer:
                failed = each.headers[":message-type"] != "event"
                name = next((each.headers[h] for h in (":exception-type", ":error-code") if h in each.headers), "")
                found.append(Frame(name if failed else each.headers[":event-type"], failed, each.payload))
    except (ParserError, KeyError, UnicodeDecodeError, struct.error):
        return found, True
    return found, False


def framed(headers: bytes, payload: bytes = b"{}") -> bytes:
    """A frame whose checksums are right, whatever its headers."""
    lengths = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    rest = lengths + struct.pack("!I", crc32(lengths)) + headers + payload
    return rest + struct.pack("!I", crc32(rest))


def test_a_stream_is_read():
    """Events by their names, exceptions and errors by their types."""
    frames, broken = ours([STREAM])
    assert [frame.name for frame in frames] == NAMES
    assert [frame.failed for frame in frames] == [False] * 6 + [True] * 2
    assert (frames, broken) == (theirs([STREAM])[0], "")


def test_cut_at_every_byte():
    """In two, the frames are those of botocore's decoder."""
    for cut in range(len(STREAM) + 1):
        parts = [STREAM[:cut], STREAM[cut:]]
        assert ours(parts) == (theirs(parts)[0], "")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 64])
def test_cut_into_small_pieces(size):
    """Byte by byte too."""
    parts = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert ours(parts) == (theirs([STREAM])[0], "")


def test_what_is_not_whole_is_waited_for():
    """A stream that is cut off is not broken: its whole frames are told, half a frame is not."""
    for length in range(len(STREAM)):
        assert ours([STREAM[:length]]) == (theirs([STREAM[:length]])[0], "")


@given(at=st.integers(0, len(STREAM) - 1), bit=st.integers(0, 7), size=st.integers(1, 400))
def test_a_wrong_bit_is_noticed(at, bit, size):
    """Wherever it is: what stood before its frame is told, and nothing from there on, in whatever pieces."""
    bad = bytearray(STREAM)
    bad[at] ^= 1 << bit
    parts = [bytes(bad[start : start + size]) for start in range(0, len(bad), size)]
    frames, broken = ours(parts)
    expected, gave_up = theirs([bytes(bad)])
    assert (frames, bool(broken)) == (expected, gave_up)
    assert frames == theirs([STREAM])[0][: len(frames)]
    assert broken


@given(junk=st.binary(max_size=200), size=st.integers(1, 50))
def test_rubbish_is_no_stream(junk, size):
    """Nothing but Frames comes of it, and it is broken exactly where botocore gives up, if at all."""
    parts = [junk[start : start + size] for start in range(0, len(junk), size)]
    frames, broken = ours(parts)
    assert (frames, bool(broken)) == theirs([junk])


@given(headers=st.binary(max_size=40))
def test_odd_headers(headers):
    """Behind right checksums: read, or broken, but never an error of another kind."""
    frames, broken = ours([framed(headers)])
    assert bool(broken) == (not frames)


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        ((MAX_FRAME + 1, 0), "a frame of more than 1048576 bytes"),
        ((2**32 - 1, 0), "a frame of more than 1048576 bytes"),
        ((15, 0), "a frame that is shorter than its headers"),
        ((100, 85), "a frame that is shorter than its headers"),
        ((0, 0), "a frame that is shorter than its headers"),
    ],
)
def test_lengths_that_can_t_be(lengths, told):
    """Noticed with the first twelve bytes: nobody waits for a frame that will not end."""
    prelude = struct.pack("!II", *lengths)
    assert ours([prelude + struct.pack("!I", crc32(prelude))]) == ([], told)


def test_the_largest_frame():
    """Is read; one byte more is not."""
    fits = framed(b"", b"x" * (MAX_FRAME - 16))
    assert [len(frame.payload) for frame in ours([fits])[0]] == [MAX_FRAME - 16]
    assert ours([framed(b"", b"x" * (MAX_FRAME - 15))])[0] == []


def test_headers_of_every_type():
    """Those that are text are told; the others are passed over, whatever their size."""
    values = [
        b"\x00", b"\x01", b"\x02\x05", b"\x03\x00\x05", b"\x04\x00\x00\x00\x05", b"\x05" + bytes(8),
        b"\x06\x00\x02ab", b"\x07\x00\x02hi", b"\x08" + bytes(8), b"\x09" + bytes(16),
    ]  # fmt: skip
    headers = b"".join(b"\x01" + b"%d" % number + value for number, value in enumerate(values))
    assert fields_of(headers) == {"7": "hi"}


def test_nothing_is_read_behind_the_damage():
    """Whole frames that follow in later pieces neither."""
    frames = Frames()
    bad = bytearray(event("a", {}))
    bad[-1] ^= 1
    assert frames.feed(bytes(bad)) == []
    assert (frames.broken, frames.feed(STREAM)) == ("the checksum of a frame is wrong", [])
