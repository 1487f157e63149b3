"""The proxy that breaks connections does what it is told, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from laboratory.proxy import Act, Blackhole, FaultProxy, Point, Trouble
from pointsman.testing import MockProvider
from support.asking import ask
from support.serving import read_reply

PATIENCE = 20


@pytest.fixture
async def upstream():
    async with MockProvider("openai", models=["m"]) as provider:
        yield provider


async def heard(port: int) -> tuple[bytes, str]:
    """All bytes that come back for one request, and how it ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = b""
    try:
        writer.write(ask())
        async with asyncio.timeout(PATIENCE):
            while part := await reader.read(65536):
                data += part
                if data.endswith(b"}") and b"\r\n\r\n" in data and b'"usage"' in data:
                    return data, "open"
    except ConnectionResetError:
        return data, "reset"
    finally:
        writer.close()
    return data, "closed"


async def plain(upstream: MockProvider) -> bytes:
    return (await heard(upstream.port))[0]


def without_ids(data: bytes) -> bytes:
    """Ids and request numbers differ from answer to answer; the length doesn't."""
    return data[-700:].partition(b'"choices"')[2]


async def test_nothing_goes_wrong_without_a_plan(upstream):
    """Bytes pass both ways, and a second turn on the same connection too."""
    async with FaultProxy(upstream.port) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        for _ in range(2):
            writer.write(ask())
            assert (await asyncio.wait_for(read_reply(reader), PATIENCE)).status == 200
        assert (proxy.accepted, proxy.turns, proxy.open) == (1, 2, 1)
        writer.close()
        await proxy.until(lambda: proxy.open == 0)


@pytest.mark.parametrize("at", [0, 1, 50, 400, Point.HEAD])
@pytest.mark.parametrize(("act", "end"), [(Act.CLOSE, "closed"), (Act.RESET, "reset"), (Act.HALF_CLOSE, "closed")])
async def test_a_reply_ends_where_it_is_told_to(upstream, at, act, end):
    """So many bytes come, or the head alone, and then the end that was asked for."""
    whole = await plain(upstream)
    async with FaultProxy(upstream.port, Trouble(act, at)) as proxy:
        data, ended = await heard(proxy.port)
    head = whole.index(b"\r\n\r\n") + 4
    assert (len(data), ended) == (head if at is Point.HEAD else at, end)


@pytest.mark.parametrize(("act", "end"), [(Act.CLOSE, "closed"), (Act.RESET, "reset")])
@pytest.mark.parametrize("at", [Point.ACCEPT, Point.REQUEST])
async def test_the_upstream_never_hears_of_it(upstream, at, act, end):
    """What strikes before the request is through leaves no trace upstream."""
    async with FaultProxy(upstream.port, Trouble(act, at)) as proxy:
        assert await heard(proxy.port) == (b"", end)
    assert upstream.ledger.total == 0


@pytest.mark.parametrize("at", [Point.ACCEPT, Point.REQUEST, Point.ASKED, Point.HEAD, 60])
async def test_a_hang_is_silence_until_the_caller_leaves(upstream, at):
    """Nothing more comes; the proxy notices when the caller closes."""
    async with FaultProxy(upstream.port, Trouble(Act.HANG, at)) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(ask())
        if at not in (Point.ACCEPT, Point.REQUEST):
            await upstream.ledger.wait_for(lambda entry: not entry.open)
        await proxy.until(lambda: proxy.turns == 1)
        writer.close()
        await proxy.until(lambda: proxy.open == 0)
        data = await reader.read()
    assert len(data) <= (60 if at == 60 else 1000)
    assert b'"usage"' not in data


@pytest.mark.parametrize("trouble", [Trouble(Act.DELAY, Point.ASKED, 0.01), Trouble(Act.DRIP, Point.HEAD, 0.0, 64)])
async def test_what_comes_late_comes_whole(upstream, trouble):
    """A delay and a drip change no byte."""
    whole = await plain(upstream)
    async with FaultProxy(upstream.port, trouble) as proxy:
        data, _ = await heard(proxy.port)
    assert without_ids(data) == without_ids(whole)


async def test_what_is_held_back_can_be_let_go(upstream):
    """A delay ends when it is told to, and the rest passes."""
    whole = await plain(upstream)
    async with FaultProxy(upstream.port, Trouble(Act.DELAY, Point.HEAD, seconds=3600)) as proxy:
        hearing = asyncio.ensure_future(heard(proxy.port))
        await upstream.ledger.wait_for(lambda entry: entry.number == 2 and not entry.open)
        await proxy.until(lambda: proxy.held == 1)
        proxy.release()
        data, _ = await hearing
    assert without_ids(data) == without_ids(whole)


async def test_other_bytes(upstream):
    """Corrupt changes so many bytes from there on and no other."""
    async with FaultProxy(upstream.port, Trouble(Act.CORRUPT, 9, size=3, mask=0x01)) as proxy:
        data, _ = await heard(proxy.port)
    assert data.startswith(b"HTTP/1.1 311 OK\r\n")


async def test_a_plan_goes_by_turns(upstream):
    """Each turn has its own trouble, on whatever connection it comes."""
    troubles = {0: Trouble(Act.RESET, Point.ACCEPT), 1: Trouble(Act.CLOSE, 0)}
    async with FaultProxy(upstream.port, troubles.get) as proxy:
        ends = [(await heard(proxy.port))[1] for _ in range(3)]
    assert ends == ["reset", "closed", "open"]


async def test_a_port_can_be_closed_and_opened(upstream):
    """Refused connections find nobody; the same port listens again."""
    async with FaultProxy(upstream.port) as proxy:
        port = proxy.port
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await proxy.listen()
        assert ((await heard(port))[1], proxy.port) == ("open", port)


async def test_an_upstream_that_is_gone_resets(upstream):
    """Nobody behind the proxy is a lost connection in front of it."""
    await upstream.close()
    async with FaultProxy(upstream.port) as proxy:
        assert await heard(proxy.port) == (b"", "reset")


async def test_nobody_answers_at_a_blackhole():
    """A connection to it is neither accepted nor refused."""
    with Blackhole() as hole:
        connecting = asyncio.ensure_future(asyncio.open_connection("127.0.0.1", hole.port))
        done, _ = await asyncio.wait({connecting}, timeout=0.2)
        connecting.cancel()
    assert not done


@pytest.mark.parametrize("act", [Act.DELAY, Act.DRIP, Act.CORRUPT])
def test_some_troubles_need_a_reply(act):
    """Nothing can be done to a reply before there is one."""
    with pytest.raises(ValueError, match="no reply yet"):
        Trouble(act, Point.REQUEST)
