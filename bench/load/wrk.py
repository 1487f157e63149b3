"""The unary load generator: one wrk run on the load core."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec

from load.body import PATH, request
from machine import pinned

SCRIPT = Path(__file__).with_name("chat.lua")
GRACE_SECONDS = 15.0


class WrkError(Exception):
    """Wrk gave no figures; the message says what it gave instead."""


class Target(msgspec.Struct, frozen=True):
    """Where to send, and from which core."""

    port: int
    headers: dict[str, str]
    core: int
    scratch: Path


class WrkResult(msgspec.Struct, frozen=True):
    """``failures`` is every answer that is not 2xx or 3xx and every socket error."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    failures: int


def run(target: Target, concurrency: int, seconds: int) -> WrkResult:
    """``concurrency`` connections, each with one request under way, for about ``seconds``."""
    body = target.scratch / "chat.json"
    body.write_bytes(request(stream=False))
    headers = {"content-type": "application/json", **target.headers}
    command = ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    done = subprocess.run(
        pinned(target.core, [*command, f"http://127.0.0.1:{target.port}{PATH}"]),
        env={
            "PATH": os.environ["PATH"],
            "BENCH_BODY": str(body),
            "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in headers.items()),
        },
        capture_output=True,
        text=True,
        timeout=seconds + GRACE_SECONDS,
        check=False,
    )
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return msgspec.json.decode(line.removeprefix("RESULT "), type=WrkResult)
    raise WrkError((done.stdout + done.stderr).strip()[-300:])
