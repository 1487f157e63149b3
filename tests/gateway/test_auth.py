"""Who may ask, and what those who may not are told."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.check import SHORTEST_KEY, WELL_KNOWN
from pointsman.errors import Unauthorized
from pointsman.gateway import auth
from pointsman.gateway.auth import Keys, weakness
from pointsman.model.secret import Secret

KEY = "sk-a-long-and-random-one"
KEYS = Keys(Secret(KEY))


def check(keys: Keys = KEYS, **headers: bytes) -> None:
    keys.check({name.replace("_", "-").encode(): value for name, value in headers.items()})


@pytest.mark.parametrize("prefix", [b"Bearer ", b"bearer ", b"BEARER "])
def test_the_key_opens_as_a_bearer_token(prefix):
    """The scheme's case does not matter."""
    check(authorization=prefix + KEY.encode())


def test_the_key_opens_as_an_api_key():
    """Anthropic's clients send it so; another scheme in ``authorization`` does not stand in its way."""
    check(x_api_key=KEY.encode())
    check(authorization=b"Basic abc", x_api_key=KEY.encode())


WRONG = [
    b"",
    b" ",
    KEY.encode()[:-1],
    KEY.encode() + b"x",
    KEY.upper().encode(),
    b" " + KEY.encode(),
    KEY.encode() + b"\x00",
    b"\xff" * 40,
    b"k" * 100_000,
]


@pytest.mark.parametrize("wrong", WRONG)
def test_any_other_key_does_not(wrong):
    """Prefixes, extensions, other cases, bytes that are no text; the refusal does not repeat it."""
    for headers in ({"authorization": b"Bearer " + wrong}, {"x_api_key": wrong}):
        with pytest.raises(Unauthorized) as caught:
            check(**headers)
        error = caught.value
        assert (error.status, error.code) == (401, "invalid_api_key")
        assert len(error.message) < 100
        assert KEY not in str(error)


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": KEY.encode()}, {"authorization": b"Bearer"}, {"authorization": b"Basic x"}]
)
def test_without_a_key_the_refusal_says_how_to_send_one(headers):
    """The key alone in ``authorization`` is none."""
    with pytest.raises(Unauthorized, match="Authorization: Bearer"):
        check(**headers)


@given(st.binary(max_size=60))
def test_no_bytes_but_the_key_open(given_key):
    """Whatever stands in the header, it opens only if it is the key."""
    if given_key == KEY.encode():
        check(x_api_key=given_key)
        return
    with pytest.raises(Unauthorized):
        check(x_api_key=given_key)


def test_keys_are_compared_in_constant_time_and_by_their_digest(monkeypatch):
    """What is compared is always two digests of equal length, through ``hmac.compare_digest``."""
    compared = []
    real = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(auth.hmac, "compare_digest", watched)
    check(x_api_key=KEY.encode())
    for wrong in (b"x", b"y" * 1000):
        with pytest.raises(Unauthorized):
            check(x_api_key=wrong)
    assert compared == [(32, 32)] * 3


@pytest.mark.parametrize("master", [None, Secret("")])
def test_without_a_master_key_everybody_is_let_in(master):
    """An empty one is none."""
    keys = Keys(master)
    assert not keys.needed
    check(keys)


def test_a_key_outside_ascii_opens_as_utf8():
    """Bytes are compared, whatever they spell."""
    check(Keys(Secret("schlüssel-lang-genug")), x_api_key="schlüssel-lang-genug".encode())


def test_the_keys_do_not_print():
    """Neither the object nor what it holds shows the master key."""
    assert KEYS.needed
    assert KEY not in repr(KEYS) + repr(vars(KEYS))


@pytest.mark.parametrize("key", [None, "", "short", "x" * 40, *sorted(WELL_KNOWN)])
def test_weak_master_keys_are_found(key):
    """None, short ones, and the examples of every tutorial; the finding does not repeat the key."""
    found = weakness(Secret(key) if key is not None else None)
    assert found
    assert not key or key == "master" or key not in found.split()


def test_a_long_key_is_not_weak():
    """Sixteen characters that nobody knows."""
    assert weakness(Secret("sk-0123456789abcdefghij"[: SHORTEST_KEY + 8])) is None
