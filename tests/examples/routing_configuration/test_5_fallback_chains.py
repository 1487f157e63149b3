"""The routing configuration, section 5: fallback chains.

Default chain                    test_the_default_chain_…, conditions, sizes
Code generation                  test_the_code_chain_…
High availability                test_the_high_availability_chain_…, attempts, delays
Execution flow, steps 1 to 7     test_the_execution_flow, test_a_failed_provider_rests
"""

from __future__ import annotations

import msgspec
import pytest

from pointsman.fakes import LoadedDice
from support.simulated import at_work, who

CHAIN = "X-Chain: high_availability"


def impatient(settings, chain="high_availability"):
    """The chain with a millisecond between its attempts."""
    quick = msgspec.structs.replace(settings.chains[chain], delay=0.001)
    return msgspec.structs.replace(settings, chains={**settings.chains, chain: quick}, fallbacks={})


# ---- the default chain


def chain_of(shown: dict) -> list[str]:
    """The providers of a plan, each once, in order."""
    return list(dict.fromkeys(leg["provider"] for leg in shown["plan"]))


@pytest.mark.parametrize(("model", "providers"), [
    ("something-13b", ["ollama", "vllm", "llama_cpp_python"]),
    ("something-12b", ["ollama", "llama_cpp_python"]),
    ("something", ["ollama", "llama_cpp_python"]),
])  # fmt: skip
async def test_the_default_chain_asks_vllm_for_large_models_only(plain, model, providers):
    """``model_size >= "13B"`` decides whether vLLM is asked; ``always`` holds for the others."""
    settings = msgspec.structs.replace(plain, sizes=())
    async with at_work(settings, dice=LoadedDice()) as desk:
        for mock in desk.it.providers.values():
            mock.faults.set("status=500")
        await desk.chat(model, num_retries=0)
        assert list(desk.asked) == [name for name in desk.it.providers if name in providers]


async def test_members_of_a_chain_are_asked_in_their_order(plain):
    """Ollama has failed before the chain begins; of a 13B model vLLM comes next and answers."""
    settings = msgspec.structs.replace(plain, sizes=())
    async with at_work(settings) as desk:
        desk["ollama"].faults.set("status=500")
        reply = await desk.chat("something-13b", num_retries=0)
        assert desk.asked == {"ollama": 1, "vllm": 1}
    assert who(reply) == "vllm"


# ---- code generation


async def test_the_code_chain_belongs_to_the_capability_of_its_name(plain):
    """When Ollama fails for code, it is tried for the preferred model, then llama-cpp-python, for Ollama is not
    available.
    """
    async with at_work(plain) as desk:
        desk["ollama"].faults.set("status=500")
        reply = await desk.chat(None, "X-Capability: code_generation", num_retries=0)
        models = [body["model"] for body in desk.received("ollama")]
    assert who(reply) == "llama_cpp_python"
    assert "qwen2.5-coder:7b" in models


async def test_a_member_whose_condition_does_not_hold_is_passed_over(plain):
    """``ollama_unavailable``: while Ollama serves other models, llama-cpp-python is not asked for the chain."""
    async with at_work(plain) as desk:
        shown = (await desk.route({}, "X-Capability: code_generation")).json()
        reply = await desk.chat(None, "X-Capability: code_generation")
    assert who(reply) == "ollama"
    assert shown["provider"] == "ollama"


# ---- high availability


async def test_the_high_availability_chain_is_asked_for_by_name(plain):
    """``X-Chain: high_availability``: Ollama, llama-cpp-python, llama.cpp, in this order."""
    async with at_work(impatient(plain), dice=LoadedDice()) as desk:
        for name in ("ollama", "llama_cpp_python"):
            desk[name].faults.set("status=500")
        reply = await desk.chat("any-model", CHAIN)
        assert list(desk.asked) == [name for name in desk.it.providers if name != "vllm"]
    assert who(reply) == "llama_cpp_native"


async def test_each_member_of_it_is_tried_three_times_more(plain):
    """``retry_attempts: 3``: a member is asked four times in all before the next one is."""
    assert plain.chains["high_availability"].retries == 3
    settings = impatient(plain)
    settings = msgspec.structs.replace(settings, router=msgspec.structs.replace(settings.router, allowed_fails=100))
    async with at_work(settings, dice=LoadedDice()) as desk:
        desk["ollama"].faults.set("status=500:times=3")
        reply = await desk.chat("any-model", CHAIN)
        assert desk.asked == {"ollama": 4}
    assert (who(reply), reply.headers["x-pointsman-attempts"]) == ("ollama", "4")


def test_between_two_attempts_it_waits(plain):
    """``retry_delay_ms: 500`` is half a second; how it is kept is asked in ``tests/flow``."""
    assert plain.chains["high_availability"].delay == 0.5


async def test_an_unknown_chain_is_refused_with_those_there_are(plain):
    """400, and the message lists the chains."""
    async with at_work(plain) as desk:
        reply = await desk.chat("any-model", "X-Chain: daisy")
    assert reply.status == 400
    assert all(name in reply.error["message"] for name in plain.chains)


# ---- the execution flow


@pytest.mark.parametrize("fault", ["status=500", "status=429", "hang", "reset", "garbage"])
async def test_the_execution_flow(plain, fault):
    """Primary fails in whichever way, secondary is asked, tertiary answers; each attempt is recorded with its kind."""
    settings = impatient(plain)
    settings = msgspec.structs.replace(settings, router=msgspec.structs.replace(settings.router, timeout=0.3))
    chain = msgspec.structs.replace(settings.chains["high_availability"], retries=0)
    settings = msgspec.structs.replace(settings, chains={**settings.chains, "high_availability": chain})
    async with at_work(settings) as desk:
        for name in ("ollama", "llama_cpp_python"):
            desk[name].faults.set(fault)
        reply = await desk.chat("any-model", CHAIN, timeout=10)
        told = (await desk.get(f"/v1/decisions/{reply.headers['x-pointsman-request-id']}")).json()
    assert who(reply) == "llama_cpp_native"
    attempts = told["outcome"]["attempts"]
    assert len(attempts) == 3
    assert all(attempt["failure"] for attempt in attempts[:2])
    assert attempts[2]["failure"] is None


async def test_when_everybody_has_failed_the_error_goes_to_the_caller(plain):
    """Step 6: primary, secondary and tertiary are named in it."""
    async with at_work(impatient(plain), dice=LoadedDice()) as desk:
        for mock in desk.it.providers.values():
            mock.faults.set("status=503")
        reply = await desk.chat("any-model", CHAIN)
    assert reply.status == 503
    assert "retry-after" in reply.headers
    assert all(name in reply.error["message"] for name in ("ollama", "llama_cpp_python", "llama_cpp_native"))


async def test_a_failed_provider_rests(plain):
    """Step 7: after the failures that are allowed, it is not asked until its cooldown is over."""
    async with at_work(plain) as desk:
        desk["ollama"].faults.set("status=500")
        replies = [await desk.chat("something-else", num_retries=0) for _ in range(8)]
        health = (await desk.get("/health")).json()
        asked = desk.asked
    assert {who(reply) for reply in replies} == {"llama_cpp_python"}
    assert asked["ollama"] < 8
    assert any(row["provider"] == "ollama" and not row["fit"] for row in health["deployments"])
