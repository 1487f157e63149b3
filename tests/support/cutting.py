"""A stream cut into pieces in every way that matters, and all that a reader has to say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

from pointsman.model.exchange import StreamReader

SHORT = 3000
"""Bytes: a stream that is shorter is cut at every place; a longer one where it may matter and at random."""

CORPUS = Path(__file__).parents[1] / "providers" / "corpus"


def corpus(kind: str) -> dict[str, bytes]:
    """The kept streams, by name: written by hand, a file each, and found by fuzzing, a line each, escaped."""
    kept = {path.stem: path.read_bytes() for path in sorted((CORPUS / kind).glob("*.stream"))}
    found = CORPUS / kind / "found.txt"
    lines = found.read_text("ascii").splitlines() if found.exists() else []
    return kept | {f"found {n}": unescaped(line) for n, line in enumerate(lines, 1)}


def escaped(data: bytes) -> str:
    """On one line, in ASCII."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def unescaped(line: str) -> bytes:
    return line.encode("ascii").decode("unicode_escape").encode("latin-1")


def at(data: bytes, places: list[int]) -> list[bytes]:
    return [data[a:b] for a, b in pairwise([0, *sorted(places), len(data)])]


def cuttings(data: bytes, near: tuple[int, ...] = (), seed: int = 0) -> Iterator[list[bytes]]:
    """In two at every place, byte by byte, and in random pieces; a long one ``near`` some places and at random."""
    dice = Random(seed)
    places = range(len(data) + 1)
    if len(data) > SHORT:
        places = sorted({p for n in near for p in range(n - 3, n + 4) if 0 <= p <= len(data)})
    for place in places:
        yield at(data, [place])
    if len(data) <= SHORT:
        yield [data[n : n + 1] for n in range(len(data))]
    for most in (2, 7, 20, 60):
        yield at(data, [dice.randint(0, len(data)) for _ in range(dice.randint(1, most))])


def told(reader: StreamReader, parts: list[bytes]) -> tuple[bytes, tuple]:
    """What goes on to the caller, and everything else that a reader tells."""
    reader.remember()
    out = b"".join([*map(reader.feed, parts), reader.close()])
    refusal = reader.refusal
    verdict = (reader.content, reader.begun, reader.ending, reader.finished, reader.deltas, reader.skipped)
    return out, (*verdict, reader.usage, reader.said(), refusal and (refusal.kind, refusal.detail, refusal.body))


def filled(out: bytes) -> list[bytes]:
    """The lines with something on them, however they end."""
    return [line for line in out.splitlines() if line]


def reads_alike(make: Callable[[], StreamReader], data: bytes, near: tuple[int, ...] = (), seed: int = 0) -> None:
    """Raises AssertionError unless a stream tells the same however it is cut, to the byte.

    One thing can't be known in time: whether CR CR is a whole end or the beginning of CR CRLF. There the line ends
    between frames may differ, and nothing else.
    """
    out, verdict = told(make(), [data])
    exact = b"\r\r\n" not in data
    for parts in cuttings(data, near, seed):
        got, said = told(make(), parts)
        assert said == verdict, parts
        assert got == out if exact else filled(got) == filled(out), parts
