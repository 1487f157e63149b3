"""What of a stream has come and is not whole yet. A byte is looked at a few times at most, however many pieces it takes
until its frame ends.
"""

from __future__ import annotations

from pointsman.providers.frames import frame_end, split_frames

OVERLAP = 3
"""Bytes before a new piece that may belong to the same empty line."""


class Frames:
    """Server-sent events, cut anywhere."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def __len__(self) -> int:
        return len(self._rest)

    def add(self, data: bytes) -> list[bytes]:
        """The frames that are whole now, each with its empty line."""
        if not self._rest:
            end = frame_end(data)
            self._rest += data[end:]
            return split_frames(data[:end])
        before = bytes(self._rest[-OVERLAP:])
        piece = before + data
        end = frame_end(piece, len(before))
        self._rest += data
        if not end:
            return []
        left = len(piece) - end
        whole = bytes(self._rest[: len(self._rest) - left])
        self._rest = bytearray(piece[end:])
        return split_frames(whole)

    def rest(self) -> bytes:
        """What is not whole, which is then gone from here."""
        rest, self._rest = bytes(self._rest), bytearray()
        return rest


class Lines:
    """Lines that end with LF, cut anywhere."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def __len__(self) -> int:
        return len(self._rest)

    def add(self, data: bytes) -> list[bytes]:
        """The lines that are whole now, each with its end."""
        first, *lines = data.split(b"\n")
        self._rest += first
        if not lines:
            return []
        whole = [bytes(self._rest), *lines[:-1]]
        self._rest = bytearray(lines[-1])
        return [line + b"\n" for line in whole]

    def rest(self) -> bytes:
        """What is not whole, which is then gone from here."""
        rest, self._rest = bytes(self._rest), bytearray()
        return rest
