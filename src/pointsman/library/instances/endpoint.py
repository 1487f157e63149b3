"""A model behind Ollama's API or an OpenAI-compatible one, asked as the gateway asks: same dialects, same connections.

Every prompt is a conversation of its own. Answers are streamed, so that what has come can be seen meanwhile; many may
be under way at once. Failures are ``InstanceFailed``, of the same kinds as the gateway's, and name no address, no key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import inf
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pointsman.config.kinds import COMMON, LIBRARIES, kind_of
from pointsman.config.urls import BadUrl, normalised
from pointsman.errors import InstanceFailed, Misuse
from pointsman.flow.ask import verdict
from pointsman.flow.effects import Call, Ended, Failed, Opened, Reply
from pointsman.library.instances.answer import Answer
from pointsman.library.instances.background import Background
from pointsman.library.instances.base import BaseInstance, Timeout
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.exchange import Answered, Refusal
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Request
from pointsman.model.secret import Secret
from pointsman.providers import DIALECTS
from pointsman.providers.frames import payload_of, split_frames
from pointsman.providers.said import read_error
from pointsman.providers.shapes import Inexpressible, scrubbed
from pointsman.providers.streamed import streamed
from pointsman.wire.origin import is_loopback
from pointsman.wire.pool import Pool

TIMEOUT = 600.0
"""Seconds: the gateway's own ``timeout``."""

MOST_TOLD = 300
"""Characters of an upstream's own sentence that an error repeats."""

_encode = msgspec.json.Encoder().encode


class EndpointInstance(BaseInstance):
    """``base_url`` may end in ``/v1`` or not. ``kind`` says what speaks there: "openai" (any compatible server),
    "ollama", "vllm" … ``params`` are further fields of each request, such as ``temperature``; ``system`` stands before
    each prompt.
    """

    def __init__(  # noqa: PLR0913  options of one thing, all by keyword
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | Secret | None = None,
        kind: str = "openai",
        timeout: Timeout = TIMEOUT,
        title: str | None = None,
        system: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(model, str) or not model:
            raise Misuse("model is the name that the server knows it by", param="model")
        if not isinstance(api_key, str | Secret | None):
            raise Misuse(f"api_key is a text or a Secret, not {type(api_key).__name__}", param="api_key")
        if not isinstance(params, Mapping | None):
            raise Misuse(f"params is a dict of fields of each request, not {params!r:.80}", param="params")
        self.model = str.__str__(model)
        super().__init__(title or self.model, timeout)
        key = Secret(api_key) if isinstance(api_key, str) else api_key
        place = Provider(self.title, _kind(kind), _url(base_url), key)
        self._deployment = Deployment(self.title, self.model, place, self.model, dict(params or {}))
        self._system = None if system is None else str.__str__(system)
        self._pool: Pool

    def __repr__(self) -> str:
        place, state = self._deployment.provider, "" if self.alive else ", closed"
        return f"EndpointInstance({self.title!r}, {place.kind} at {place.base_url}{state})"

    @property
    def local(self) -> bool:
        """Is it served by this machine, as far as its address tells?"""
        return is_loopback(urlsplit(self._deployment.provider.base_url).hostname or "")

    def _enter(self, background: Background) -> None:
        place = self._deployment.provider
        self._pool = Pool(place, background.loop, background.sweeper, background.outbox)

    async def _leave(self) -> None:
        self._pool.close()

    async def _answer(self, prompt: str, answer: Answer) -> None:
        place, request = self._deployment.provider, self._request(prompt)
        dialect = DIALECTS[place.kind]
        try:
            wire = dialect.write(request, self._deployment, self.model)
        except Inexpressible as reason:
            raise self._failed(FailureKind.BAD_REQUEST, str(reason)) from None
        reader, words = dialect.reader(request, self.model), Words(answer)
        reply = await self._reply(Call(place, wire, inf, inf, reader), words)
        refusal = None
        if type(reply) is Ended:
            refusal = verdict(reader, reply)
        elif type(reply) is Answered:
            refusal = self._whole(request, reply, words)
        elif type(reply) is Failed:
            refusal = reader.refusal or Refusal(reply.kind, reply.detail)
        if refusal is not None:
            raise self._refused(refusal)

    def _request(self, prompt: str) -> Request:
        messages = [{"role": "system", "content": self._system}] if self._system else []
        messages.append({"role": "user", "content": prompt})
        body = {"messages": msgspec.Raw(_encode(messages)), "stream": msgspec.Raw(b"true")}
        return Request("chat", self.model, body, stream=True)

    async def _reply(self, call: Call, words: Words) -> Reply:
        """What comes of it in the end. A stream is relayed at once: nobody would be told if it broke meanwhile."""
        end: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def told(reply: Reply) -> None:
            if type(reply) is Opened:
                reply.stream.relay(words, told)
            elif not end.done():
                end.set_result(reply)

        cancel = self._pool.ask(call, told)
        try:
            return await end
        except asyncio.CancelledError:
            cancel()
            raise

    def _whole(self, request: Request, reply: Answered, words: Words) -> Refusal | None:
        """A reply that is no stream: an error, or from one of those who ignore ``stream``."""
        read = DIALECTS[self._deployment.provider.kind].read(request, self.model, reply)
        if not isinstance(read, Refusal):
            read = streamed(request, read)
        if isinstance(read, Refusal):
            return read
        words.write(read.body)
        return None

    def _refused(self, refusal: Refusal) -> InstanceFailed:
        refusal = scrubbed(refusal, self._deployment.provider)
        own = read_error(refusal.body).message if refusal.body is not None else None
        detail = f"{refusal.kind.value} ({refusal.detail})" + (f": {own[:MOST_TOLD]}" if own else "")
        return self._failed(refusal.kind, detail, refusal.retry_after)


class _Delta(msgspec.Struct, gc=False):
    content: Any = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None


_decode = msgspec.json.Decoder(_Chunk).decode


class Words:
    """Takes a stream's frames, which its reader has understood already, and adds what they say to an answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def write(self, frames: bytes) -> None:
        for frame in split_frames(frames):
            payload = payload_of(frame)
            if payload is None or payload == b"[DONE]":
                continue
            for choice in _decode(payload).choices or ():
                if choice.delta is not None and isinstance(choice.delta.content, str):
                    self._answer.add(choice.delta.content)


def _url(base_url: str) -> str:
    try:
        return normalised(base_url)
    except BadUrl as reason:
        raise Misuse(f"base_url {reason}", param="base_url") from None
    except AttributeError:
        raise Misuse("base_url is a text such as http://127.0.0.1:11434", param="base_url") from None


def _kind(word: str) -> str:
    kind = kind_of(word)
    if kind is None or kind in LIBRARIES:
        raise Misuse(f"unknown kind {word!r}; known: {', '.join(COMMON)}", param="kind")
    return kind
