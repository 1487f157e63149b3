"""The routing configuration, section 3: capabilities, asked for by the header ``X-Capability``.

Definition and usage             test_a_request_without_a_model_is_served_by_what_it_needs
code_generation                  test_code_generation_…, test_every_preferred_model_has_its_share
high_throughput                  test_high_throughput_wants_large_models_at_vllm
low_latency                      test_low_latency_…
general_chat                     test_general_chat_…
large_context                    test_large_context_…
All of them, at a time           test_every_capability_serves_many_at_a_time
Bad input                        test_an_unknown_capability_is_refused_with_those_there_are
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from support.simulated import at_work, who


async def test_a_request_without_a_model_is_served_by_what_it_needs(plain):
    """The header alone decides; no model is named, and one that is good at code writes the function."""
    async with at_work(plain) as desk:
        reply = await desk.chat(None, "X-Capability: code_generation", text="Write a Python function")
    assert reply.headers["x-pointsman-route"] == "capability"
    assert reply.headers["x-pointsman-model"] in ("qwen2.5-coder:7b", "deepseek-coder-v2")


async def test_code_generation_has_two_preferred_models_at_ollama(plain):
    """Both preferred models at Ollama are candidates, and nobody else is."""
    async with at_work(plain) as desk:
        shown = await desk.route({}, "X-Capability: code_generation", verbose=True)
        kept = [row["deployment"] for row in shown.json()["candidates"] if row["kept"]]
    assert shown.json()["provider"] == "ollama"
    assert {name.partition("@")[0] for name in kept} >= {"qwen2.5-coder:7b", "deepseek-coder-v2"}


async def test_every_preferred_model_has_its_share(plain):
    """``load_balance`` spreads requests over both."""
    async with at_work(plain) as desk:
        for _ in range(40):
            await desk.chat(None, "X-Capability: code_generation")
        models = Counter(body["model"] for body in desk.received("ollama"))
    assert set(models) == {"qwen2.5-coder:7b", "deepseek-coder-v2"}
    assert min(models.values()) >= 5


async def test_high_throughput_wants_large_models_at_vllm(plain):
    """At least 13B, at vLLM: the 13B Llama is; what is smaller or elsewhere is left out, with the reason."""
    async with at_work(plain) as desk:
        shown = (await desk.route({}, "X-Capability: high_throughput", verbose=True)).json()
    assert (shown["provider"], shown["upstream_model"]) == ("vllm", "meta-llama/Llama-2-13b-chat-hf")
    assert shown["strategy"] == "least_loaded"
    out = [row for row in shown["candidates"] if not row["kept"]]
    assert out
    assert all(row["reason"] for row in out)


async def test_low_latency_goes_to_llama_cpp_and_falls_back_to_its_sibling(plain):
    """llama_cpp_native first, picked by fastest_response; when it is down, llama_cpp_python."""
    async with at_work(plain) as desk:
        first = await desk.chat(None, "X-Capability: low_latency")
        desk["llama_cpp_native"].faults.set("status=503")
        second = await desk.chat(None, "X-Capability: low_latency", num_retries=0)
    assert (who(first), first.headers["x-pointsman-strategy"]) == ("llama_cpp_native", "fastest_response")
    assert who(second) == "llama_cpp_python"


async def test_general_chat_has_two_preferred_models_wherever_they_are(plain):
    """Two public names at different providers, picked by usage_based."""
    async with at_work(plain) as desk:
        shown = (await desk.route({}, "X-Capability: general_chat", verbose=True)).json()
    kept = {row["deployment"] for row in shown["candidates"] if row["kept"]}
    assert shown["strategy"] == "usage_based"
    assert any("llama2-13b-vllm" in name for name in kept)
    assert any("llama3.1:8b" in name for name in kept)


async def test_large_context_counts_what_is_configured(plain):
    """8192 tokens are at llama-cpp-python; vLLM's 4096 are too few, and the reason says so."""
    async with at_work(plain) as desk:
        replies = [await desk.chat(None, "X-Capability: large_context") for _ in range(10)]
        shown = (await desk.route({}, "X-Capability: large_context", verbose=True)).json()
    assert {who(reply) for reply in replies} == {"llama_cpp_python"}
    assert shown["strategy"] == "most_capacity"
    reasons = {row["deployment"]: row.get("reason", "") for row in shown["candidates"]}
    assert "4096" in reasons["llama2-13b-vllm@vllm"]


async def test_an_unknown_capability_is_refused_with_those_there_are(plain):
    """400 in OpenAI's shape, and the message lists what may be asked for."""
    async with at_work(plain) as desk:
        reply = await desk.chat(None, "X-Capability: telepathy")
    assert reply.status == 400
    assert all(name in reply.error["message"] for name in plain.capabilities)


@pytest.mark.parametrize("capability", [
    "code_generation", "high_throughput", "low_latency", "general_chat", "large_context",
])  # fmt: skip
async def test_every_capability_serves_many_at_a_time(plain, capability):
    """Twenty at once, each answered."""
    async with at_work(plain) as desk:
        asked = [desk.chat(None, f"X-Capability: {capability}") for _ in range(20)]
        replies = await asyncio.gather(*asked)
    assert [reply.status for reply in replies] == [200] * 20
    assert {reply.headers["x-pointsman-route"] for reply in replies} == {"capability"}
