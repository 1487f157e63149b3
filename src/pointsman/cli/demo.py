"""``pointsman demo``: simulated providers, the gateway over them, a little traffic, and what to try next."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.resources import as_file, files
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table

from pointsman.config.load import load_or_raise
from pointsman.errors import ConfigurationError
from pointsman.gateway.server import bind, server_for
from pointsman.runtime import Runtime
from pointsman.telemetry import log
from pointsman.testing import MockProvider

KEY = "sk-simulated-openai-key"
HOST = "127.0.0.1"
LATENCY, TOKENS_PER_SECOND = 15.0, 200.0

TRAFFIC: tuple[tuple[str, dict[str, object]], ...] = (
    ("three deployments", {"model": "llama3.1:8b"}),
    ("the same, streamed", {"model": "llama3.1:8b", "stream": True}),
    ("an exact match", {"model": "qwen2.5-coder:7b"}),
    ("a pattern", {"model": "mistralai/Mistral-7B-Instruct-v0.3"}),
    ("another pattern", {"model": "phi-3-mini.gguf"}),
    ("the default provider", {"model": "something-else"}),
    ("a hosted model", {"model": "gpt-4o-mini"}),
    ("broken: its fallback answers", {"model": "shaky"}),
)

console = Console(highlight=False)
_opener = build_opener(ProxyHandler({}))


def demo(port: int, seconds: float | None = None) -> int:
    """Run until SIGINT or SIGTERM, or for so many seconds. Returns the exit code."""
    log.configure("error")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(_demo(port, seconds))
        except ConfigurationError as error:
            console.print(f"pointsman: {error}; choose another with --port", style="red", markup=False)
            return 1


async def _demo(port: int, seconds: float | None) -> int:
    with bind(HOST, port) as listener:
        port = listener.getsockname()[1]
        async with AsyncExitStack() as stack:
            places = {}
            for mock in _mocks():
                await stack.enter_async_context(mock)
                places[f"DEMO_{mock.kind.upper().replace('-', '_')}"] = mock.base_url
            with as_file(files("pointsman.cli") / "demo.yaml") as path:
                runtime = Runtime(load_or_raise([path], environ={**places, "DEMO_OPENAI_KEY": KEY}))
            ready = asyncio.Event()
            server = server_for(runtime, HOST, port, ready.set)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            told = asyncio.create_task(_tell(ready, port))
            await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
            if not serving.done() and told.done():
                told.result()
                await asyncio.wait({serving}, timeout=seconds)
            await _stop(server, serving)
    return 0


def _mocks() -> list[MockProvider]:
    return [
        _mock("ollama", ["llama3.1:8b", "qwen2.5-coder:7b", "nomic-embed-text", "*"]),
        _mock("vllm", ["meta-llama/Llama-3.1-8B-Instruct", "*"], ["status=503:model=always-down"]),
        _mock("llama-cpp", ["llama-3.1-8b-q4.gguf", "*"]),
        _mock("openai", ["gpt-4o-mini"], key=KEY),
    ]


def _mock(kind: str, models: list[str], faults: Sequence[str] = (), key: str | None = None) -> MockProvider:
    return MockProvider(
        kind, models=models, faults=faults, api_key=key, latency_ms=LATENCY, tokens_per_second=TOKENS_PER_SECOND
    )


async def _stop(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends it at once
    await serving


async def _tell(ready: asyncio.Event, port: int) -> None:
    await ready.wait()
    url = f"http://{HOST}:{port}"
    table = Table("asked for", "what it shows", "answered by", "settled by", "tries")
    for what, fields in TRAFFIC:
        headers = await asyncio.to_thread(_send, url, fields)
        table.add_row(
            str(fields["model"]),
            what,
            headers.get("x-pointsman-deployment", "nobody"),
            headers.get("x-pointsman-route", "-"),
            headers.get("x-pointsman-attempts", "-"),
        )
    console.print(table)
    console.print(_next_steps(url), markup=False, soft_wrap=True)


def _send(url: str, fields: Mapping[str, object]) -> dict[str, str]:
    """One request; the response's headers, in lower case."""
    body = json.dumps({**fields, "max_tokens": 12, "messages": [{"role": "user", "content": "Hello"}]}).encode()
    asked = Request(f"{url}/v1/chat/completions", body, {"content-type": "application/json"})  # noqa: S310  loopback
    try:
        with _opener.open(asked, timeout=20) as reply:
            reply.read()
            headers = reply.headers
    except HTTPError as error:
        with error:
            headers = error.headers
    return {name.lower(): value for name, value in headers.items()}


def _next_steps(url: str) -> str:
    return f"""
Pointsman is serving on {url} (simulated providers; nothing leaves this machine). Try:

  curl {url}/v1/chat/completions -H 'content-type: application/json' -i \\
    -d '{{"model": "llama3.1:8b", "messages": [{{"role": "user", "content": "Hi"}}]}}'

  curl {url}/v1/route -d '{{"model": "shaky", "messages": []}}'      # where would it go, and why

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="anything")
  print(client.chat.completions.create(
      model="llama3.1:8b", messages=[{{"role": "user", "content": "Hi"}}]).choices[0].message.content)

The page: {url}/ui        Ctrl-C ends it.
"""
