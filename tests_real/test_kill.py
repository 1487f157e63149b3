"""A real server dies: SIGKILL in the middle of a stream, in the middle of load, both, and back again."""

from __future__ import annotations

import asyncio

import openai
import pytest

from asks import ENDLESS, chat, ending, is_whole, spoken
from line import KEY, served_by
from processes import eventually

WORKERS = 8
EACH = 12  # requests of a worker, one after the other
FALLS_AFTER = 24  # answers


def test_killed_mid_stream(client, own_line):
    """A stream whose server dies is gone on with by the survivor: the caller hears all of one answer, and the record
    tells of both.
    """
    raw = client.chat.completions.with_raw_response.create(**chat(ENDLESS, stream=True))
    speaker = raw.headers["x-pointsman-deployment"]
    survivor = ({*own_line.servers} - {speaker}).pop()
    heard = []
    for chunk in raw.parse():
        heard.append(chunk)
        if len(heard) == 2:
            own_line.servers[speaker].kill()
    assert len(spoken(heard)) == ENDLESS
    assert ending(heard) == "length"
    record = client.get(f"/decisions/{raw.headers['x-pointsman-request-id']}", cast_to=object)
    tries = [(attempt["deployment"], attempt["failure"]) for attempt in record["outcome"]["attempts"]]
    assert [deployment for deployment, _ in tries] == [speaker, survivor]
    assert tries[0][1] in ("cut", "reset")
    assert tries[1][1] is None
    own_line.settles()
    _survivor_serves(client, {survivor})


async def test_killed_mid_load(client, aclient, own_line):
    """When a server dies under load no request is lost: the survivor answers those that were with it."""
    answered = await _load(aclient, own_line.right.kill)
    assert any(int(answer.headers["x-pointsman-attempts"]) > 1 for answer in answered[FALLS_AFTER:])
    await asyncio.to_thread(own_line.settles)
    await asyncio.to_thread(_survivor_serves, client, {"left"})


async def test_stopped_mid_load(client, aclient, own_line):
    """When a server is told to stop under load, and closes its connections in an orderly way, none is lost either."""
    await _load(aclient, own_line.right.stop)
    await asyncio.to_thread(own_line.settles)
    await asyncio.to_thread(_survivor_serves, client, {"left"})


async def test_killed_under_streams(client, aclient, own_line):
    """When a server dies each stream is either delivered whole or, if it had begun, ends with an error."""

    async def listen():
        heard = []
        try:
            async for chunk in await aclient.chat.completions.create(**chat(200, stream=True)):
                heard.append(chunk)
                if len(heard) == 20:
                    own_line.right.kill()
        except openai.APIError:
            return heard, "error"
        return heard, ending(heard)

    outcomes = await asyncio.gather(*(listen() for _ in range(WORKERS)))
    for heard, how in outcomes:
        assert how in ("length", "error")
        assert (len(spoken(heard)) == 200) == (how == "length")
        assert heard or how == "length"
    await asyncio.to_thread(own_line.settles)
    await asyncio.to_thread(_survivor_serves, client, {"left"})


def test_both_killed_and_one_back(client, own_line):
    """With nobody left the caller gets a 5xx that shows no address; a server that is back is used again."""
    for server in own_line.servers.values():
        server.kill()
    with pytest.raises(openai.InternalServerError) as told:
        client.chat.completions.create(**chat(8))
    text = told.value.response.text
    assert told.value.status_code in (502, 503)
    assert KEY not in text
    assert not [server for server in own_line.servers.values() if str(server.port) in text]
    own_line.settles()
    own_line.left.start()
    eventually(lambda: _answers(client), lambda: "the server is back, but never asked again")
    _survivor_serves(client, {"left"})


async def _load(aclient, fall):
    """Every answer to a bounded load, in the order they came; ``fall`` happens to a server in the middle of it."""
    answered = []

    async def work():
        for _ in range(EACH):
            answered.append(await aclient.chat.completions.with_raw_response.create(**chat(100)))
            if len(answered) == FALLS_AFTER:
                await asyncio.to_thread(fall)

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    assert len(answered) == WORKERS * EACH
    assert all(is_whole(answer.parse(), 100) for answer in answered)
    assert served_by(answered[:FALLS_AFTER]) == {"left", "right"}
    return answered


def _answers(client) -> bool:
    try:
        return is_whole(client.chat.completions.create(**chat(8)), 8)
    except openai.InternalServerError:
        return False


def _survivor_serves(client, survivors) -> None:
    """Request after request is answered, all by the survivors."""
    later = [client.chat.completions.with_raw_response.create(**chat(8)) for _ in range(6)]
    assert all(is_whole(answer.parse(), 8) for answer in later)
    assert served_by(later) == survivors
