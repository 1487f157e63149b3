"""Tools of the mock's tests: a bare HTTP client on asyncio streams, and the openai package pointed at a provider."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress

import openai
import pytest
from httptools import HttpResponseParser

from pointsman.testing import MockProvider

PATIENCE = 20
"""Seconds after which a test that waits for something that never comes fails."""


class Answer:
    """What came back: ``complete`` by HTTP's own rules, ``end`` says how the connection ended if it did."""

    def __init__(self):
        self.status = 0
        self.headers = {}
        self._parts = []
        self.complete = False
        self.end = ""

    def on_header(self, name, value):
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body):
        self._parts.append(body)

    def on_message_complete(self):
        self.complete = True

    @property
    def body(self):
        return b"".join(self._parts)

    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        """The payloads of a server-sent stream."""
        return [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]

    @property
    def chunks(self):
        return [json.loads(data) for data in self.data if data != "[DONE]"]

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]


class Raw:
    """One connection without any client's kindness."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def send(self, method, path, body=None, headers=None, version="1.1"):
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/{version}", "host: test", *(headers or [])]
        if payload:
            head.append(f"content-length: {len(payload)}")
        self.writer.write("\r\n".join([*head, "", ""]).encode() + payload)
        await self.writer.drain()

    async def answer(self):
        """Read until the answer is complete or the connection ends."""
        answer = Answer()
        parser = HttpResponseParser(answer)
        while not answer.complete:
            try:
                async with asyncio.timeout(PATIENCE):
                    data = await self.reader.read(65536)
            except ConnectionResetError:
                answer.end = "reset"
                break
            if not data:
                answer.end = "closed"
                break
            parser.feed_data(data)
            answer.status = parser.get_status_code()
        return answer

    async def ending(self):
        """How the connection ends when nothing more is due."""
        try:
            async with asyncio.timeout(PATIENCE):
                return "more" if await self.reader.read(1) else "closed"
        except ConnectionResetError:
            return "reset"

    async def close(self):
        self.writer.close()
        with suppress(ConnectionResetError):
            await self.writer.wait_closed()


@pytest.fixture
async def connect():
    """A function that opens a Raw connection to a provider; all are closed at the end."""
    opened = []

    async def connect(provider):
        raw = Raw(*await asyncio.open_connection("127.0.0.1", provider.port))
        opened.append(raw)
        return raw

    yield connect
    for raw in opened:
        await raw.close()


@pytest.fixture
def ask(connect):
    """One request on a connection of its own."""

    async def ask(provider, method, path, body=None, headers=None):
        raw = await connect(provider)
        await raw.send(method, path, body, headers)
        return await raw.answer()

    return ask


@pytest.fixture
def client():
    """The openai package's async client for a provider, without retries."""

    @asynccontextmanager
    async def client(provider, key="sk-test"):
        async with openai.AsyncOpenAI(base_url=f"{provider.base_url}/v1", api_key=key, max_retries=0) as it:
            yield it

    return client


@pytest.fixture
def hello():
    """A chat request."""

    def hello(model, text="hello", **more):
        return {"model": model, "messages": [{"role": "user", "content": text}], **more}

    return hello


@pytest.fixture
async def provider(request):
    """A provider of the kind and options given by ``parametrize(..., indirect=True)``; openai by default."""
    kind, options = getattr(request, "param", ("openai", {}))
    async with MockProvider(kind, **options) as started:
        yield started
