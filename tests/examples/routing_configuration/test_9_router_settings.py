"""The routing configuration: "Router Settings", "Routing Debugging", "Best Practices" and "Routing Metrics".

Router settings: strategy         test_the_strategies_that_are_named_are_all_known
  model aliases                   test_an_alias_of_several_names_is_a_group
  reliability                     test_num_retries, test_allowed_fails_and_cooldown_time, test_timeout
  pre-call checks                 test_unfit_deployments_are_left_out_before_the_call
  Redis                           test_what_is_not_acted_on_yet_is_said
  fallbacks                       test_fallbacks_by_model_and_fallback_models
Debugging: switch, log lines      test_debug_router_switches_the_log_on, test_the_lines_of_the_document
  test routing                    test_the_loop_of_the_document
Best practices                    test_simple_shuffle_…, test_overlapping_patterns_are_found, test_cost_may_weigh_more
Metrics                           test_each_metric_of_the_document_is_there, test_the_rates_are_shares_…
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys

import msgspec
import pytest

from pointsman.config.load import from_mapping, load, load_mapping
from pointsman.fakes import FakeClock, LoadedDice
from pointsman.telemetry.log import DecisionLog
from pointsman.testing import MockProvider
from support.serving import post, send
from support.simulated import EXAMPLES, at_work, reasons, who

CONFIG = EXAMPLES / "routing-configuration" / "config"

METRICS = (
    "routing_decision_time_ms",
    "exact_match_rate",
    "pattern_match_rate",
    "fallback_trigger_rate",
    "provider_distribution",
    "load_balance_effectiveness",
    "cache_hit_rate",
)


# ---- router settings


@pytest.mark.parametrize("strategy", [
    "simple-shuffle", "least-busy", "usage-based-routing", "usage-based-routing-v2", "latency-based-routing",
])  # fmt: skip
async def test_the_strategies_that_are_named_are_all_known(strategy):
    """Each of the options loads without a finding and serves."""
    page = {
        "model_list": [
            {"model_name": "m", "litellm_params": {"model": "ollama/a"}},
            {"model_name": "m", "litellm_params": {"model": "vllm/a"}},
        ],
        "router_settings": {"routing_strategy": strategy},
    }
    assert load_mapping(page, environ={}).findings == ()
    async with at_work(from_mapping(page)) as desk:
        assert [(await desk.chat("m")).status for _ in range(4)] == [200] * 4


@pytest.mark.parametrize(("group", "members"), [
    ("general_chat", {"llama3.1-ollama@ollama", "llama2-13b-vllm@vllm", "llama-cpp-python@llama_cpp_python"}),
    ("code_generation", {"qwen-coder@ollama", "deepseek-coder@ollama"}),
    ("high_throughput", {"llama2-13b-vllm@vllm"}),
])  # fmt: skip
async def test_an_alias_of_several_names_is_a_group(plain, group, members):
    """Its name can be asked for and is listed; any of its members may serve, under its own model's name."""
    async with at_work(plain) as desk:
        listed = [model["id"] for model in (await desk.get("/v1/models")).json()["data"]]
        shown = (await desk.route({"model": group}, verbose=True)).json()
        reply = await desk.chat(group)
    assert group in listed
    assert {row["deployment"] for row in shown["candidates"] if row["kept"]} >= members
    assert reply.headers["x-pointsman-deployment"] in members


async def test_num_retries(alone):
    """``num_retries: 2``: a lone deployment is asked three times before anybody else is."""
    settings = msgspec.structs.replace(alone, chains={}, fallbacks={})
    async with at_work(settings, dice=LoadedDice()) as desk:
        desk["ollama"].faults.set("status=500")
        reply = await desk.chat("llama3.1:8b")
        assert desk.asked == {"ollama": 3}
    assert reply.status == 502


async def test_allowed_fails_and_cooldown_time(alone):
    """``allowed_fails: 3``: with the fourth failure it rests, for ``cooldown_time: 60`` seconds."""
    clock = FakeClock()
    async with at_work(alone, clock=clock) as desk:
        desk["ollama"].faults.set("status=500")
        for _ in range(3):
            await desk.chat("llama3.1:8b", num_retries=0)
        assert desk.asked["ollama"] == 3
        await desk.chat("llama3.1:8b", num_retries=0)
        desk["ollama"].faults.clear()
        assert who(await desk.chat("llama3.1:8b", num_retries=0)) != "ollama"
        assert desk.asked["ollama"] == 4
        clock.advance(61)
        assert who(await desk.chat("llama3.1:8b", num_retries=0)) == "ollama"


async def test_timeout(alone):
    """``timeout: 30`` seconds are read; a provider that is silent for longer than the timeout is given up."""
    assert alone.router.timeout == 30
    settings = msgspec.structs.replace(alone, router=msgspec.structs.replace(alone.router, timeout=0.2))
    async with at_work(settings) as desk:
        desk["ollama"].faults.set("hang")
        reply = await desk.chat("llama3.1:8b", timeout=10)
    assert who(reply) == "llama_cpp_native"


async def test_unfit_deployments_are_left_out_before_the_call(plain):
    """``enable_pre_call_checks``: a request that is longer than a model's context is not sent to it."""
    text = "word " * 6_000
    async with at_work(plain) as desk:
        shown = (await desk.route({"model": "general_chat", "messages": [{"role": "user", "content": text}]},
                                  verbose=True)).json()  # fmt: skip
        reply = await desk.chat("general_chat", text=text)
    (row,) = [row for row in shown["candidates"] if row["deployment"] == "llama2-13b-vllm@vllm"]
    assert not row["kept"]
    assert "4096" in row["reason"]
    assert who(reply) != "vllm"


def test_what_is_not_acted_on_yet_is_said():
    """``redis_host`` and ``redis_port`` are known keys; nothing of them is silently dropped."""
    told = [finding for finding in load([CONFIG], environ={}).findings if "redis" in finding.key]
    assert {finding.severity for finding in told} <= {"warning", "info"}
    assert len(told) == 2


@pytest.mark.parametrize(("model", "down", "serves"), [
    ("llama3.1:8b", ["ollama"], "llama_cpp_native"),
    ("llama3.1:8b", ["ollama", "llama_cpp_native"], "llama_cpp_python"),
    ("llama2-13b-vllm", ["vllm"], "ollama"),
])  # fmt: skip
async def test_fallbacks_by_model_and_fallback_models(alone, model, down, serves):
    """``llama3.1:8b`` falls back to ``llama3.1-backup``, then to ``llama-cpp-python``; ``llama2-13b-vllm`` to
    ``llama3.1-ollama``.
    """
    async with at_work(alone) as desk:
        for name in down:
            desk[name].faults.set("status=503")
        reply = await desk.chat(model, num_retries=0)
    assert who(reply) == serves
    assert reply.headers["x-pointsman-fallbacks"] == str(len(down))


# ---- debugging


async def test_debug_router_switches_the_log_on(tmp_path):
    """``debug_router: true`` in the configuration: ``pointsman serve`` prints the lines, without any option."""
    assert not load([CONFIG], environ={}).settings.router.debug_router
    async with MockProvider("ollama") as mock:
        page = tmp_path / "debug.yaml"
        page.write_text(f"providers: {{ollama: {{base_url: '{mock.base_url}'}}}}\n"
                        "default_provider: ollama\ndebug_router: true\n")  # fmt: skip
        command = ("-m", "pointsman", "serve", "--config", str(page), "--port", "0")
        serving = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=asyncio.subprocess.PIPE)
        try:
            ready = await line_with(serving.stderr, "ready on")
            port = int(re.search(r"127\.0\.0\.1:(\d+)", ready)[1])
            body = msgspec.json.encode({"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}]})
            await send(port, post("/v1/chat/completions", body))
            assert "Model: llama3.2 -> Provider: ollama" in await line_with(serving.stderr, "[ROUTER]")
        finally:
            serving.terminate()
            await serving.communicate()


async def line_with(stream: asyncio.StreamReader, words: str) -> str:
    async for line in stream:
        if words in line.decode():
            return line.decode()
    raise AssertionError(f"ended without {words!r}")


async def test_the_lines_of_the_document(alone):
    """The three lines that the document shows, as it writes them."""
    out = io.StringIO()
    async with at_work(alone) as desk:
        desk.it.runtime.listeners.append(DecisionLog(out))
        await desk.chat("llama3.1:8b")
        await desk.chat("meta-llama/Llama-2-7b")
        desk["ollama"].faults.set("status=503")
        await desk.chat("something-else", num_retries=0)
    lines = out.getvalue().splitlines()
    assert "[ROUTER] Model: llama3.1:8b -> Provider: ollama (exact match)" in lines
    assert "[ROUTER] Model: meta-llama/Llama-2-7b -> Provider: vllm (pattern match)" in lines
    assert "[ROUTER] Fallback triggered: ollama -> llama_cpp_python" in lines


async def test_the_loop_of_the_document(plain):
    """``/v1/models`` lists id and object of each; three models answer, each under the name that was asked for."""
    async with at_work(plain) as desk:
        listed = (await desk.get("/v1/models")).json()["data"]
        answers = {name: (await desk.chat(name)).json() for name in ("llama3.1:8b", "llama2-13b-vllm", "qwen-coder")}
    assert {model["object"] for model in listed} == {"model"}
    assert {model["id"] for model in listed} >= {"llama3.1:8b", "llama2-13b-vllm", "qwen-coder"}
    assert all(answer["model"] for answer in answers.values())


def test_explain_says_it_without_sending_anything():
    """``pointsman explain`` over the whole configuration."""
    command = [sys.executable, "-m", "pointsman", "explain", str(CONFIG), "--model", "meta-llama/Llama-2-7b"]
    told = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True).stdout
    assert told.startswith("meta-llama/Llama-2-7b -> vllm")


# ---- best practices


async def test_simple_shuffle_distributes_evenly():
    """For development: equals get equal shares."""
    entries = [{"model_name": "m", "litellm_params": {"model": f"{kind}/a"}} for kind in ("ollama", "vllm")]
    page = {"model_list": entries, "router_settings": {"routing_strategy": "simple-shuffle"}}
    async with at_work(from_mapping(page)) as desk:
        told = reasons(await desk.route({"model": "m"}))
    assert "50.0% of the draw" in told["strategy"]


@pytest.mark.parametrize(("factors", "serves"), [
    ({"latency": 0.4, "success_rate": 0.4, "cost": 0.2}, "dear and quick"),
    ({"cost": 1.0}, "cheap and slow"),
])  # fmt: skip
async def test_cost_may_weigh_more(factors, serves):
    """For cost optimisation: with its weight the cheap one has the highest score, however slow it is."""
    prices = {"dear and quick": 1e-5, "cheap and slow": 1e-6}
    page = {
        "model_list": [
            {"model_name": "m", "litellm_params": {"model": f"{kind}/{name}", "input_cost_per_token": cost}}
            for kind, (name, cost) in zip(("vllm", "ollama"), prices.items(), strict=True)
        ],
        "load_balancing": {"usage_based": {"weight_factors": factors}},
        "router_settings": {"routing_strategy": "usage_based"},
    }
    clock = FakeClock()
    async with at_work(from_mapping(page), clock=clock) as desk:
        board, members = desk.it.runtime.board, desk.it.runtime.topology.groups["m"]
        for seconds, deployment in zip((0.1, 2.0), members, strict=True):
            lease = board.take(deployment)
            clock.advance(seconds)
            board.succeeded(lease, 10)
            board.give_back(lease)
        shown = (await desk.route({"model": "m"}, verbose=True)).json()
    scores = {row["deployment"]: row["terms"]["score"] for row in shown["candidates"] if row.get("terms")}
    best = max(members, key=lambda deployment: scores[deployment.id])
    assert best.model == serves


def test_overlapping_patterns_are_found():
    """Patterns that overlap unintentionally: ``check`` finds them, with a name that both match."""
    page = {
        "providers": {"vllm": {}, "ollama": {}},
        "patterns": [{"pattern": "^llama", "provider": "vllm"}, {"pattern": "-7b$", "provider": "ollama"}],
    }
    (finding,) = load_mapping(page, environ={}).findings
    (name,) = [word for word in re.findall(r"`([^`]+)`", finding.message) if "-7b" in word]
    assert (finding.severity, finding.key) == ("warning", "patterns[1].pattern")
    assert name.startswith("llama")
    assert name.endswith("-7b")


def test_the_examples_own_patterns_overlap_nowhere_unsaid():
    """The example has no error, and each warning is about something it says on purpose."""
    findings = load([CONFIG], environ={}).findings
    assert [finding for finding in findings if finding.severity == "error"] == []


# ---- metrics


async def test_each_metric_of_the_document_is_there(plain):
    """All seven, with our prefix, from the start."""
    async with at_work(plain) as desk:
        await desk.chat("llama3.1:8b")
        text = (await desk.get("/metrics")).body.decode()
    assert [name for name in METRICS if f"pointsman_{name}" not in text] == []


async def test_the_rates_are_shares_of_the_last_requests(alone):
    """Two exact matches, one pattern and one default: 0.5, 0.25; one of four fell back; each provider's share."""
    async with at_work(alone) as desk:
        for name in ("llama3.1:8b", "qwen2.5-coder:7b", "meta-llama/Llama-2-7b"):
            await desk.chat(name)
        desk["ollama"].faults.set("status=503")
        await desk.chat("something-else", num_retries=0)
        rates = {name: await desk.metric(f"pointsman_{name}") for name in METRICS}
    assert rates["exact_match_rate"] == {"": 0.5}
    assert rates["pattern_match_rate"] == {"": 0.25}
    assert rates["fallback_trigger_rate"] == {"": 0.25}
    assert rates["cache_hit_rate"] == {"": 0.0}
    assert 0 <= rates["load_balance_effectiveness"][""] <= 1
    assert rates["routing_decision_time_ms"][""] > 0
    assert {name: rate for name, rate in rates["provider_distribution"].items() if rate} == {
        'provider="ollama"': 0.5, 'provider="vllm"': 0.25, 'provider="llama_cpp_python"': 0.25,
    }  # fmt: skip
