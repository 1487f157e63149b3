"""Server-sent events as bytes: where whole frames end, and what they carry."""

from __future__ import annotations


def frame_end(data: bytes) -> int:
    """Where the last whole frame ends: after an empty line, in LF or CRLF; 0 if none is whole."""
    if data.endswith(b"\n\n"):
        return len(data)
    plain = data.rfind(b"\n\n") + 2
    windows = data.rfind(b"\r\n\r\n") + 4
    return max(plain if plain > 1 else 0, windows if windows > 3 else 0)


def split_frames(data: bytes) -> list[bytes]:
    """Whole frames, each with its empty line."""
    frames = []
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True):
        lines.append(line)
        if not line.strip(b"\r\n"):
            frames.append(b"".join(lines))
            lines = []
    return frames


def payload_of(frame: bytes) -> bytes | None:
    """The data of a frame; None for comments and empty ones."""
    if frame.startswith(b"data: ") and frame.count(b"\n") <= 2:
        return frame[6:].rstrip()
    found = [line[5:].removeprefix(b" ") for line in frame.splitlines() if line.startswith(b"data:")]
    return b"\n".join(found) if found else None
