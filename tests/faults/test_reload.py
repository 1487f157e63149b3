"""Reloads under load: whatever the configuration becomes meanwhile, every request is answered, whole."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from pointsman.config.files import Files
from pointsman.testing import MockProvider
from support.asking import ask
from support.held import END, LONGEST, calling, until
from support.process import COMMAND, serving
from support.serving import Reply, Serving, gateway, post, read_reply, send

RELOADS, BETWEEN = 200, 3
"""How many, and how many requests are answered from one to the next."""

CALLERS = 8
AT_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal that a command is given the one that can hang it up."""

LIST = b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"


def written(*mocks: MockProvider, **more: object) -> str:
    """One group ``m`` over these."""
    places = "".join(f"  {mock.name}: {{ kind: vllm, base_url: '{mock.base_url}' }}\n" for mock in mocks)
    entry = "- {{ model_name: m, litellm_params: {{ model: {name}/m, weight: {weight} }} }}\n"
    members = "".join(entry.format(name=mock.name, weight=more.get("weight", 1)) for mock in mocks)
    return f"providers:\n{places}model_list:\n{members}{more.get('text', '')}"


def whole(reply: Reply) -> bool:
    streamed = reply.headers["content-type"].startswith("text/event-stream")
    return reply.status == 200 and (reply.body.endswith(END) if streamed else bool(reply.json()["choices"]))


async def load(port: int, replies: list[Reply], going_on: Callable[[], bool]) -> None:
    """Requests in a row on one connection, every other a stream, as long as they go on."""
    async with calling(port) as caller:
        while going_on():
            caller.writer.write(ask(stream=len(replies) % 2 == 0))
            async with asyncio.timeout(LONGEST):
                replies.append(await read_reply(caller.reader))


async def reload_all(it: Serving, path: Path, texts: list[str], replies: list[Reply]) -> list[str]:
    """Each in its turn, over HTTP; what came of each."""
    results = []
    for number in range(RELOADS):
        await until(lambda: len(replies) >= number * BETWEEN)  # noqa: B023  it is over before the next
        path.write_text(texts[number % len(texts)])  # noqa: ASYNC240  a few hundred bytes
        told = (await send(it.port, post("/config/reload", b"")))[0]
        results.append(told.json()["result"] if told.status == 200 else told.error["code"])
    return results


async def test_200_reloads_under_load_lose_no_request(tmp_path):
    """Deployments and whole providers come and go, weights and limits change, every fifth file is broken; what is asked
    meanwhile, whole or streamed, is answered to its last byte, and no lease is left.
    """
    path = tmp_path / "pointsman.yaml"
    async with AsyncExitStack() as stack:
        a, b, c = [
            await stack.enter_async_context(MockProvider("vllm", name=name, models=["m"], tokens_per_second=2000.0))
            for name in "abc"
        ]
        texts = [
            written(a, b),
            written(b, c, weight=3),
            written(c, text="router_settings: { num_retries: 0, routing_strategy: least-busy }\n"),
            written(a, b, c, text="general_settings: { max_request_size_mb: 1 }\n"),
            written(a, b, c)[:-20],
        ]
        path.write_text(texts[0])
        files = Files([path], {})
        it = await stack.enter_async_context(gateway(files.read().settings, files=files))
        replies: list[Reply] = []
        reloading = asyncio.create_task(reload_all(it, path, texts[1:] + texts[:1], replies))
        await asyncio.gather(*[load(it.port, replies, lambda: not reloading.done()) for _ in range(CALLERS)])
        results = await reloading
        await until(lambda: not any(record.in_flight for record in it.runtime.board.records().values()))
        assert set(it.runtime.board.records()) >= {"m@a", "m@b"}
        asked = [mock.ledger.total for mock in (a, b, c)]
    assert (results.count("swapped"), results.count("invalid_configuration")) == (RELOADS * 4 // 5, RELOADS // 5)
    assert len(replies) >= RELOADS * BETWEEN
    assert all(map(whole, replies))
    assert min(asked) > 0


async def test_sighup_reads_the_files_again(tmp_path):
    """A real process: it goes on with the new configuration, and with the old if the new is unfit."""
    path = tmp_path / "pointsman.yaml"
    async with MockProvider("vllm", name="up", models=["m"]) as up:
        path.write_text(written(up))
        async with serving(path) as it:
            path.write_text(written(up).replace("model_name: m", "model_name: renamed"))
            it.signal(signal.SIGHUP)
            swapped = await it.logged("config_swapped")
            named = (await send(it.port, LIST))[0].json()["data"]
            path.write_text("model_list: {")
            it.signal(signal.SIGHUP)
            refused = await it.logged("config_refused")
            answer = (await send(it.port, ask(model="renamed")))[0]
            it.signal(signal.SIGTERM)
            assert await it.ended() == 0
    assert (swapped["cause"], swapped["added"], swapped["removed"]) == ("signal", 1, 1)
    assert [model["id"] for model in named] == ["renamed"]
    assert "this is not YAML" in refused["findings"][0]
    assert answer.status == 200


async def test_a_watched_folder_is_read_again_when_a_file_is_added(tmp_path):
    """With ``--watch``, and what the command line said still counts."""
    async with MockProvider("vllm", name="up", models=["m"]) as up:
        (tmp_path / "one.yaml").write_text(written(up))
        async with serving(tmp_path, "--watch", "--drain-delay", "3600") as it:
            (tmp_path / "two.yaml").write_text("exact_matches: { other: up }\n")
            swapped = await it.logged("config_swapped")
            it.signal(signal.SIGTERM)
            draining = await it.logged("draining")
    assert (swapped["cause"], swapped["sections"]) == ("files", ["exact_matches"])
    assert draining["delay"] == 3600


async def test_a_gateway_whose_terminal_is_gone_ends(tmp_path):
    """A SIGHUP that comes of that is no wish for a reload: nobody is left to end it."""
    path = tmp_path / "pointsman.yaml"
    path.write_text("providers: { up: { kind: vllm } }\n")
    master, slave = pty.openpty()
    command = [sys.executable, "-c", AT_TERMINAL, *COMMAND, "serve", "--config", str(path), "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    printed = b""
    while b"ready on" not in printed:
        printed += await asyncio.to_thread(os.read, master, 4096)
    os.close(master)
    async with asyncio.timeout(LONGEST):
        assert await process.wait() == -signal.SIGHUP
