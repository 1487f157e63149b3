"""Every response has an id that a caller can name when he asks what became of his request."""

from __future__ import annotations

import io
import re

import msgspec
import pytest

from pointsman.config.settings import RouterSettings, ServerSettings
from pointsman.fakes import deployment, settings
from pointsman.gateway.doors import READERS
from pointsman.model.secret import Secret
from pointsman.runtime import Runtime
from pointsman.telemetry import log
from pointsman.testing import MockProvider
from support.fleet import member, over
from support.serving import Reply, gateway, post, send

ID, CALL_ID = "x-pointsman-request-id", "x-litellm-call-id"
KEY = "sk-a-long-and-random-one"
CHAT = "/v1/chat/completions"
ASK = msgspec.json.encode({"model": "m", "messages": []})


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: localhost", *headers, "", ""]).encode()


def identified(replies: list[Reply]) -> bool:
    """Does each have an id, and each its own?"""
    ids = [reply.headers.get(ID, "") for reply in replies]
    return all(re.fullmatch("[0-9a-f]{24}", one) for one in ids) and len(set(ids)) == len(ids)


REFUSED = {
    "no key": (post(CHAT, ASK), 401),
    "no JSON": (post(CHAT, b"{", f"x-api-key: {KEY}"), 400),
    "no such model": (post(CHAT, ASK.replace(b'"m"', b'"nobody"'), f"x-api-key: {KEY}"), 404),
    "a compressed body": (post(CHAT, b"x", "content-encoding: gzip"), 415),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    "a tunnel": (b"CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n", 400),
    "too long a head": (get("/health", "x: " + "a" * 100_000), 431),
    "no key for a page": (get("/health"), 401),
    "nothing there": (get("/nothing/here"), 404),
    "the wrong method": (get(CHAT), 405),
    "the wrong method for a page": (post("/v1/models", b""), 405),
    "a dry run of no JSON": (post("/v1/route", b"{", f"x-api-key: {KEY}"), 400),
    "a dry run of a model that nobody has": (post("/v1/route", b'{"model":"x","prompt":""}', f"x-api-key: {KEY}"), 404),
    "an id that nobody has": (get("/v1/decisions/x", f"x-api-key: {KEY}"), 404),
}


@pytest.mark.parametrize("litellm", [False, True])
@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_has_an_id(name, litellm):
    """Before anybody was asked, on the inference paths and the others; by LiteLLM's name where that is wanted."""
    raw, status = REFUSED[name]
    made = settings(deployment("d"), server=ServerSettings(master_key=Secret(KEY), litellm_headers=litellm))
    async with gateway(made) as it:
        replies = [(await send(it.port, raw))[0] for _ in range(2)]
    assert [reply.status for reply in replies] == [status] * 2
    assert identified(replies)
    assert [reply.headers.get(CALL_ID) for reply in replies] == [r.headers[ID] if litellm else None for r in replies]


async def test_a_page_that_is_served_has_an_id():
    """Every path that is read answers with one."""
    paths = ["/v1/models", "/v1/decisions", "/stats", "/metrics", "/health", "/health/liveliness", "/ui", "/ui/app.js"]
    async with gateway(settings(deployment("d"))) as it:
        replies = await send(it.port, b"".join(map(get, paths)), replies=len(paths))
        replies += await send(it.port, post("/v1/route", ASK))
    assert {reply.status for reply in replies} == {200}
    assert identified(replies)


@pytest.mark.parametrize("faults", [[], ["status=500"], ["status=422"]])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_that_was_served_has_one_id_and_a_record(faults, stream):
    """An answer, a stream, an upstream's failure: the header stands once, and leads to the record."""
    asked = msgspec.json.encode({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
    async with MockProvider("openai", name="one", faults=faults) as one:
        async with gateway(over(one, router=RouterSettings(num_retries=0))) as it:
            [reply] = await send(it.port, post(CHAT, asked))
            [record] = await send(it.port, get(f"/v1/decisions/{reply.headers[ID]}"))
    assert reply.names.count(ID) == 1
    assert (record.status, record.json()["outcome"]["status"]) == (200, reply.status)


@pytest.mark.parametrize(("limit", "status"), [({"rpm": 0}, 429), ({}, 503)])
async def test_a_request_that_nobody_could_take_is_found_by_its_id(limit, status):
    """An outage is a request that failed: its record says so in the words of the error."""
    async with MockProvider("openai", name="one", faults=["status=503:retry_after=60"]) as one:
        made = settings(member(one, **limit), router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            await send(it.port, post(CHAT, ASK))
            [reply] = await send(it.port, post(CHAT, ASK))
            [record] = await send(it.port, get(f"/v1/decisions/{reply.headers[ID]}"))
    assert (reply.status, record.status) == (status, 200)
    assert record.json()["request_id"] == reply.headers[ID]
    assert record.json()["error"] == reply.error["message"]


@pytest.mark.parametrize("raw", [post(CHAT, ASK), get("/stats")], ids=["inference", "page"])
async def test_a_bug_of_ours_is_found_in_the_log_by_its_id(raw, monkeypatch):
    """The caller is told nothing but the id, under which the log has the rest."""

    def broken(*_args: object) -> None:
        raise ValueError("secret of the house")

    monkeypatch.setitem(READERS, "chat", broken)
    monkeypatch.setattr(Runtime, "stats", property(broken))
    out = io.StringIO()
    log.configure("error", out)
    async with gateway(settings(deployment("d"))) as it:
        [reply] = await send(it.port, raw)
    log.configure("info")
    assert (reply.status, reply.error["code"]) == (500, "internal_error")
    assert b"secret" not in reply.body
    [line] = out.getvalue().splitlines()
    told = msgspec.json.decode(line)
    assert (told["request_id"], "secret of the house" in told["exception"]) == (reply.headers[ID], True)
