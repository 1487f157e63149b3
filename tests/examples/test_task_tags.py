"""Task tags: the claims of the document, in its order, each asked of ``examples/task-tags`` at work.

1  Enable tag filtering                      test_tags_tell_deployments_apart_once_filtering_is_on
2  Enable the hook                           test_a_task_becomes_a_tag_once_the_hook_is_on, test_check_warns_of_tasks_…
3  Add task-specific deployments             test_every_adapter_stands_behind_one_public_name
4  Do not add the base model                 test_check_warns_of_a_base_model…, test_a_base_model_takes_…
5  Tags stand in litellm_params              test_tags_elsewhere_are_told
6  How it works, steps 1 to 6                test_the_flow_of_the_document
7  Scaling with load balancing               test_tags_leave_ten…, test_busy_instances_are_passed_over, …_any_strategy
8  Verification: models                      test_the_one_name_is_listed_to_whoever_has_the_key
9  Verification: log lines                   test_the_log_says_what_the_document_prints
10 Test different tasks                      test_each_task_goes_to_its_adapter
11 Multi-backend deployment                  test_adapters_may_be_anywhere
12 Troubleshooting: wrong adapter            tests of 1 and 2, test_a_tag_is_the_exact_task
13 Troubleshooting: no deployments with tag  test_nobody_with_the_tag_is_told…, test_scripts_that_know_litellms_…
14 Troubleshooting: large base64             test_what_makes_answers_smaller_is_passed_on
15 What the document leaves open             defaults, headers, constraints, all tags, User-Agent, an outage
"""

from __future__ import annotations

import asyncio
import io
import random

import msgspec
import pytest

from pointsman.config.load import from_mapping, load_mapping
from pointsman.telemetry.log import DecisionLog
from support.simulated import at_work, example, reasons, who

NAME = "nova-embeddings-v1"
KEY = "Authorization: Bearer sk-1234"
PAGE = "task-tags/proxy_server_config.yaml"

ADAPTERS = {
    "retrieval": "nova-embeddings-v1-retrieval",
    "retrieval.query": "nova-embeddings-v1-retrieval",
    "retrieval.passage": "nova-embeddings-v1-retrieval",
    "text-matching": "nova-embeddings-v1-text-matching",
    "code": "nova-embeddings-v1-code",
    "code.query": "nova-embeddings-v1-code",
    "code.passage": "nova-embeddings-v1-code",
}


def adapter(tag: str | None, at: str, **more: object) -> dict:
    """An entry of ``model_list``."""
    tags = {} if tag is None else {"tags": [tag]}
    params = {"model": f"nova-{tag or 'base'}", "api_base": f"https://{at}.example/v1", **tags, **more}
    return {"model_name": NAME, "litellm_params": params}


def service(*entries: dict, hook: bool = True, **router: object) -> dict:
    """A configuration of these entries, filtering on."""
    callbacks = {"litellm_settings": {"callbacks": ["nova_task_router"]}} if hook else {}
    return {"router_settings": {"enable_tag_filtering": True, **router}, **callbacks, "model_list": list(entries)}


def served(reply) -> str:
    """The upstream model that answered."""
    assert reply.status == 200, reply.body
    return reply.headers["x-pointsman-model"]


# ---- 1, 2, 3: setup


async def test_tags_tell_deployments_apart_once_filtering_is_on():
    """``enable_tag_filtering: True``: without it the deployments of a name are all the same; with it tags decide."""
    entries = [adapter("a", "one"), adapter("b", "two")]
    off = service(*entries, enable_tag_filtering=False)
    async with at_work(from_mapping(service(*entries))) as desk:
        assert {served(await desk.embed(NAME, "a")) for _ in range(20)} == {"nova-a"}
    async with at_work(from_mapping(off)) as desk:
        shown = await desk.route({"model": NAME, "task": "a", "input": ["x"]})
    assert shown.json()["steps"][-1]["before"] == 2


async def test_a_task_becomes_a_tag_once_the_hook_is_on():
    """``callbacks: ["nova_task_router"]`` makes a tag of a body's ``task``; without it the task is no tag."""
    entries = [adapter("a", "one"), adapter("b", "two")]
    asked = {"model": NAME, "task": "a", "input": ["x"]}
    async with at_work(from_mapping(service(*entries))) as desk:
        assert (await desk.route(asked)).json()["route"] == "tag"
    async with at_work(from_mapping(service(*entries, hook=False))) as desk:
        assert (await desk.route(asked)).json()["route"] == "exact"


def test_check_warns_of_tasks_that_nothing_makes_tags_of():
    """Tag filtering without the hook: a finding says that ``task`` will not route."""
    loaded = load_mapping(service(adapter("a", "one"), hook=False), environ={})
    assert any("task" in finding.message and finding.severity == "warning" for finding in loaded.findings)


async def test_every_adapter_stands_behind_one_public_name():
    """Three entries of one public name, each with its model, address, key, provider and tags; the key is sent."""
    settings = example(PAGE)
    assert {d.model: d.tags for d in settings.deployments if d.model is not None} == {
        "nova-embeddings-v1-retrieval": ("retrieval", "retrieval.query", "retrieval.passage"),
        "nova-embeddings-v1-text-matching": ("text-matching",),
        "nova-embeddings-v1-code": ("code", "code.query", "code.passage"),
    }
    assert {(d.model_name, d.provider.name, d.provider.base_url) for d in settings.deployments} == {
        (NAME, "remodlai", "https://your-nova-endpoint")
    }
    async with at_work(settings, KEY) as desk:
        assert (await desk.embed(NAME, "code")).status == 200
        assert desk["remodlai"].ledger.last.key_matched


# ---- 4, 5: important rules


@pytest.mark.parametrize("tag", [None, "default"])
def test_check_warns_of_a_base_model_beside_its_adapters(tag):
    """Neither without tags nor with the tag ``default`` should the base model have the adapters' public name."""
    loaded = load_mapping(service(adapter("retrieval", "one"), adapter(tag, "base")), environ={})
    warnings = [finding for finding in loaded.findings if finding.severity == "warning"]
    assert any(NAME in finding.message or "model_list[1]" in finding.key for finding in warnings), warnings


@pytest.mark.parametrize("tag", [None, "default"])
async def test_a_base_model_takes_no_tagged_request(tag):
    """The trap of the document, made harmless: who says a task that an adapter has is served by the adapter."""
    async with at_work(from_mapping(service(adapter("retrieval", "one"), adapter(tag, "base")))) as desk:
        assert {served(await desk.embed(NAME, "retrieval")) for _ in range(20)} == {"nova-retrieval"}


def test_tags_elsewhere_are_told():
    """Tags belong in ``litellm_params``; beside it they are an unknown key, with a finding."""
    entry = {"model_name": NAME, "litellm_params": {"model": "x", "api_base": "https://a.example"}, "tags": ["a"]}
    loaded = load_mapping(service(entry), environ={})
    assert any("tags" in finding.key for finding in loaded.findings if finding.severity in ("error", "warning"))


# ---- 6: how it works


async def test_the_flow_of_the_document():
    """Task to tag, all deployments of the name, those with any common tag, its address, its own model name; the
    adapter is asked for what the caller asked, and told the task.
    """
    asked = {"model": NAME, "task": "retrieval.query", "input": ["search query"]}
    async with at_work(example(PAGE), KEY) as desk:
        shown = (await desk.route(asked)).json()
        (reply,) = [await desk.post("/v1/embeddings", asked)]
        (received,) = desk.received("remodlai")
    (step,) = [step for step in shown["steps"] if step["stage"] == "tag"]
    assert (step["before"], step["after"], shown["upstream_model"]) == (3, 1, ADAPTERS["retrieval.query"])
    assert "retrieval.query" in step["reason"]
    assert reply.headers["x-pointsman-route"] == "tag"
    assert received == {"model": ADAPTERS["retrieval.query"], "task": "retrieval.query", "input": ["search query"]}


# ---- 7: scaling


async def test_tags_leave_ten_and_the_strategy_picks_from_them():
    """Ten retrieval instances: the tag filter leaves exactly those, each of them serves, and nobody else."""
    async with at_work(example("task-tags/scaled.yaml"), dice=random.Random(1)) as desk:
        shown = (await desk.route({"model": NAME, "task": "retrieval", "input": ["x"]})).json()
        for _ in range(200):
            assert served(await desk.embed(NAME, "retrieval")) == "nova-embeddings-v1-retrieval"
        counts = desk.asked
    (step,) = [step for step in shown["steps"] if step["stage"] == "tag"]
    assert (step["before"], step["after"]) == (11, 10)
    assert shown["strategy"] == "least_loaded"
    assert len(counts) == 10
    assert sum(counts.values()) == 200


async def test_busy_instances_are_passed_over():
    """Least-busy: while nine of ten are at work the tenth serves, whichever it is."""
    async with at_work(example("task-tags/scaled.yaml")) as desk:
        for mock in desk.it.providers.values():
            mock.faults.set("hang:times=1")
        waiting = [asyncio.create_task(desk.embed(NAME, "retrieval")) for _ in range(10)]
        pods = [mock for name, mock in desk.it.providers.items() if name != "openai-11"]
        for mock in pods:
            await mock.ledger.wait_for(lambda entry: entry.method == "POST")
        assert sorted(desk.asked.values()) == [1] * 10
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("strategy", ["least-busy", "simple-shuffle", "latency-based", "usage-based-routing"])
async def test_tags_go_together_with_any_strategy(strategy):
    """The strategies that the document names, and the one that makes LiteLLM forget the tags."""
    entries = [adapter("a", "one"), adapter("a", "two"), adapter("b", "three")]
    async with at_work(from_mapping(service(*entries, routing_strategy=strategy))) as desk:
        assert {served(await desk.embed(NAME, "a")) for _ in range(20)} == {"nova-a"}
        assert sum(desk.asked.values()) == 20


# ---- 8, 9, 10: verification


async def test_the_one_name_is_listed_to_whoever_has_the_key():
    """``GET /v1/models`` with ``Bearer sk-1234`` shows the public name; without the key it shows nothing."""
    async with at_work(example(PAGE)) as desk:
        listed = await desk.get("/v1/models", KEY)
        refused = await desk.get("/v1/models")
    assert [model["id"] for model in listed.json()["data"]] == [NAME]
    assert refused.status == 401


async def test_variants_that_are_added_separately_are_listed_too():
    """An adapter with a public name of its own is one more model, callable by it."""
    own = {"model_name": "nova-embeddings-v1-code", "litellm_params": adapter("code", "three")["litellm_params"]}
    async with at_work(from_mapping(service(adapter("code", "one"), own))) as desk:
        names = [model["id"] for model in (await desk.get("/v1/models")).json()["data"]]
        assert served(await desk.embed("nova-embeddings-v1-code", "code")) == "nova-code"
    assert names == [NAME, "nova-embeddings-v1-code"]


async def test_the_log_says_what_the_document_prints():
    """With verbose logging on: the task that becomes a tag, the request's tags, and the call with its result."""
    out = io.StringIO()
    async with at_work(example(PAGE), KEY) as desk:
        desk.it.runtime.listeners.append(DecisionLog(out))
        await desk.embed(NAME, "retrieval.query")
    lines = out.getvalue().splitlines()
    assert [line for line in lines if not line.startswith("[ROUTER]")] == [
        "NovaTaskRoutingHook: Converting task 'retrieval.query' to tag",
        "Updated metadata tags: ['retrieval.query']",
        "litellm.aembedding(model=nova-embeddings-v1-retrieval) 200 OK",
    ]


@pytest.mark.parametrize(("task", "model"), ADAPTERS.items(), ids=list(ADAPTERS))
async def test_each_task_goes_to_its_adapter(task, model):
    """Retrieval, text-matching and code, and each of their finer tasks."""
    async with at_work(example(PAGE), KEY) as desk:
        reply = await desk.embed(NAME, task)
        (received,) = desk.received("remodlai")
    assert (served(reply), received["model"]) == (model, model)
    assert reply.json()["data"][0]["embedding"]


# ---- 11: multi-backend


async def test_adapters_may_be_anywhere():
    """Each adapter at another host: the task finds it."""
    async with at_work(example("task-tags/multi-backend.yaml")) as desk:
        served_by = {task: who(await desk.embed(NAME, task)) for task in ("retrieval", "text-matching", "code")}
        at = {d.provider.name: d.model for d in example("task-tags/multi-backend.yaml").deployments}
    assert len(set(served_by.values())) == 3
    assert {task: at[name] for task, name in served_by.items()} == {
        task: ADAPTERS[task] for task in ("retrieval", "text-matching", "code")
    }


# ---- 12, 13, 14: troubleshooting


async def test_a_tag_is_the_exact_task():
    """Tags must include the exact value: ``retrieval.query`` is not ``retrieval``, and nothing is guessed."""
    async with at_work(from_mapping(service(adapter("retrieval", "one")))) as desk:
        reply = await desk.embed(NAME, "retrieval.query")
    assert (reply.status, reply.error["code"]) == (400, "no_deployment_with_tag")


async def test_nobody_with_the_tag_is_told_with_the_tags_there_are():
    """The error "No deployments with tag" is a 400 in OpenAI's shape that names what was asked and which tags exist."""
    async with at_work(example(PAGE), KEY) as desk:
        reply = await desk.embed(NAME, "clustering")
        assert desk.asked == {}
    assert (reply.status, reply.error["code"]) == (400, "no_deployment_with_tag")
    assert reply.error["message"].startswith("No deployments with tag")
    assert all(tag in reply.error["message"] for tag in ("clustering", *ADAPTERS))


async def test_scripts_that_know_litellms_status_get_it():
    """``litellm_status_codes: true``: the same error is a 401, as LiteLLM says it."""
    async with at_work(from_mapping(service(adapter("a", "one"), litellm_status_codes=True))) as desk:
        reply = await desk.embed(NAME, "clustering")
    assert (reply.status, reply.error["code"]) == (401, "no_deployment_with_tag")


async def test_what_makes_answers_smaller_is_passed_on():
    """``encoding_format: "float"`` and ``return_multivector: false`` reach the adapter as they were sent, and so does
    any other field that nobody here knows.
    """
    more = {"encoding_format": "float", "return_multivector": False, "late_chunking": {"size": 64}}
    async with at_work(example(PAGE), KEY) as desk:
        reply = await desk.embed(NAME, "retrieval.passage", **more)
        (received,) = desk.received("remodlai")
    assert reply.status == 200
    assert {name: received[name] for name in more} == more


async def test_base64_is_passed_on_too():
    """The larger form is the caller's choice."""
    async with at_work(example(PAGE), KEY) as desk:
        reply = await desk.embed(NAME, "code.passage", encoding_format="base64")
    assert isinstance(reply.json()["data"][0]["embedding"], str)


async def test_a_provider_that_would_refuse_a_task_is_not_told_it():
    """``drop_params``: OpenAI's own API knows no ``task``; it routes and is dropped. Everything else goes on."""
    own = adapter("a", "one", model="openai/nova-a")
    async with at_work(from_mapping(service(own))) as desk:
        assert served(await desk.embed(NAME, "a", dimensions=8)) == "nova-a"
        (received,) = desk.received("openai")
    assert "task" not in received
    assert received["dimensions"] == 8


# ---- 15: what the document leaves open


async def test_a_request_without_a_task_goes_to_the_default_ones_else_to_all():
    """Untagged: those tagged ``default`` if there are any, otherwise everybody."""
    entries = [adapter("a", "one"), adapter("b", "two")]
    asked = {"model": NAME, "input": ["x"]}
    async with at_work(from_mapping(service(*entries))) as desk:
        assert (await desk.route(asked)).json()["steps"][-1]["before"] == 2
    async with at_work(from_mapping(service(*entries, adapter("default", "three")))) as desk:
        assert {served(await desk.embed(NAME)) for _ in range(20)} == {"nova-default"}


@pytest.mark.parametrize(("header", "model"), [
    ("x-litellm-tags: b", "nova-b"),
    ("x-pointsman-tags: a", "nova-a"),
    ("x-litellm-tags: c , b", "nova-b"),
    ("x-pointsman-tags: !a", None),
    ("x-pointsman-tags: &b", "nova-b"),
    ("X-Task: b", "nova-b"),
])  # fmt: skip
async def test_tags_may_come_in_headers(header, model):
    """LiteLLM's header and ours, comma-separated; ``!tag`` excludes, ``&tag`` demands; ``X-Task`` is a tag here."""
    async with at_work(from_mapping(service(adapter("a", "one"), adapter("b", "two")))) as desk:
        shown = (await desk.route({"model": NAME, "input": ["x"]}, header)).json()
    assert shown["upstream_model"] == (model or "nova-b")


@pytest.mark.parametrize("body", [{"tags": ["b"]}, {"metadata": {"tags": ["b"]}}, {"task": "b"}])
async def test_tags_may_come_in_the_body(body):
    """``tags``, ``metadata.tags`` and ``task`` say the same."""
    async with at_work(from_mapping(service(adapter("a", "one"), adapter("b", "two")))) as desk:
        assert served(await desk.post("/v1/embeddings", {"model": NAME, "input": ["x"], **body})) == "nova-b"


async def test_all_tags_may_be_demanded():
    """``tag_filtering_match_any: false``: a deployment needs every tag of the request."""
    both = adapter("a", "two")
    both["litellm_params"] |= {"model": "nova-both", "tags": ["a", "b"]}
    settings = from_mapping(service(adapter("a", "one"), both, tag_filtering_match_any=False))
    async with at_work(settings) as desk:
        assert {served(await desk.embed(NAME, None, tags=["a", "b"])) for _ in range(20)} == {"nova-both"}


async def test_callers_may_be_told_apart_by_their_user_agent():
    """``tag_regex`` is matched against ``User-Agent: …``; a plain tag counts first."""
    entries = [adapter(None, "one", tag_regex=["^User-Agent: claude-cli/"]), adapter("b", "two")]
    async with at_work(from_mapping(service(*entries))) as desk:
        assert served(await desk.embed(NAME, None, "User-Agent: claude-cli/1.2")) == "nova-base"
        assert served(await desk.embed(NAME, "b", "User-Agent: claude-cli/1.2")) == "nova-b"


async def test_an_outage_of_all_with_the_tag_is_an_outage():
    """All instances of a task cooling: 429 or 503 with Retry-After, never an authorisation error, never another task's
    adapter.
    """
    entries = [adapter("a", "one"), adapter("b", "two")]
    async with at_work(from_mapping(service(*entries, num_retries=0, cooldown_time=60))) as desk:
        settled = desk.it.runtime.topology.deployments[0].provider.name
        desk[settled].faults.set("status=429")
        replies = [await desk.embed(NAME, "a") for _ in range(2)]
        healthy = await desk.embed(NAME, "b")
    assert {reply.status for reply in replies} <= {429, 503}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in replies)
    assert healthy.status == 200


async def test_a_dry_run_tells_the_tags():
    """The explanation of a tagged request names the tag it went by."""
    async with at_work(example(PAGE), KEY) as desk:
        told = reasons(await desk.route({"model": NAME, "task": "code.query", "input": ["x"]}))
    assert "code.query" in told["tag"]
    assert msgspec.json.encode(told)
