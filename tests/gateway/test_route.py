"""``POST /v1/route``: the dry run, of everybody, of one deployment, of requests that would be refused."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import (
    Capability,
    Category,
    EncoderSettings,
    SemanticSettings,
    TagSettings,
    Task,
    TaskSettings,
)
from pointsman.fakes import deployment, settings
from pointsman.testing import MockProvider
from support.fleet import member, place
from support.serving import Reply, Serving, gateway, post, send

MESSAGES = [{"role": "user", "content": "hi"}]


async def dry(it: Serving, body: dict, *headers: str, query: str = "") -> Reply:
    body = {"messages": MESSAGES, **body} if "input" not in body else body
    return (await send(it.port, post(f"/v1/route{query}", msgspec.json.encode(body), *headers)))[0]


def adapters(mock: MockProvider):
    at = place(mock)
    made = [deployment(tag, "nova", at, model=mock.models[0], tags=(tag, f"{tag}.query")) for tag in ("code", "text")]
    return settings(*made, deployment("other", "other", at), tags=TagSettings(enabled=True, tasks=True))


@pytest.fixture
async def nova():
    async with MockProvider("openai", name="up") as mock, gateway(adapters(mock)) as it:
        yield it
        assert mock.ledger.total == 0  # nothing is ever sent


async def test_it_tells_what_was_said_and_what_that_was_taken_for(nova):
    """Hints as they came, tags as they route, and what the provider would not get."""
    told = (await dry(nova, {"model": "nova", "task": "code.query", "input": "x"}, "x-pointsman-session: s")).json()
    assert told["hints"] == {"task": "code.query", "session": "s"}
    assert (told["route"], told["tags"], told["not_sent"]) == ("tag", ["code.query"], ["task"])
    assert told["deployment"] == "code"
    assert "candidates" not in told


async def test_why_not_answers_for_one(nova):
    """Its row alone, beside the decision; verbose, everybody's too."""
    body = {"model": "nova", "task": "code.query", "input": "x", "why_not": "text"}
    told = (await dry(nova, body)).json()
    assert told["why_not"]["excluded_by"] == "tag"
    assert told["why_not"]["reason"] == "its tags are text, text.query"
    assert told["why_not"]["change"] == "send tag 'text'"
    assert "candidates" not in told
    both = (await dry(nova, body, query="?verbose=1")).json()
    assert both["why_not"] in both["candidates"]
    assert [row["deployment"] for row in both["candidates"]] == ["code", "text", "other"]


async def test_why_not_of_the_choice_says_that_it_is(nova):
    """There is nothing to change."""
    told = (await dry(nova, {"model": "other", "why_not": "other"})).json()
    assert told["why_not"]["chosen"]
    assert "change" not in told["why_not"]


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("cod", "near names: code"),
        ("nobody", "there are: code, text, other"),
        ("x" * 10_000, "there are: code, text, other"),
    ],
)
async def test_why_not_of_a_stranger_lists_near_ones(nova, name, listed):
    """400, and ``param`` says which field."""
    reply = await dry(nova, {"model": "nova", "why_not": name})
    assert (reply.status, reply.error["param"]) == (400, "why_not")
    assert reply.error["message"].endswith(f"' here; {listed}")
    assert len(reply.error["message"]) < 200


async def test_why_not_of_a_stranger_says_how_many_more_there_are():
    """A list that does not end where it ends says so."""
    many = settings(*(deployment(f"d{number}") for number in range(11)))
    async with gateway(many) as it:
        reply = await dry(it, {"model": "m", "why_not": "nobody"})
    assert reply.error["message"].endswith("there are: d0, d1, d2, d3, d4, d5, d6, d7 and 3 more")


@pytest.mark.parametrize("value", [5, ["code"], {"a": 1}, True])
async def test_why_not_is_the_id_of_a_deployment(nova, value):
    """Anything else is refused by name."""
    reply = await dry(nova, {"model": "nova", "why_not": value})
    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "invalid_body", "why_not")


async def test_a_tag_that_nobody_has_is_told_with_the_way_in(nova):
    """The error as it would be, the steps to it, and for each deployment what would lead there."""
    reply = await dry(nova, {"model": "nova", "tags": ["maths"]}, query="?verbose=1")
    told = reply.json()
    assert (reply.status, told["error"]["code"]) == (400, "no_deployment_with_tag")
    assert told["error"]["message"].startswith("No deployments with tag")
    assert told["steps"][-1]["stage"] == "tag"
    assert {row["deployment"]: row["change"] for row in told["candidates"]} == {
        "code": "send tag 'code'",
        "text": "send tag 'text'",
        "other": "name model 'other'",
    }


async def test_a_name_that_nobody_serves_is_told_with_its_steps(nova):
    """404 as ever, and what each stage said."""
    reply = await dry(nova, {"model": "stranger"})
    assert (reply.status, reply.error["code"]) == (404, "model_not_found")
    assert [step["stage"] for step in reply.json()["steps"]] == ["exact", "pattern", "default"]


@pytest.mark.parametrize(
    ("headers", "body", "param", "known"),
    [
        (["x-capability: poetry"], {}, "X-Capability", "prose"),
        (["x-task: poetry"], {}, "X-Task", "chat, code"),
        (["x-chain: poetry"], {}, "X-Chain", "none is configured"),
        ([], {"model": "auto/poetry"}, "model", "auto/tasks"),
    ],
)
async def test_what_nobody_configured_is_refused_with_what_there_is(headers, body, param, known):
    """A capability, a task, a chain, a router entry: 400, and the list."""
    async with MockProvider("openai", name="one") as one:
        tasks = TaskSettings((Task("code", "m", ("python",)), Task("chat", "m")))
        made = settings(member(one), tasks=tasks, capabilities={"prose": Capability("prose", models=("m",))})
        async with gateway(made) as it:
            for path in ("/v1/route", "/v1/chat/completions"):
                raw = post(path, msgspec.json.encode({"messages": MESSAGES, **body}), *headers)
                [reply] = await send(it.port, raw)
                assert (reply.status, reply.error["param"]) == (400, param)
                assert known in reply.error["message"]


@pytest.mark.parametrize("model", ["auto", None, "auto/tasks"])
async def test_content_decides_where_no_model_is_named(model):
    """``auto``, no model, or the router's own name; the names are listed, and counted by what was found."""
    async with MockProvider("openai", name="one") as one:
        tasks = TaskSettings((Task("code", "m", ("python",)), Task("chat", "n")))
        made = settings(member(one), member(one, "n"), tasks=tasks)
        async with gateway(made) as it:
            body = {"messages": [{"role": "user", "content": "some python"}], **({"model": model} if model else {})}
            told = (await dry(it, body)).json()
            [reply] = await send(it.port, post("/v1/chat/completions", msgspec.json.encode(body)))
            [stats] = await send(it.port, b"GET /stats HTTP/1.1\r\nhost: x\r\n\r\n")
            [names] = await send(it.port, b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
            [entry] = await send(it.port, b"GET /v1/models/auto/tasks HTTP/1.1\r\nhost: x\r\n\r\n")
            identity = reply.headers["x-pointsman-request-id"]
            [record] = await send(it.port, f"GET /v1/decisions/{identity} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    assert (told["route"], told["task"], told["deployment"]) == ("task", "code", "m@one")
    assert (reply.status, reply.headers["x-pointsman-route"]) == (200, "task")
    assert stats.json()["routes"] == {"code": 1}
    assert [entry["id"] for entry in names.json()["data"]] == ["m", "n", "auto", "auto/tasks"]
    assert entry.json()["id"] == "auto/tasks"
    assert (record.json()["decision"]["task"], record.json()["hints"]) == ("code", {})


async def test_without_a_router_auto_is_no_name():
    """Nothing reads content, so nothing is listed for it."""
    async with MockProvider("openai", name="one") as one, gateway(settings(member(one))) as it:
        [names] = await send(it.port, b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
        [entry] = await send(it.port, b"GET /v1/models/auto HTTP/1.1\r\nhost: x\r\n\r\n")
    assert [entry["id"] for entry in names.json()["data"]] == ["m"]
    assert entry.status == 404


def router(chat: MockProvider, encoder: MockProvider):
    """Two categories, told apart by an embeddings endpoint."""
    categories = (
        Category("cooking", "m", ("a recipe for soup", "how long to bake bread")),
        Category("stars", "n", ("the distance of a star", "why planets shine")),
        Category("general", "m"),
    )
    asked = EncoderSettings("http", encoder.models[0], place(encoder))
    semantic = SemanticSettings(categories, "general", encoder=asked)
    return settings(member(chat), member(chat, "n"), semantic=semantic)


@pytest.mark.parametrize(("fault", "told"), [("", "stars"), ("status=500", "lexical")])
async def test_a_dry_run_asks_the_encoder_that_a_request_would_ask(fault, told):
    """It is part of the decision; one that fails is told in the trace, and the decision is made without it."""
    async with (
        MockProvider("openai", name="chat") as chat,
        MockProvider("openai", name="encoder", models=["embedder"], faults=[fault] if fault else []) as encoder,
        gateway(router(chat, encoder)) as it,
    ):
        body = {"messages": [{"role": "user", "content": "why planets shine"}]}
        dry_run = (await dry(it, body, query="?verbose=1")).json()
        assert (encoder.ledger.total > 0, chat.ledger.total) == (True, 0)
    assert (dry_run["route"], dry_run["task"], dry_run["deployment"]) == ("semantic", "stars", "n@chat")
    assert told in next(step["reason"] for step in dry_run["steps"] if step["stage"] == "semantic")
    assert {row["deployment"]: row.get("change") for row in dry_run["candidates"]} == {
        "m@chat": "a text more like category 'cooking' or name model 'm'",
        "n@chat": None,
    }


ASKED = {
    "/v1/messages": {"max_tokens": 9, "messages": MESSAGES, "top_k": 3, "mcp_servers": []},
    "/v1/responses": {"input": "hi", "instructions": "be short"},
    "/responses": {"input": [{"role": "user", "content": "hi"}]},
    "/api/chat": {"messages": MESSAGES, "options": {"num_predict": 9}},
    "/api/generate": {"prompt": "hi", "raw": False},
    "/api/embed": {"input": "hi"},
    "/v1/embeddings": {"input": "hi"},
    "/v1/rerank": {"query": "q", "documents": ["a"]},
    "/v1/messages/count_tokens": {"messages": MESSAGES},
}


@pytest.mark.parametrize("path", ASKED)
async def test_a_body_is_read_as_its_path_reads_it(path, nova):
    """Decided for what would be asked there; without the path some of them are nothing at all."""
    body = msgspec.json.encode({"model": "nova", "task": "code.query", "why_not": "text", **ASKED[path]})
    [reply] = await send(nova.port, post(f"/v1/route?path={path}", body))
    told = reply.json()
    assert (reply.status, told["deployment"], told["hints"]["task"]) == (200, "code", "code.query")
    assert told["why_not"]["excluded_by"] == "tag"


async def test_what_its_own_protocol_says_and_the_choice_does_not_is_told():
    """Fields of Anthropic's that OpenAI has no words for, to who speaks it and who does not; Ollama's long names."""
    said = {"max_tokens": 9, "messages": MESSAGES, "container": "c"}
    async with MockProvider("openai", name="o") as o, MockProvider("anthropic", name="a") as a:
        async with gateway(settings(member(o, "o"), member(o, "d", drop_params=True), member(a, "a"))) as it:
            asked = {name: {"model": name, **said} for name in ("o", "d", "a")}
            told = {name: (await dry(it, body, query="?path=/v1/messages")).json() for name, body in asked.items()}
            long = (await dry(it, {"model": "o:latest"}, query="?path=/api/chat")).json()
    assert "container" in told["o"]["steps"][-1]["reason"]
    assert (told["d"]["not_sent"], told["a"]["not_sent"]) == (["container"], [])
    assert "params" not in [step["stage"] for step in told["a"]["steps"]]
    assert long["deployment"] == "o@o"


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/nowhere", {"messages": MESSAGES}, "path"),
        ("/v1/models", {"messages": MESSAGES}, "path"),
        ("/v1/messages", {"messages": "hi", "max_tokens": 9}, "messages"),
        ("/v1/chat/completions", {"input": "hi"}, "messages"),
    ],
)
async def test_what_its_path_would_refuse_is_refused(path, body, param, nova):
    [reply] = await send(nova.port, post(f"/v1/route?path={path}", msgspec.json.encode({"model": "nova", **body})))
    assert (reply.status, reply.error["param"]) == (400, param)
