"""What ``--debug-router`` prints of real requests, and what of them reaches the upstream."""

from __future__ import annotations

import io

import msgspec
import pytest
import structlog

from pointsman.config.settings import ExactMatch, MetadataRule, RouterSettings, TagSettings
from pointsman.fakes import deployment, settings
from pointsman.model.condition import Compare, Condition, Fact
from pointsman.model.deployment import Provider
from pointsman.telemetry import log
from pointsman.telemetry.log import DecisionLog, FailureLog
from pointsman.testing import MockProvider
from support.fleet import place
from support.serving import gateway, post, send

NOVA = "nova-embeddings-v1"
TAGS = {"retrieval": ("retrieval", "retrieval.query"), "code": ("code", "code.query")}


def adapters(mock: MockProvider, kind: str):
    """A deployment for each adapter of one public name, told apart by tags."""
    at = Provider("nova", kind, f"{mock.base_url}/v1")
    made = [deployment(name, NOVA, at, model=f"{NOVA}-{name}", tags=tags) for name, tags in TAGS.items()]
    return settings(*made, tags=TagSettings(enabled=True, tasks=True))


async def logged(it, path: str, body: dict, *headers: str) -> tuple[list[str], int]:
    out = io.StringIO()
    it.runtime.listeners[:] = [DecisionLog(out)]
    [reply] = await send(it.port, post(path, msgspec.json.encode(body), *headers))
    return out.getvalue().splitlines(), reply.status


@pytest.mark.parametrize("kind", ["openai_compatible", "vllm"])
async def test_a_task_is_converted_routed_and_told_word_for_word(kind):
    """The three lines of the document on task routing; a custom server gets the task as well, a known one does not."""
    models = [f"{NOVA}-{name}" for name in TAGS]
    more = {"encoding_format": "float", "return_multivector": False}
    async with MockProvider("openai", name="nova", models=models) as nova, gateway(adapters(nova, kind)) as it:
        asked = {"model": NOVA, "task": "retrieval.query", "input": ["test query"], **more}
        lines, status = await logged(it, "/v1/embeddings", asked)
        sent = nova.ledger.last.body
    assert status == 200
    assert [line for line in lines if not line.startswith("[ROUTER]")] == [
        "NovaTaskRoutingHook: Converting task 'retrieval.query' to tag",
        "Updated metadata tags: ['retrieval.query']",
        "litellm.aembedding(model=nova-embeddings-v1-retrieval) 200 OK",
    ]
    assert f"[ROUTER] Model: {NOVA} -> Provider: nova (tag match)" in lines
    task = {"task": "retrieval.query"} if kind == "openai_compatible" else {}
    assert sent == {"model": f"{NOVA}-retrieval", "input": ["test query"], **more, **task}


async def test_a_fallback_is_told_word_for_word():
    """The lines of the document on the routing configuration."""
    async with (
        MockProvider("ollama", name="ollama", models=["llama3.1:8b"], faults=["status=500"]) as one,
        MockProvider("llama-cpp", name="llama_cpp_python", models=["llama3.1:8b"]) as two,
    ):
        opened = [deployment(mock.name, "*", place(mock), model=None) for mock in (one, two)]
        rule = ExactMatch("llama3.1:8b", "ollama", "llama_cpp_python")
        made = settings(*opened, exact={rule.name: rule}, router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            lines, status = await logged(
                it, "/v1/chat/completions", {"model": rule.name, "messages": [{"role": "user", "content": "hi"}]}
            )
    assert status == 200
    assert lines[0] == "[ROUTER] Model: llama3.1:8b -> Provider: ollama (exact match)"
    assert "[ROUTER] Fallback triggered: ollama -> llama_cpp_python" in lines


@pytest.mark.parametrize(
    ("path", "body", "headers", "told"),
    [
        (
            "/v1/embeddings",
            {"model": NOVA, "task": "other", "input": ["x"]},
            (),
            f"No deployments with tag other for '{NOVA}'; tags there: code, code.query, retrieval, retrieval.query",
        ),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "hi"}]},
            ("X-Capability: painting",),
            "unknown capability 'painting'; known: none is configured",
        ),
        (
            "/v1/chat/completions",
            {"model": "m\n[ROUTER] forged", "messages": []},
            (),
            r"model 'm\\n[ROUTER] forged' is not served here",
        ),
    ],
)
async def test_why_a_request_was_refused_is_told(path, body, headers, told):
    """With the steps until then, and on lines of ours alone; as an outage it is not counted."""
    async with MockProvider("openai", name="nova") as nova, gateway(adapters(nova, "vllm")) as it:
        lines, status = await logged(it, path, body, *headers)
        assert it.runtime.stats()["total_requests"] == 0
    assert 400 <= status < 500
    asked = body.get("model", "(none)").replace("\n", "\\n")
    assert lines[0] == f"[ROUTER] Model: {asked} -> no provider: {told}"
    assert all(line.startswith("[ROUTER]   ") for line in lines[1:])
    if path == "/v1/embeddings":
        assert lines[1].split() == ["[ROUTER]", "hints", "2", "->", "2", "tags", "other"]


async def test_a_refused_request_is_no_failure_in_the_log():
    """The caller was told; of the gateway's own doings there is nothing to warn of."""
    out = io.StringIO()
    log.configure("info", out)
    try:
        async with MockProvider("openai", name="nova") as nova, gateway(adapters(nova, "vllm")) as it:
            it.runtime.listeners[:] = [FailureLog()]
            await send(it.port, post("/v1/embeddings", b'{"model": "nobody", "input": "x"}'))
        assert "request_failed" not in out.getvalue()
    finally:
        structlog.reset_defaults()


@pytest.mark.parametrize("tag", ["\u202eevil", "a\nb"])
async def test_nothing_of_a_refused_hint_is_told(tag):
    """It is answered with 400, and no line of it is written."""
    async with MockProvider("openai", name="one") as one, gateway(adapters(one, "openai")) as it:
        lines, status = await logged(it, "/v1/embeddings", {"model": NOVA, "input": "x", "tags": [tag]})
    assert (status, lines) == (400, [])


HOSTILE = [
    b"x" * 60_000,
    b"caf\xe9",
    "\u202eevil".encode(),
    b"a\tb",
    b"\xc2\x9b31m",
    "\u2028line".encode(),
    b"{}%s%n${jndi:x}",
    b"[ROUTER] Model: x -> Provider: y (exact match)",
    "日本".encode(),
    b",".join(b"t%d" % n for n in range(5000)),
]
PLACES = ["x-capability", "x-task", "x-chain", "x-pointsman-tags", "x-litellm-session-id", "x-priority", "user-agent"]


@pytest.mark.parametrize("where", [*PLACES, "model", "task", "tags", "metadata"])
async def test_hostile_values_are_answered_plainly_and_never_logged_raw(where):
    """In any header or field: a reply in our shape, headers of it in ASCII, and of the log only lines of ours."""
    out = io.StringIO()
    log.configure("debug", out)
    try:
        async with MockProvider("openai", name="up", models=["*"]) as mock, gateway(catch_all(mock)) as it:
            it.runtime.listeners[:] = [DecisionLog(out), FailureLog()]
            for value in HOSTILE:
                text = value.decode("latin-1")
                more = {where: {"metadata": {"tags": [text], "session_id": text}, "tags": [text]}.get(where, text)}
                body = {"model": NOVA, "input": "x", **(more if where not in PLACES else {})}
                raw = post("/v1/embeddings", msgspec.json.encode(body))
                if where in PLACES:
                    raw = raw.replace(b"host: localhost", b"host: localhost\r\n%b: %b" % (where.encode(), value))
                [reply] = await send(it.port, raw)
                assert reply.status in (200, 400, 404)
                assert all(name.isascii() and value.isascii() for name, value in reply.headers.items())
                if reply.status != 200:
                    assert set(reply.json()) == {"error"}
            lines = out.getvalue().split("\n")
    finally:
        structlog.reset_defaults()
    assert all(line.isprintable() for line in lines)
    begun = ("[ROUTER] ", "NovaTaskRoutingHook: ", "Updated metadata tags: ", "litellm.", "{")
    assert all(line.startswith(begun) for line in lines if line)


def catch_all(mock: MockProvider):
    """Any name is served, a rule looks at a header, and a deployment at the User-Agent."""
    opened = deployment(mock.name, "*", place(mock), model=None)
    tagged = deployment("t", NOVA, place(mock), tags=("code", "日本"), tag_regex=("evil",))
    high = Condition('header.x-priority == "high"', Compare(Fact("header.x-priority"), "==", "high"))
    return settings(
        opened,
        tagged,
        tags=TagSettings(enabled=True, tasks=True),
        default_provider=mock.name,
        metadata=(MetadataRule("high", mock.name, high),),
    )
