"""The routing configuration, sections 6 and 7: sizes of models, and what else a request says.

6 "< 8B", "8B - 13B", "> 13B"     test_a_size_sends_a_name_to_its_provider, test_a_size_has_a_fallback,
                                  test_the_reason_is_in_the_trace
  Detection 1: names              test_sizes_are_read_from_names
  Detection 2: model info         test_sizes_are_taken_from_model_info
  Detection 3: provider's list    test_sizes_are_taken_from_the_providers_own_list, test_a_running_server_is_asked…
7 High priority                   test_high_priority_goes_to_vllm_instead_of_ollama
  Batches                         test_batches_go_to_vllm
  Streams                         test_streams_go_to_ollama
  Order and overriding            test_the_first_rule_counts_and_the_others_are_told, test_a_rule_asks_…,
                                  test_header_names_…
"""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.load import from_mapping
from pointsman.config.settings import Pace, WatchSettings
from support.probing import asked_twice
from support.serving import post, send
from support.simulated import at_work, reasons, who

SIZES = [
    ("phi-3b", "ollama"),
    ("llama-7b", "ollama"),
    ("tiny-1.5B", "ollama"),
    ("llama-8b-chat", "ollama"),
    ("vicuna-13b", "ollama"),
    ("yi-34b", "vllm"),
    ("mixtral-8x7b", "vllm"),
    ("llama-70B-instruct", "vllm"),
]


# ---- 6


@pytest.mark.parametrize(("name", "provider"), SIZES, ids=[name for name, _ in SIZES])
async def test_a_size_sends_a_name_to_its_provider(plain, name, provider):
    """Small and medium models to Ollama, large ones to vLLM, under the name as asked."""
    async with at_work(plain) as desk:
        reply = await desk.chat(name)
        assert desk.received(provider)[0]["model"] == name
    assert (who(reply), reply.headers["x-pointsman-route"]) == (provider, "size")


@pytest.mark.parametrize(("name", "provider", "fallback"), [
    ("vicuna-13b", "ollama", "llama_cpp_python"),
    ("yi-34b", "vllm", "ollama"),
])  # fmt: skip
async def test_a_size_has_a_fallback(plain, name, provider, fallback):
    """When the provider of a size is down its fallback serves the same name."""
    async with at_work(plain) as desk:
        desk[provider].faults.set("status=503")
        reply = await desk.chat(name, num_retries=0)
    assert who(reply) == fallback


async def test_the_reason_is_in_the_trace(plain):
    """Range and reason as they are written in the rule."""
    async with at_work(plain) as desk:
        told = reasons(await desk.route({"model": "yi-34b"}))["size"]
    assert "> 13B" in told
    assert "34" in told
    assert "Large models benefit from vLLM batching" in told


@pytest.mark.parametrize(("name", "range_"), [
    ("llama-7b", "< 8B"),
    ("qwen-13b", "8B - 13B"),
    ("moe-8x7b", "> 13B"),
    ("small-1.5B", "< 8B"),
    ("big-8B", "8B - 13B"),
])  # fmt: skip
async def test_sizes_are_read_from_names(plain, name, range_):
    """Whole and broken numbers, experts times size, either case; 8 and 13 themselves are in the middle range."""
    async with at_work(plain) as desk:
        assert range_ in reasons(await desk.route({"model": name}))["size"]


async def test_a_name_with_a_size_of_ollama_is_a_pattern_first(plain):
    """``qwen:13b`` has a size, and it is Ollama's naming, which comes earlier in the hierarchy."""
    async with at_work(plain) as desk:
        shown = (await desk.route({"model": "qwen:13b"})).json()
    assert (shown["route"], shown["provider"]) == ("pattern", "ollama")


@pytest.mark.parametrize("size", [70, "70B"])
async def test_sizes_are_taken_from_model_info(size):
    """``model_info.size`` says it where the name does not; here it admits the model to a capability."""
    page = {
        "providers": {"vllm": {}},
        "model_list": [
            {"model_name": "big", "litellm_params": {"model": "vllm/anonymous"}, "model_info": {"size": size}},
            {"model_name": "unknown", "litellm_params": {"model": "vllm/nameless"}},
        ],
        "capabilities": {"heavy": {"min_model_size": "13B", "provider": "vllm"}},
    }
    async with at_work(from_mapping(page)) as desk:
        shown = (await desk.route({}, "X-Capability: heavy")).json()
    assert shown["upstream_model"] == "anonymous"


async def test_sizes_are_taken_from_the_providers_own_list():
    """A model that the provider lists with a size in its name is that large, whatever its public name is."""
    page = {
        "providers": {"vllm": {"models": ["meta-llama/Llama-2-70b-hf"]}},
        "capabilities": {"heavy": {"min_model_size": "13B", "provider": "vllm"}},
    }
    async with at_work(from_mapping(page)) as desk:
        shown = (await desk.route({}, "X-Capability: heavy")).json()
    assert shown["upstream_model"] == "meta-llama/Llama-2-70b-hf"


@pytest.mark.parametrize(("size", "provider"), [(7.2, "ollama"), (46.7, "vllm")])
async def test_a_running_server_is_asked_for_its_list(plain, size, provider):
    """A name without a size, of a model that nobody configured: Ollama says how large it is once it has it."""
    watched = msgspec.structs.replace(plain, watch=WatchSettings(lists=Pace(0.01, 5.0)))
    async with at_work(watched, parameters=size) as desk:
        ollama = desk["ollama"]
        body = msgspec.json.encode({"model": "mistral", "stream": False})
        (pulled,) = await send(ollama.port, post("/api/pull", body))
        assert pulled.status == 200
        await asked_twice(ollama, "/api/tags")
        reply = await desk.chat("mistral")
        told = reasons(await desk.route({"model": "mistral"}))["size"]
    assert (who(reply), reply.headers["x-pointsman-route"]) == (provider, "size")
    assert f"{size}B (from ollama's list)" in told


# ---- 7


async def test_high_priority_goes_to_vllm_instead_of_ollama(alone):
    """The example of the document: the same name with ``X-Priority: high`` goes to vLLM, without it to Ollama."""
    async with at_work(alone) as desk:
        usual = await desk.chat("llama3.1:8b")
        urgent = await desk.chat("llama3.1:8b", "X-Priority: high")
        low = await desk.chat("llama3.1:8b", "X-Priority: low")
    assert [who(reply) for reply in (usual, urgent, low)] == ["ollama", "vllm", "ollama"]
    assert urgent.headers["x-pointsman-route"] == "metadata"


async def test_batches_go_to_vllm(alone):
    """``batch_size > 1``: several inputs, several prompts or several answers; one is no batch."""
    async with at_work(alone) as desk:
        several = [
            await desk.post("/v1/embeddings", {"model": "llama3.1:8b", "input": ["a", "b"]}),
            await desk.post("/v1/completions", {"model": "llama3.1:8b", "prompt": ["a", "b"], "max_tokens": 4}),
            await desk.chat("llama3.1:8b", n=2),
        ]
        one = await desk.post("/v1/embeddings", {"model": "llama3.1:8b", "input": ["a"]})
    assert [who(reply) for reply in several] == ["vllm"] * 3
    assert who(one) == "ollama"


async def test_streams_go_to_ollama(plain):
    """``stream == true``: Ollama, and never the other provider of a redundant model."""
    async with at_work(plain) as desk:
        replies = [await desk.chat("llama3.1:8b", stream=True) for _ in range(10)]
    assert {reply.headers["x-pointsman-provider"] for reply in replies} == {"ollama"}
    assert all(reply.body.endswith(b"data: [DONE]\n\n") for reply in replies)


async def test_the_first_rule_counts_and_the_others_are_told(alone):
    """A stream of high priority meets two rules: the first one decides, the trace has the other one too."""
    async with at_work(alone) as desk:
        shown = await desk.route({"model": "llama3.1:8b", "stream": True}, "X-Priority: high")
    assert shown.json()["provider"] == "vllm"
    told = reasons(shown)["metadata"]
    assert told.index("high_priority_requests") < told.index("streaming_requests")


@pytest.mark.parametrize(("name", "model", "words"), [
    ("here", "small-here", "which serves 'here'"),
    ("elsewhere", "small-here", "its group 'small'"),
    ("unknown", "house-model", "its default model 'house-model'"),
])  # fmt: skip
async def test_a_rule_asks_its_provider_for_the_name_then_its_group_then_the_default(name, model, words):
    """Who has the name asked for there, else who shares a group with it, else the provider's default model; the trace
    says which.
    """
    page = {
        "providers": {"vllm": {"default_model": "house-model"}, "ollama": {}},
        "model_list": [
            {"model_name": "here", "litellm_params": {"model": "vllm/small-here"}},
            {"model_name": "elsewhere", "litellm_params": {"model": "ollama/small-elsewhere"}},
        ],
        "router_settings": {"model_group_alias": {"small": ["here", "elsewhere"]}},
        "request_metadata_routing": {"urgent": {"provider": "vllm", "condition": 'header.x-priority == "high"'}},
        "default_provider": "ollama",
    }
    async with at_work(from_mapping(page)) as desk:
        shown = await desk.route({"model": name}, "X-Priority: high")
    assert (shown.json()["provider"], shown.json()["upstream_model"]) == ("vllm", model)
    assert words in reasons(shown)["metadata"]


async def test_header_names_and_values_are_compared_without_case(alone):
    """``x-PRIORITY: High`` is high."""
    async with at_work(alone) as desk:
        assert who(await desk.chat("llama3.1:8b", "x-PRIORITY: High")) == "vllm"
