"""A text as hashed features: words, pairs of words, and runs of four characters.

All of it is arithmetic on arrays, no loop over words: a prompt of 200 words takes about a tenth of a millisecond. The
hash has no seed, so that what was learnt in one process holds in every other. ``VERSION`` names these features;
weights learnt from others do not fit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pointsman.routing.classify.text import folded

VERSION = 1
BITS = 15
SIZE = 1 << BITS

RUN = 4
LONGEST_WORD = 64
"""Characters of a word that are told apart."""

Floats = NDArray[np.float32]
Hashes = NDArray[np.uint64]
Indices = NDArray[np.intp]

SPACE, LETTER, DIGIT, SYMBOL = range(4)

IDEOGRAPHS, PICTURES = (0x2E80, 0x9FFF), 0x1F000
"""Scripts written without spaces, and emoji: each character is a word."""


class Features(NamedTuple):
    """Places in a table of SIZE rows, each once and in order, and how much of each: 1 + log of how often."""

    places: Indices
    amounts: Floats


NOTHING = Features(np.zeros(0, np.intp), np.zeros(0, np.float32))


def _kinds() -> NDArray[np.uint8]:
    kinds = [
        LETTER if char.isalpha() or char == "'" else DIGIT if char.isdigit() else SPACE if code <= 32 else SYMBOL
        for code, char in enumerate(map(chr, range(128)))
    ]
    return np.array(kinds, np.uint8)


def _shapes() -> NDArray[np.uint32]:
    """Each character as it counts: all digits are one, and so is all white space."""
    return np.array(
        [ord("0") if kind == DIGIT else 32 if kind == SPACE else code for code, kind in enumerate(_kinds())], np.uint32
    )


KINDS, SHAPES = _kinds(), _shapes()
OFTEN = (1.0 + np.log(np.maximum(np.arange(4096), 1))).astype(np.float32)
POWERS = np.array([pow(0x9E3779B97F4A7C15, n + 1, 1 << 64) for n in range(LONGEST_WORD)], np.uint64)


def features(text: str) -> Features:
    """The features of a text, whatever it holds."""
    chars, kinds = _chars(folded(text))
    words = _words(chars, kinds)
    if not len(words):
        return NOTHING
    hashes = np.concatenate((words * _odd(1), words[:-1] * _odd(2) + words[1:] * _odd(3), _runs(chars)))
    return _counted(np.sort((_mixed(hashes) >> np.uint64(64 - BITS)).astype(np.uint16)))


def _counted(places: NDArray[np.uint16]) -> Features:
    """Each place once. They come in order."""
    new = np.empty(len(places), bool)
    new[0] = True
    np.not_equal(places[1:], places[:-1], out=new[1:])
    first = np.flatnonzero(new)
    counts = np.empty(len(first), np.intp)
    np.subtract(first[1:], first[:-1], out=counts[:-1])
    counts[-1] = len(places) - first[-1]
    often: Floats = OFTEN.take(counts, mode="clip")
    return Features(places[first].astype(np.intp), often)


def _chars(text: str) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Characters as they count and what kind each is, with one space for any run of them and one at either end."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "replace"), np.uint32)
    plain = np.minimum(codes, 127)
    kinds = KINDS[plain]
    chars = SHAPES[plain]
    if not text.isascii():
        beyond = codes > 127
        alone = (codes >= IDEOGRAPHS[0]) & (codes <= IDEOGRAPHS[1]) | (codes >= PICTURES)
        kinds = np.where(beyond, np.where(alone, np.uint8(SYMBOL), np.uint8(LETTER)), kinds)
        chars = np.where(beyond, codes, chars)
    blank = kinds == SPACE
    kept = ~blank
    kept[0] = True
    kept[1:] |= ~blank[:-1]
    return chars[kept], kinds[kept]


def _words(chars: NDArray[np.uint32], kinds: NDArray[np.uint8]) -> Hashes:
    """One hash for each run of letters, run of digits, or single symbol."""
    begins = kinds == SYMBOL
    begins[0] = True
    begins[1:] |= kinds[1:] != kinds[:-1]
    starts = np.flatnonzero(begins)
    lengths = np.empty(len(starts), np.intp)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = len(kinds) - starts[-1]
    within = np.arange(len(kinds)) - starts.repeat(lengths)
    hashes: Hashes = np.add.reduceat(chars * POWERS.take(within, mode="clip"), starts)
    return _mixed(hashes[kinds.take(starts) != SPACE])


def _runs(chars: NDArray[np.uint32]) -> Hashes:
    """One hash for each run of four characters, spaces included."""
    if len(chars) < RUN:
        return np.zeros(0, np.uint64)
    last = len(chars) - RUN + 1
    hashes: Hashes = chars[:last] * POWERS[0]
    for n in range(1, RUN):
        hashes += chars[n : last + n] * POWERS[n]
    return _mixed(hashes)


def _odd(family: int) -> Any:
    """A factor of its own for each family of features."""
    return POWERS[family * 7] | np.uint64(1)


def _mixed(hashes: Hashes) -> Hashes:
    """Every bit depends on every other (after splitmix64)."""
    hashes = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return hashes ^ (hashes >> np.uint64(29))
