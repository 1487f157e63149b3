"""Thoughts that nobody signed are left out of a conversation, and nothing else of it is changed."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.fakes import deployment, provider, request
from pointsman.model.request import Native
from pointsman.providers.anthropic import DIALECT
from pointsman.providers.anthropic.signed import signed

MINE = b'{"type":"thinking","thinking":"a","signature": ""}'
OWN = b'{"type": "thinking", "thinking": "b", "signature": "c2ln"}'
TEXT = b'{"type":"text","text":"\\u00e9", "n": 1.10}'
USER = b'{"role": "user", "content": "hi", "x": [1e400, 0.1000000000000000055, 1.10]}'
ASKED = b'{"role":"user","content":[{"type":"text","text":"And?"}]}'
PLAIN = b'{"role":"user","content":"h\\u0069"}'


def turn(*blocks):
    return b'{"role":"assistant","content":[%b]}' % b",".join(blocks)


def left(*turns):
    return bytes(signed(msgspec.Raw(b"[%b]" % b",".join(turns))))


def array(*turns):
    return b"[%b]" % b",".join(turns)


def test_what_is_signed_and_all_else_stays_to_the_byte():
    """Figures that no float can hold, escapes and blanks."""
    assert left(USER, turn(MINE, OWN, TEXT), ASKED) == array(USER, turn(OWN, TEXT), ASKED)
    assert left(USER, turn(b'{"type":"thinking","thinking":"a","signature":null}', TEXT)) == array(USER, turn(TEXT))


def test_a_turn_of_nothing_else_is_left_out():
    """Anthropic refuses empty ones. The turns around it become one where they say nothing besides."""
    assert left(PLAIN, turn(MINE)) == array(PLAIN)
    joined = b'{"role":"user","content":[{"type":"text","text":"h\\u0069"},{"type":"text","text":"And?"}]}'
    assert left(PLAIN, turn(MINE), turn(MINE, MINE), ASKED) == array(joined)
    assert left(USER, turn(MINE), ASKED) == array(USER, ASKED)
    assert left(turn(MINE), ASKED, ASKED) == array(ASKED, ASKED)
    assert left(turn(TEXT), turn(MINE), ASKED) == array(turn(TEXT), ASKED)
    assert left(turn(MINE)) == array(turn(MINE))


@pytest.mark.parametrize(
    "messages",
    [b"5", b'{"a":[]}', b"[5,null]", b'[{"content":5},{"role":1e400}]', b"[" + b"[" * 5000 + b"]" * 5000 + b"]"],
)
def test_what_nobody_can_read_stays_as_it_is(messages):
    """Anthropic says what is wrong with it."""
    assert bytes(signed(msgspec.Raw(messages))) == messages


def test_a_request_with_a_figure_beyond_all_floats_is_written():
    """Without the thought."""
    at = deployment("m", "m", provider(kind="anthropic"), model="up")
    fields = {"model": msgspec.Raw(b'"m"'), "messages": msgspec.Raw(array(USER, turn(MINE, TEXT)))}
    native = Native("anthropic", fields, path="/v1/messages")
    call = DIALECT.natives["anthropic"].write(msgspec.structs.replace(request("m"), native=native), at, "up")
    assert call.body == b'{"model":"up","messages":%b}' % array(USER, turn(TEXT))
