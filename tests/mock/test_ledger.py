"""What the ledger keeps, masks, counts and lets tests wait for."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import pytest

from pointsman.mock.ledger import MAX_BODIES_KEPT, MAX_BODY_KEPT, Ledger
from pointsman.mock.message import Request


def request(headers=(), fields=None, body=b"{}"):
    return Request("POST", "/v1/x", "", list(headers), body, True, True, fields=fields or {})


def test_numbers_only_rise():
    """Entries are numbered from 1 without gaps, also after the ledger was cleared."""
    ledger = Ledger()
    first = [ledger.open(request()).number for _ in range(2)]
    ledger.clear()
    assert [*first, ledger.open(request()).number] == [1, 2, 3]


def test_it_is_bounded():
    """Only the last entries are kept; the total counts all."""
    ledger = Ledger(size=3)
    for _ in range(5):
        ledger.open(request())
    assert ([entry.number for entry in ledger.entries], ledger.total) == ([3, 4, 5], 5)


def test_a_huge_body_is_counted_not_kept():
    """A body above the limit leaves its size behind, not its content."""
    body = b" " * (MAX_BODY_KEPT + 1)
    entry = Ledger().open(request(fields={"model": "a"}, body=body))
    assert (entry.body, entry.body_bytes) == ({}, MAX_BODY_KEPT + 1)


def test_all_bodies_together_are_bounded():
    """Many large bodies push out the oldest ones; their entries stay."""
    ledger = Ledger()
    for _ in range(MAX_BODIES_KEPT // MAX_BODY_KEPT + 2):
        ledger.open(request(fields={"model": "a"}, body=b" " * MAX_BODY_KEPT))
    bodies = [bool(entry.body) for entry in ledger.entries]
    assert bodies == [False, False, *[True] * (len(bodies) - 2)]


def test_flight_and_peak():
    """in_flight counts open entries, peak the most there were at once."""
    ledger = Ledger()
    one, two = ledger.open(request()), ledger.open(request())
    ledger.close(one, finished=True)
    ledger.close(two, client_closed=True)
    assert (ledger.in_flight, ledger.peak) == (0, 2)


def test_ends_are_counted_and_timed():
    """An entry tells when it began and ended; finished and cancelled count how, an end by a fault is neither."""
    now = [5.0]
    ledger = Ledger(clock=lambda: now[0])
    one, two, three = (ledger.open(request()) for _ in range(3))
    now[0] = 7.5
    ledger.close(one, finished=True)
    ledger.close(two, client_closed=True)
    ledger.close(three)
    assert (ledger.finished, ledger.cancelled) == (1, 1)
    assert {(entry.began, entry.ended) for entry in ledger.entries} == {(5.0, 7.5)}
    ledger.clear()
    assert (ledger.finished, ledger.cancelled) == (0, 0)


def test_an_entry_is_settled_once():
    """The first ending counts: what follows changes neither the entry nor the count."""
    ledger = Ledger()
    entry = ledger.open(request())
    ledger.close(entry, finished=True)
    ledger.close(entry, client_closed=True)
    assert (entry.finished, entry.client_closed, ledger.in_flight) == (True, False, 0)


@pytest.mark.parametrize(
    ("name", "value", "masked", "matched"),
    [
        (b"authorization", b"Bearer sk-right", "Bearer ***", True),
        (b"authorization", b"Bearer sk-wrong", "Bearer ***", False),
        (b"x-api-key", b"sk-right", "***", True),
        (b"api-key", b"sk-right", "***", True),
    ],
)
def test_a_key_is_masked(name, value, masked, matched):
    """A key is kept as a digest and a flag whether it matched; the header shows nothing of it."""
    entry = Ledger(keys=["sk-right"]).open(request([(name, value), (b"accept", b"*/*")]))
    digest = sha256(value.removeprefix(b"Bearer ")).hexdigest()[:12]
    assert entry.headers == {name.decode(): masked, "accept": "*/*"}
    assert (entry.key_sent, entry.key_matched, entry.key_digest) == (True, matched, digest)
    assert "sk-" not in repr(entry) + str(entry.told())


def test_cookies_are_masked_too():
    """A cookie is a secret, but not a key."""
    entry = Ledger().open(request([(b"cookie", b"session=abc")]))
    assert (entry.headers, entry.key_sent) == ({"cookie": "***"}, False)


async def test_waiting_sees_the_past():
    """wait_for returns at once when an entry already fits."""
    ledger = Ledger()
    entry = ledger.open(request())
    assert await ledger.wait_for(lambda seen: seen.open) is entry


async def test_waiting_sees_the_future():
    """wait_for returns when an entry comes to fit."""
    ledger = Ledger()
    entry = ledger.open(request())
    waiting = asyncio.ensure_future(ledger.wait_for(lambda seen: seen.client_closed))
    asyncio.get_running_loop().call_soon(lambda: ledger.close(entry, client_closed=True))
    assert await waiting is entry


async def test_waiting_in_vain_says_what_there_was():
    """A wait that runs out names the counts and the last entry."""
    ledger = Ledger()
    ledger.open(request())
    with pytest.raises(TimeoutError, match=r"1 received, 1 in flight.*Entry\(number=1"):
        await ledger.wait_for(lambda seen: seen.finished, timeout=0)
