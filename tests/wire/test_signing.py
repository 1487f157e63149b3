"""Requests to AWS over the wire: signed one by one, in time, and refused in words where nobody signs."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from pointsman.fakes import provider
from pointsman.flow.effects import Call, Failed
from pointsman.model.aws import Aws, Pair
from pointsman.model.exchange import Answered, WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Secret
from pointsman.testing import MockProvider
from pointsman.wire.credentials import NotFound
from pointsman.wire.origin import origin_of
from pointsman.wire.perform import World
from pointsman.wire.pool import Pool
from pointsman.wire.signing import SignedPool, signed

PAIR = Pair(Secret("AKID"), Secret("secret/+="), Secret("to/ken=="))
KEY = "AKID:secret/+=:to/ken=="
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
BODY = msgspec.json.encode({"messages": [{"role": "user", "content": [{"text": "hé"}]}]})


def path(model: str) -> str:
    from pointsman.providers.bedrock.write import path_of

    return path_of(model, "converse")


@pytest.fixture
async def world():
    made = World(asyncio.get_running_loop())
    yield made
    made.close()


async def answer(world: World, call: Call):
    future = asyncio.get_running_loop().create_future()
    world.perform(call, future.set_result)
    return await asyncio.wait_for(future, 20)


def place(mock: MockProvider, pair: Pair | None = PAIR, prefix: str = ""):
    return provider(kind="bedrock", base_url=f"{mock.base_url}{prefix}", aws=Aws("us-east-1", pair))


@pytest.mark.parametrize("model", [MODEL, PROFILE, "a b/ü~(x)*'!"])
async def test_any_models_path_is_signed_as_aws_reads_it(world, model):
    """Encoded once on the wire and twice in what is signed."""
    async with MockProvider("bedrock", models=["*"], api_key=KEY) as mock:
        at = place(mock)
        replies = [await answer(world, Call(at, WireRequest(path(model), BODY), 10, 10)) for _ in range(3)]
        entries = mock.ledger.entries
    assert [reply.status for reply in replies] == [200] * 3
    assert [(entry.key_matched, entry.model) for entry in entries] == [(True, model)] * 3


async def test_the_first_calls_wait_together(world):
    """Until it is known who signs; one that is given up meanwhile is never sent."""
    async with MockProvider("bedrock", models=["*"], api_key=KEY) as mock:
        at = place(mock)
        call = Call(at, WireRequest(path(MODEL), BODY), 10, 10)
        gone: list = []
        cancel = world.ask(call, gone.append)
        cancel()
        replies = await asyncio.gather(*[answer(world, call) for _ in range(5)])
        total = mock.ledger.total
    assert ([reply.status for reply in replies], gone, total) == ([200] * 5, [], 5)


async def test_a_call_is_ended_by_whoever_asked(world):
    """Behind the wait for who signs too: the connection is closed."""
    async with MockProvider("bedrock", models=["*"], api_key=KEY, faults=["hang"]) as mock:
        heard: list = []
        cancel = world.ask(Call(place(mock), WireRequest(path(MODEL), BODY), 10, 10), heard.append)
        await mock.ledger.wait_for(lambda entry: entry.open)
        cancel()
        entry = await mock.ledger.wait_for(lambda entry: entry.client_closed)
    assert (heard, entry.client_closed) == ([], True)


def pool_of(world: World, at, look) -> SignedPool:
    """A pool whose look for who signs is this one."""
    pool = SignedPool(at, at.aws, world.loop, world.sweeper, world.outbox)
    pool._credentials._look = look
    return pool


async def test_where_nobody_signs_nothing_is_sent(world):
    """The failure is the key's, and says what to do."""

    def look():
        raise NotFound("name them")

    async with MockProvider("bedrock", models=["*"]) as mock:
        pool = pool_of(world, place(mock), look)
        future = world.loop.create_future()
        pool.ask(Call(pool.provider, WireRequest(path(MODEL), BODY), 10, 10), future.set_result)
        failed = await asyncio.wait_for(future, 10)
        assert mock.ledger.total == 0
    assert failed == Failed(FailureKind.AUTH, "name them")


async def test_a_look_that_takes_too_long_is_a_timeout(world):
    """Of the call's own time; when the keys come at last, it is not sent."""
    release = asyncio.Event()

    def look():
        asyncio.run_coroutine_threadsafe(release.wait(), world.loop).result(20)
        raise NotFound("late")

    async with MockProvider("bedrock", models=["*"]) as mock:
        pool = pool_of(world, place(mock), look)
        future = world.loop.create_future()
        pool.ask(Call(pool.provider, WireRequest(path(MODEL), BODY), 0.1, 10), future.set_result)
        failed = await asyncio.wait_for(future, 10)
        late = world.loop.create_future()
        pool.ask(Call(pool.provider, WireRequest(path(MODEL), BODY), 10, 10), late.set_result)
        release.set()
        other = await asyncio.wait_for(late, 10)
        assert mock.ledger.total == 0
    assert (failed.kind, other.kind) == (FailureKind.CONNECT_TIMEOUT, FailureKind.AUTH)
    assert failed.detail == "no AWS credentials within 0.1 s"


async def test_a_path_before_every_path_is_signed_too(world):
    """An address may have one, as a proxy of one's own does; what AWS gets is what was signed."""
    async with MockProvider("bedrock", models=["*"], api_key=KEY) as mock:
        reply = await answer(world, Call(place(mock, prefix="/aws"), WireRequest(path(MODEL), BODY), 10, 10))
        entry = mock.ledger.last
    assert type(reply) is Answered
    assert (entry.path, entry.key_matched) == (f"/aws/model/{MODEL}/converse", True)


class Stamp:
    """Signs with a fixed word."""

    def add_auth(self, request):
        assert (request.method, request.url) == ("POST", "https://h.example/model/m%3A0/converse")
        assert (request.data, dict(request.headers.items())) == (
            BODY,
            {"host": "h.example", "content-type": "application/json"},
        )
        request.headers["X-Amz-Date"] = "now"
        request.headers["Authorization"] = "AWS4 signed"


def test_a_signature_is_the_requests_own():
    """Behind the lines that it has anyhow, which are signed too."""
    at = provider(kind="bedrock", base_url="https://h.example", aws=Aws("us-east-1"))
    request = WireRequest("/model/m%3A0/converse", BODY)
    made = signed(Stamp(), origin_of(at), request)
    assert made.headers == request.headers + b"x-amz-date: now\r\nauthorization: AWS4 signed\r\n"
    assert (made.path, made.body) == (request.path, request.body)
    assert repr(made) == "Signed(POST /model/m%3A0/converse)"


async def test_other_kinds_have_the_plain_pool(world):
    """And bedrock with a key to send as well."""
    async with MockProvider("openai") as mock:
        world.ask(Call(provider(base_url=mock.base_url), WireRequest("/v1/models", method="GET"), 5, 5), print)()
    at = provider(kind="bedrock", base_url=mock.base_url, api_key=Secret("k"))
    world.ask(Call(at, WireRequest("/", method="GET"), 5, 5), print)()
    assert [type(pool) for pool in world._pools.values()] == [Pool, Pool]
