"""The routing configuration, sections "Routing Decision Hierarchy", 1 and 2: by name.

Hierarchy, levels 1 to 7        test_level_1_… to test_level_7_…, test_each_level_comes_after_the_one_before
1 Exact model names             test_an_exact_name_goes_where_it_is_mapped, test_the_flow_of_an_exact_name,
                                test_the_current_exact_matches
2 Patterns                      test_a_pattern_sends_a_name_to_its_provider, test_the_flow_of_a_pattern,
                                test_a_pattern_has_a_fallback, test_names_that_match_no_pattern
"""

from __future__ import annotations

import pytest

from support.simulated import at_work, reasons, who

# ---- the hierarchy


async def test_level_1_is_the_exact_name(plain):
    """A name that is listed is settled by it, though a pattern would match it too and a capability is asked for."""
    async with at_work(plain) as desk:
        shown = (await desk.route({"model": "qwen2.5-coder:7b"}, "X-Capability: high_throughput")).json()
    assert (shown["route"], shown["provider"]) == ("exact", "ollama")


async def test_level_2_is_the_pattern(plain):
    """A name that is not listed goes by the first pattern that matches, before any capability."""
    async with at_work(plain) as desk:
        shown = (await desk.route({"model": "mistralai/Mixtral-8x7B"}, "X-Capability: low_latency")).json()
    assert (shown["route"], shown["provider"]) == ("pattern", "vllm")


async def test_level_3_is_the_capability(plain):
    """What matches neither goes by the capability that the caller asks for."""
    async with at_work(plain) as desk:
        shown = (await desk.route({"model": "some-model"}, "X-Capability: low_latency")).json()
    assert (shown["route"], shown["provider"]) == ("capability", "llama_cpp_native")


async def test_level_4_is_load_balancing(plain):
    """Where several providers are left a strategy picks one of them."""
    async with at_work(plain) as desk:
        shown = (await desk.route({"model": "llama3.1:8b"})).json()
    (step,) = [step for step in shown["steps"] if step["stage"] == "strategy"]
    assert (step["before"], step["after"]) == (2, 1)


async def test_level_5_is_the_default_provider(plain):
    """A name that nothing settles is served by the default provider, as it was asked for."""
    async with at_work(plain) as desk:
        reply = await desk.chat("something-else")
        assert desk.received("ollama")[0]["model"] == "something-else"
    assert (reply.headers["x-pointsman-route"], who(reply)) == ("default", "ollama")


async def test_level_6_is_the_fallback_chain(plain):
    """When the default provider fails the default chain goes on: not vLLM, for the size is not known, but
    llama-cpp-python.
    """
    async with at_work(plain) as desk:
        desk["ollama"].faults.set("status=500")
        reply = await desk.chat("something-else", num_retries=0)
    assert who(reply) == "llama_cpp_python"
    assert int(reply.headers["x-pointsman-fallbacks"]) >= 1
    assert "vllm" not in desk.asked


async def test_level_7_is_an_error(plain):
    """When all fail the caller gets an error in OpenAI's shape that says who was asked and what became of it."""
    async with at_work(plain) as desk:
        for mock in desk.it.providers.values():
            mock.faults.set("status=500")
        reply = await desk.chat("something-else", num_retries=0)
    assert reply.status >= 500
    assert set(reply.error) >= {"message", "type", "param", "code"}
    assert "ollama" in reply.error["message"]
    assert "llama_cpp_python" in reply.error["message"]


async def test_each_level_comes_after_the_one_before(plain):
    """A dry run of a name that nobody knows has the levels in their order, each with its word."""
    async with at_work(plain) as desk:
        told = reasons(await desk.route({"model": "something-else"}))
    levels = [stage for stage in told if stage in ("exact", "pattern", "size", "default", "strategy")]
    assert levels == ["exact", "pattern", "size", "default", "strategy"]


# ---- 1: exact names


async def test_an_exact_name_goes_where_it_is_mapped(plain):
    """``llama3.1:8b`` is mapped to Ollama, without a fallback."""
    rule = plain.exact["llama3.1:8b"]
    assert (rule.provider, rule.fallback, rule.description) == ("ollama", None, "General-purpose chat model")


async def test_the_flow_of_an_exact_name(alone):
    """Found in exact_matches, sent to Ollama as Ollama's model of that name, and the answer comes back as OpenAI's."""
    async with at_work(alone) as desk:
        reply = await desk.chat("llama3.1:8b")
        entry = desk["ollama"].ledger.last
    assert (entry.path, entry.model) == ("/api/chat", "llama3.1:8b")
    assert reply.headers["x-pointsman-route"] == "exact"
    assert reply.json()["object"] == "chat.completion"
    assert reply.json()["choices"][0]["message"]["content"].startswith("[ollama/llama3.1:8b]")


@pytest.mark.parametrize(("name", "provider", "model", "url"), [
    ("llama3.1:8b", "ollama", "llama3.1:8b", "http://127.0.0.1:11434"),
    ("qwen2.5-coder:7b", "ollama", "qwen2.5-coder:7b", "http://127.0.0.1:11434"),
    ("llama2-13b-vllm", "vllm", "meta-llama/Llama-2-13b-chat-hf", "http://127.0.0.1:8001"),
    ("llama-cpp-default", "llama_cpp_python", "llama-cpp-default", "http://127.0.0.1:8000"),
])  # fmt: skip
async def test_the_current_exact_matches(alone, name, provider, model, url):
    """Each name of the list goes to its provider, on that provider's port, as the model that is meant."""
    assert alone.providers[provider].base_url == url
    async with at_work(alone) as desk:
        reply = await desk.chat(name)
        assert desk.received(provider)[0]["model"] == model
    assert (who(reply), reply.headers["x-pointsman-route"]) == (provider, "exact")


# ---- 2: patterns


@pytest.mark.parametrize(("name", "provider"), [
    ("meta-llama/Llama-2-7b-chat-hf", "vllm"),
    ("meta-llama/Llama-3.1-70B-Instruct", "vllm"),
    ("mistralai/Mistral-7B-Instruct-v0.3", "vllm"),
    ("model:7b", "ollama"),
    ("model:13B", "ollama"),
    ("llama-2-7b.Q4_K_M.gguf", "llama_cpp_python"),
])  # fmt: skip
async def test_a_pattern_sends_a_name_to_its_provider(plain, name, provider):
    """HuggingFace paths to vLLM, names with a size to Ollama, GGUF files to llama.cpp, each under the name as asked."""
    async with at_work(plain) as desk:
        reply = await desk.chat(name)
        (received,) = desk.received(provider)
    assert (who(reply), reply.headers["x-pointsman-route"], received["model"]) == (provider, "pattern", name)


async def test_the_flow_of_a_pattern(plain):
    """No exact match, the pattern that matches, vLLM, Ollama as its fallback, and the request goes to vLLM."""
    asked = {"model": "meta-llama/Llama-2-7b-chat-hf"}
    async with at_work(plain) as desk:
        shown = await desk.route(asked)
        reply = await desk.chat(asked["model"])
    told = reasons(shown)
    assert told["exact"].startswith("no exact match")
    assert "^meta-llama/.*" in told["pattern"]
    assert [leg["provider"] for leg in shown.json()["plan"]][:2] == ["vllm", "ollama"]
    assert who(reply) == "vllm"


@pytest.mark.parametrize(("name", "provider", "fallback"), [
    ("meta-llama/Llama-2-7b-chat-hf", "vllm", "ollama"),
    ("mistralai/Mistral-7B-Instruct-v0.3", "vllm", "ollama"),
    ("llama-2-7b.Q4_K_M.gguf", "llama_cpp_python", "llama_cpp_native"),
])  # fmt: skip
async def test_a_pattern_has_a_fallback(plain, name, provider, fallback):
    """When its provider is down, the pattern's fallback serves the same name."""
    async with at_work(plain) as desk:
        desk[provider].faults.set("status=503")
        reply = await desk.chat(name, num_retries=0)
        assert desk.received(fallback)[0]["model"] == name
    assert (who(reply), reply.headers["x-pointsman-route"]) == (fallback, "pattern")


@pytest.mark.parametrize("name", ["xmeta-llama/a", "model:7", "model:7b-instruct", "file.gguf.part", "MISTRALAI/x"])
async def test_names_that_match_no_pattern(plain, name):
    """Anchors, the dollar and the escaped dot mean what they say."""
    async with at_work(plain) as desk:
        assert (await desk.route({"model": name})).json()["route"] != "pattern"
