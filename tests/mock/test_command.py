"""``pointsman mock`` as a process: it says where it listens, serves on uvloop, and stops when told."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys

import pytest

from pointsman.cli.mock import mock


def command(*arguments):
    call = f"import sys; from pointsman.cli.mock import mock; sys.exit(mock(*{arguments!r}))"
    return [sys.executable, "-c", call]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_it_is_told_to_stop(number, hello):
    """The process prints its address, answers on it and ends with 0 at a signal, even with an answer under way."""
    process = await asyncio.create_subprocess_exec(
        *command("vllm", 0, 0.0, 0.0, ["hang:model=slow"], ["m1", "slow"], []), stdout=asyncio.subprocess.PIPE
    )
    line = (await process.stdout.readline()).decode()
    port = int(line.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for model in ("m1", "slow"):
        body = json.dumps(hello(model)).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answers += [await reader.readuntil(b"\r\n\r\n")] if model == "m1" else []
    process.send_signal(number)
    await process.communicate()
    writer.close()
    assert line.startswith("vllm simulated on http://127.0.0.1:")
    assert answers[0].startswith(b"HTTP/1.1 200 OK")
    assert process.returncode == 0


async def test_it_takes_the_keys_that_it_was_told():
    """And no other, nor none."""
    process = await asyncio.create_subprocess_exec(
        *command("openai", 0, 0.0, 0.0, ["status=402:key=2"], ["m"], ["k-one", "k-two"]), stdout=asyncio.subprocess.PIPE
    )
    port = int((await process.stdout.readline()).decode().rpartition(":")[2])
    statuses = []
    for key in ("k-one", "k-two", "k-three"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        statuses.append(int((await reader.readuntil(b"\r\n\r\n")).split()[1]))
        writer.close()
    process.send_signal(signal.SIGTERM)
    told = (await process.communicate())[0]
    assert statuses == [200, 402, 401]
    assert b"k-one" not in told


@pytest.mark.parametrize(
    ("kind", "faults", "told"),
    [("opneai", [], "did you mean `openai`"), ("openai", ["cut"], "fault `cut`: `cut` needs a number")],
)
def test_wrong_options_are_told(capsys, kind, faults, told):
    """A wrong kind or fault is told on stderr, and nothing is started."""
    assert mock(kind, 0, 0.0, 0.0, faults, [], []) == 2
    assert told in capsys.readouterr().err


def test_a_taken_port_is_told(capsys):
    """A port that is in use is told on stderr."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert mock("openai", port, 0.0, 0.0, [], [], []) == 1
    assert f"port {port}" in capsys.readouterr().err
