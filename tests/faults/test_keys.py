"""Several keys through a real gateway: some are refused, some have too much, and they change while requests run."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from pointsman.config.files import Files
from pointsman.config.load import load_mapping
from pointsman.fakes import settings
from pointsman.model.deployment import Provider
from pointsman.model.secret import Key, Secret
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import member, place
from support.held import LONGEST, calling, until
from support.process import serving
from support.serving import Reply, gateway, post, read_reply, send

KEYS = [f"sk-canary-{word}-0123456789" for word in ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")]
METRICS, STATS = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /stats HTTP/1.1\r\nhost: x\r\n\r\n"


def keyed(mock: MockProvider, count: int = 3, **more) -> Provider:
    keys = tuple(Key(Secret(text), str(number)) for number, text in enumerate(KEYS[:count], 1))
    return place(mock, api_key=keys[0].secret, keys=keys, **more)


def at(mock: MockProvider, **more):
    """A configuration of one deployment with three keys."""
    return settings(msgspec.structs.replace(member(mock), provider=keyed(mock, **more)))


def numbers(mock: MockProvider) -> list[int]:
    """Which of its keys each request came with, 0 for one that it does not take."""
    return [entry.key_number for entry in mock.ledger.entries]


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()


@pytest.mark.parametrize("kind", ["openai", "vllm", "anthropic", "llama-cpp"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_server_that_takes_only_one_of_the_keys_serves_all(kind, stream):
    """The others are asked with once; whoever calls notices nothing."""
    async with MockProvider(kind, models=["m"], api_keys=[KEYS[1]]) as mock, gateway(at(mock)) as it:
        replies = [(await send(it.port, ask(stream=stream)))[0] for _ in range(6)]
        found = numbers(mock)
    assert [reply.status for reply in replies] == [200] * 6
    assert replies[0].headers["x-pointsman-attempts"] == "2"
    assert found.count(0) == 2
    assert found.count(1) == 6


@pytest.mark.parametrize("fault", ["status=429:retry_after=60", "says=quota", "status=403"])
async def test_a_key_that_has_too_much_leaves_its_share_to_the_others(fault):
    """And what became of it stands in the record, the metrics and nowhere among the deployment's failures."""
    async with MockProvider("openai", models=["m"], api_keys=KEYS[:3], faults=[f"{fault}:key=2"]) as mock:
        async with gateway(at(mock)) as it:
            replies = [(await send(it.port, ask()))[0] for _ in range(7)]
            identity = replies[1].headers["x-pointsman-request-id"]
            record = (await send(it.port, get(f"/v1/decisions/{identity}")))[0].json()
            metrics = (await send(it.port, METRICS))[0].body.decode()
    assert {reply.status for reply in replies} == {200}
    assert numbers(mock) == [1, 2, 3, 1, 3, 1, 3, 1]
    assert [attempt["key"] for attempt in record["outcome"]["attempts"]] == ["2", "3"]
    assert 'pointsman_key_requests_total{key="3",provider="openai"} 3.0' in metrics
    assert 'pointsman_key_failures_total{key="2",kind=' in metrics
    assert 'pointsman_deployment_fit{deployment="m@openai"} 1.0' in metrics


async def test_when_all_have_too_much_the_caller_is_told_when_the_first_is_back():
    """So is whoever asks why."""
    faults = [f"status=429:retry_after={seconds}:key={key}" for key, seconds in ((1, 60), (2, 30), (3, 90))]
    async with MockProvider("openai", models=["m"], api_keys=KEYS[:3], faults=faults) as mock:
        async with gateway(at(mock)) as it:
            first, second = [(await send(it.port, ask()))[0] for _ in range(2)]
            body = msgspec.json.encode({"model": "m", "messages": []})
            dry = (await send(it.port, post("/v1/route", body)))[0]
    assert (first.status, second.status) == (429, 429)
    assert 28 <= int(first.headers["retry-after"]) <= 30
    assert numbers(mock) == [1, 2, 3]
    assert "all 3 keys rest: the first is back in" in second.error["message"] + dry.body.decode()


async def test_a_key_that_has_too_much_for_a_moment_comes_back():
    """It is tried again by one request, and then has its share again."""
    async with MockProvider(
        "openai", models=["m"], api_keys=KEYS[:2], faults=["status=429:retry_after=1:key=1:times=1"]
    ) as mock:
        async with gateway(at(mock, count=2)) as it:
            assert (await send(it.port, ask()))[0].status == 200
            record = it.runtime.board.record(it.runtime.topology.deployments[0])
            key = record.deployment.provider.keys[0]
            assert record.keys is not None
            await until(lambda: record.keys.until(key) <= it.runtime.board.clock())
            assert {(await send(it.port, ask()))[0].status for _ in range(4)} == {200}
    assert sorted(numbers(mock)[2:]) == [1, 1, 2, 2]


class Parrot:
    """A server that repeats in its errors whatever it was asked with."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.partition(b":")[2]))
                error = {"message": f"wrong: {head.decode()}", "type": "invalid_request_error"}
                body = msgspec.json.encode({"error": error})
                writer.write(b"HTTP/1.1 %d No\r\ncontent-length: %d\r\n\r\n%b" % (self.status, len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def parrot(status: int):
    it = Parrot(status)
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()


def configured(folder: Path, port: int) -> Path:
    """Keys of every kind there is."""
    folder.joinpath("keys").write_text("\n".join(KEYS[3:5]) + "\n")
    path = folder / "pointsman.yaml"
    path.write_text(
        f"providers:\n  parrot:\n    kind: openai\n    base_url: http://127.0.0.1:{port}\n    api_key: {KEYS[0]}\n"
        f"    api_keys: [{KEYS[1]}, {{key: {KEYS[2]}, name: team-c}}]\n    api_key_file: keys\n"
        f"model_list:\n- {{model_name: m, litellm_params: {{model: parrot/m}}}}\n"
        f"- {{model_name: n, litellm_params: {{model: openai/n, api_base: 'http://127.0.0.1:{port}', "
        f"api_keys: [{KEYS[5]}, {KEYS[1]}]}}}}\nrouter_settings: {{num_retries: 0}}\n"
    )
    return path


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
async def test_no_key_is_ever_told(tmp_path, status):
    """Not in the log at its most talkative, no answer or header of any path, no record, no metric; not on the page;
    although the upstream repeats it in every answer.
    """
    async with parrot(status) as upstream:
        async with serving(configured(tmp_path, upstream.port), "--debug-router") as it:
            asked = [ask(), ask(stream=True), ask(model="n"), ask(model="n", stream=True), ask(), ask(model="no")]
            replies = [(await send(it.port, raw))[0] for raw in asked]
            identity = replies[0].headers["x-pointsman-request-id"]
            body = msgspec.json.encode({"model": "m", "messages": []})
            paths = [f"/v1/decisions/{identity}", "/v1/decisions", "/metrics", "/stats", "/health", "/v1/models", "/ui"]
            replies += [(await send(it.port, get(path)))[0] for path in paths]
            replies += [(await send(it.port, post(path, body)))[0] for path in ("/v1/route", "/config/reload")]
            it.signal(15)
            assert await it.ended() == 0
            log = "".join(it.printed)
    told = log + "".join(f"{reply.status} {reply.headers} {reply.body!r}" for reply in replies)
    assert "canary" not in told
    assert replies[0].status in {400, 429, 502}
    assert log.count("key_refused") == (7 if status in {401, 403} else 0)
    if status == 401:
        assert '"key 3 of 5 (team-c)"' in log
        assert '"key 5 of 5"' in log


def test_no_key_stands_in_what_python_shows():
    """Of settings, of a provider, a mock, and all that a runtime has."""
    mapping = {"providers": {"a": {"kind": "openai", "api_keys": KEYS}}}
    loaded = load_mapping(mapping, environ={})
    mock = MockProvider("openai", api_keys=KEYS)
    shown = repr([loaded, loaded.settings.providers["a"].keys, mock, mock._site.options, mock.faults])
    assert "canary" not in shown + str(loaded.settings.providers["a"].keys[0].secret)
    assert b"canary" not in msgspec.json.encode(loaded.settings.providers["a"].keys, enc_hook=str)


async def load(port: int, replies: list[Reply], going_on) -> None:
    async with calling(port) as caller:
        while going_on():
            caller.writer.write(ask(stream=len(replies) % 2 == 0))
            async with asyncio.timeout(LONGEST):
                replies.append(await read_reply(caller.reader))


async def test_keys_that_are_exchanged_under_load_lose_no_request(tmp_path):
    """Each is written into the file, used, and taken out again; when it is out it is revoked. No request meets it."""
    file, path = tmp_path / "keys", tmp_path / "pointsman.yaml"
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(
            MockProvider("openai", name="up", models=["m"], api_keys=KEYS, tokens_per_second=2000.0)
        )
        path.write_text(
            f"providers:\n  up: {{kind: openai, base_url: '{mock.base_url}', api_key_file: keys}}\n"
            "model_list:\n- {model_name: m, litellm_params: {model: up/m}}\n"
        )
        file.write_text("\n".join(KEYS[:2]))
        files = Files([path], {})
        it = await stack.enter_async_context(gateway(files.read().settings, files=files))
        replies: list[Reply] = []
        over = False

        async def exchange() -> None:
            nonlocal over
            for number in range(1, 5):
                asked = len(replies)
                await until(lambda: len(replies) >= asked + 20)  # noqa: B023  it is over before the next
                file.write_text("\n".join(KEYS[number : number + 2]))
                told = (await send(it.port, post("/config/reload", b"")))[0]
                assert told.json()["result"] == "swapped"
                early = mock.ledger.total
                await until(lambda: all(not e.open for e in mock.ledger.entries if e.number <= early))  # noqa: B023
                mock.faults.add(f"status=401:key={number}")
            asked = len(replies)
            await until(lambda: len(replies) >= asked + 20)
            over = True

        exchanging = asyncio.create_task(exchange())
        await asyncio.gather(*[load(it.port, replies, lambda: not over and not exchanging.done()) for _ in range(4)])
        await exchanging
        record = it.runtime.board.record(it.runtime.topology.deployments[0])
        await until(lambda: record.in_flight == 0)
    assert {reply.status for reply in replies} == {200}
    assert set(numbers(mock)) == {1, 2, 3, 4, 5, 6}
    assert [entry.number for entry in mock.ledger.entries if entry.status == 401] == []
