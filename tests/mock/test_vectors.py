"""Embeddings: unit length, the same for the same text, near for similar ones."""

from __future__ import annotations

import base64
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.mock.vectors import base64_floats, embed


def cosine(one, two):
    return math.fsum(a * b for a, b in zip(one, two, strict=True))


@given(st.text(), st.integers(1, 64))
def test_vectors_have_unit_length(text, size):
    """Whatever the text, its vector has the size asked for and length one, and comes out the same again."""
    vector = embed(text, size)
    assert len(vector) == size
    assert math.isclose(cosine(vector, vector), 1.0, abs_tol=1e-9)
    assert vector == embed(text, size)


def test_similar_texts_are_near():
    """Texts that share words are nearer than texts that do not."""
    one = embed("the train leaves the station at noon", 256)
    near = embed("the train leaves the station at night", 256)
    far = embed("bake two eggs with butter", 256)
    assert cosine(one, near) > cosine(one, far) + 0.3


def test_fewer_dimensions_are_the_first_ones():
    """Fewer dimensions cut the full vector and make it unit length again."""
    full, cut = embed("points and signals", 128), embed("points and signals", 128, 32)
    ratio = [a / b for a, b in zip(full, cut, strict=False) if b]
    assert len(cut) == 32
    assert ratio == pytest.approx([ratio[0]] * len(ratio))


def test_base64_holds_little_endian_floats():
    """The base64 form decodes to the vector in 32-bit floats."""
    vector = embed("signal", 8)
    decoded = struct.unpack("<8f", base64.b64decode(base64_floats(vector)))
    assert decoded == pytest.approx(vector, abs=1e-6)
