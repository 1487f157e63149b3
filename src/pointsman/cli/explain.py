"""``pointsman explain``: the decision for a request, without sending it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from pointsman.config.load import load_or_raise
from pointsman.config.settings import Settings
from pointsman.errors import InvalidBody, PointsmanError
from pointsman.flow.drive import arun
from pointsman.flow.explain import Account, Wish
from pointsman.gateway.body import read_body
from pointsman.gateway.doors import read_at
from pointsman.gateway.errors import error_content
from pointsman.model.request import Request
from pointsman.routing.explain import as_data, as_text, candidates_text, hints_data, steps_data, steps_text
from pointsman.runtime import Runtime
from pointsman.wire.perform import World

PATIENCE = 60.0
"""Seconds that an encoder may take."""


class Asked(msgspec.Struct, frozen=True):
    """The request to explain, as the options give it. ``headers`` are ``Name: value`` lines, ``path`` is where it would
    be asked (None: as the body looks, at one of OpenAI's).
    """

    model: str | None = None
    prompt: str | None = None
    body: Path | None = None
    headers: tuple[str, ...] = ()
    stream: bool = False
    task: str | None = None
    path: str | None = None


def explain(paths: list[Path], asked: Asked, *, as_json: bool, verbose: bool = False) -> int:
    """Print the decision. Returns 0, or 1 if nobody would serve the request."""
    try:
        settings = load_or_raise(paths, environ=os.environ)
        runtime = Runtime(_patient(settings))
        request = _request(asked, runtime.topology.serves)
        account = asyncio.run(_explained(runtime, request, verbose))
    except PointsmanError as error:
        _complain(error)
        return 1
    if as_json:
        data = {**_data(account), "hints": hints_data(request.hints)}
        data |= {"candidates": account.candidates} if verbose else {}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(data)).decode() + "\n")
    else:
        sys.stdout.write("".join(f"{part}\n" for part in _parts(account)))
    if account.error is not None:
        _complain(account.error)
    return 0 if account.error is None else 1


def _data(account: Account) -> dict[str, Any]:
    if account.decision is not None:
        return as_data(account.decision)
    error = account.error or PointsmanError("a dry run without an end")
    return {**error_content(error), "steps": steps_data(error.steps)}


def _parts(account: Account) -> list[str]:
    """What is printed for people; an error itself is not among it."""
    told = []
    if account.decision is not None:
        told.append(as_text(account.decision))
    elif account.error is not None and account.candidates:
        told.append(steps_text(account.error.steps))
    return [*told, *([candidates_text(account.candidates)] if account.candidates else [])]


def _complain(error: PointsmanError) -> None:
    Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)


def _patient(settings: Settings) -> Settings:
    """An encoder is asked as in a gateway, but with patience: its model isn't loaded yet."""
    if settings.semantic is None:
        return settings
    encoder = msgspec.structs.replace(settings.semantic.encoder, timeout=PATIENCE)
    semantic = msgspec.structs.replace(settings.semantic, encoder=encoder)
    return msgspec.structs.replace(settings, semantic=semantic)


async def _explained(runtime: Runtime, request: Request, verbose: bool) -> Account:
    """The dry run."""
    loop = asyncio.get_running_loop()
    world = World(loop)
    try:
        flow = runtime.explain(request, Wish(verbose))
        return await arun(flow, world.perform, loop.create_future())
    finally:
        world.close()


def _read(body: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(body) == "-" else body.read_bytes()
    except OSError as error:
        raise InvalidBody(f"--body {body}: {error.strerror}") from error


def _request(asked: Asked, serves: Callable[[str], bool]) -> Request:
    headers = {}
    for line in asked.headers:
        name, colon, value = line.partition(":")
        if not colon:
            raise InvalidBody(f"--header wants 'Name: value', not {line!r}")
        headers[name.strip().lower().encode()] = value.strip().encode()
    if asked.body is not None:
        fields = _object(_read(asked.body))
    else:
        fields = {"messages": [{"role": "user", "content": asked.prompt or ""}]}
    if asked.model is not None:
        fields["model"] = asked.model
    if asked.task is not None:
        fields["task"] = asked.task
    if asked.stream:
        fields["stream"] = True
    if asked.path is not None:
        return read_at(asked.path, msgspec.json.encode(fields), headers, "explain", serves)
    endpoint = "chat" if "messages" in fields else "embeddings" if "input" in fields else "completions"
    return read_body(endpoint, msgspec.json.encode(fields), headers, "explain")  # type: ignore[arg-type]


def _object(raw: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidBody(f"--body is not a JSON object: {error}") from None
