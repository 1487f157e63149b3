"""A tour of a configuration: simulated providers, the gateway over it, a few requests, and a table of what became of
each. The demo is one, and so is each of the examples.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from pointsman.config.load import load_or_raise
from pointsman.config.settings import Settings
from pointsman.errors import ConfigurationError
from pointsman.telemetry import log
from pointsman.telemetry.log import DecisionLog
from pointsman.testing import Simulation

LATENCY, TOKENS_PER_SECOND = 15.0, 200.0

PATHS = {"messages": "/v1/chat/completions", "input": "/v1/embeddings", "prompt": "/v1/completions"}
"""Where a body is sent, by the field that it has."""

console = Console(highlight=False)
_opener = build_opener(ProxyHandler({}))


class Stop(msgspec.Struct, frozen=True):
    """One request of a tour: what it shows, and the body and headers to send. Without content it says hello."""

    shows: str
    body: dict[str, object]
    headers: dict[str, str] = {}

    @property
    def path(self) -> str:
        return next((path for field, path in PATHS.items() if field in self.body), PATHS["messages"])

    @property
    def fields(self) -> dict[str, object]:
        if any(field in self.body for field in PATHS):
            return self.body
        return {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 12, **self.body}

    @property
    def asked(self) -> str:
        """The request in a few words."""
        said = [str(self.body.get("model", "(no model)"))]
        said += [f"{name}: {value}" for name, value in self.headers.items() if name.lower() != "authorization"]
        said += [f"{name}={self.body[name]}" for name in ("task", "stream") if name in self.body]
        return "\n".join(said)


class Tour(msgspec.Struct, frozen=True):
    """``stops`` are asked in order; ``after`` says what to try next, given the gateway's address. ``faults`` are
    committed by the simulated providers of these names.
    """

    stops: Sequence[Stop]
    after: Callable[[str], str]
    faults: Mapping[str, Sequence[str]] = {}


def main(paths: Sequence[Path], tour: Tour, port: int = 4000) -> None:
    """An example's command: ``run.py [--port N] [--once] [--debug-router]``. Exits with the tour's code."""
    parser = argparse.ArgumentParser(description="Run this example on simulated providers.")
    parser.add_argument("--port", type=int, default=port, help="port to listen on; 0 takes a free one (%(default)s)")
    parser.add_argument("--once", action="store_true", help="end after the requests instead of serving on")
    parser.add_argument("--debug-router", action="store_true", help="log every decision")
    asked = parser.parse_args()
    try:
        settings = load_or_raise(paths, environ=os.environ)
    except ConfigurationError as error:
        sys.exit(str(error))
    sys.exit(run(settings, tour, asked.port, 0.0 if asked.once else None, debug_router=asked.debug_router))


def run(settings: Settings, tour: Tour, port: int, seconds: float | None = None, *, debug_router: bool = False) -> int:
    """Run until SIGINT or SIGTERM, or for so many seconds after the requests. Returns the exit code."""
    log.configure("error")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(_run(settings, tour, port, seconds, debug_router))
        except ConfigurationError as error:
            console.print(f"pointsman: {error}; choose another with --port", style="red", markup=False)
            return 1


async def _run(settings: Settings, tour: Tour, port: int, seconds: float | None, debug_router: bool) -> int:
    async with Simulation(settings, port=port, latency_ms=LATENCY, tokens_per_second=TOKENS_PER_SECOND) as it:
        if debug_router:
            it.runtime.listeners.append(DecisionLog())
        for name, faults in tour.faults.items():
            it.providers[name].faults.set(*faults)
        told = asyncio.create_task(_tell(it.url, tour))
        ended = asyncio.create_task(it.ended())
        await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            told.result()
            await asyncio.wait({ended}, timeout=seconds)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends it at once
    return 0


async def _tell(url: str, tour: Tour) -> None:
    table = Table()
    for heading in ("asked for", "what it shows", "answered by", "settled by", "tries"):
        table.add_column(heading, overflow="fold")
    for stop in tour.stops:
        status, headers = await asyncio.to_thread(_send, url, stop)
        served = f"{headers.get('x-pointsman-model')} at {headers.get('x-pointsman-provider')}"
        table.add_row(
            stop.asked,
            stop.shows,
            served if status == HTTPStatus.OK else f"nobody ({status})",
            headers.get("x-pointsman-route", "-"),
            headers.get("x-pointsman-attempts", "-"),
        )
    console.print(table)
    console.print(tour.after(url), markup=False, soft_wrap=True)


def _send(url: str, stop: Stop) -> tuple[int, dict[str, str]]:
    """One request; the response's status and its headers, in lower case."""
    headers = {"content-type": "application/json", **stop.headers}
    asked = Request(f"{url}{stop.path}", json.dumps(stop.fields).encode(), headers)  # noqa: S310  loopback
    try:
        with _opener.open(asked, timeout=20) as reply:
            reply.read()
    except HTTPError as error:
        reply = error
        error.close()
    return reply.status, {name.lower(): value for name, value in reply.headers.items()}
