"""What a server says of one of its models: the question for each kind, and every answer it may give."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import provider
from pointsman.flow.effects import Call, Failed, Reply
from pointsman.model.exchange import Answered
from pointsman.model.listing import Card, Listing
from pointsman.model.outcome import MOST_TOKENS, FailureKind
from pointsman.providers.detailed import DETAILS, detail_of, detailed
from pointsman.providers.listed import MOST_BYTES
from pointsman.testing import MockProvider
from pointsman.wire.perform import World

LISTED = Card(7.0, 2048)
SHOWN = {
    "parameters": 'stop    "<|end|>"\nnum_ctx                        8192\ntemperature 0.7',
    "model_info": {"general.architecture": "llama", "llama.context_length": 131_072, "llama.block_count": 32},
    "capabilities": ["completion", "tools"],
}


def said(kind: str, told: object, known: Card = LISTED) -> Card | None:
    return detailed(DETAILS[kind], Answered(200, {}, msgspec.json.encode(told)), known)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (SHOWN, Card(7.0, 8192, vision=False, tools=True)),
        ({**SHOWN, "parameters": "num_ctx 999999"}, Card(7.0, 131_072, vision=False, tools=True)),
        ({**SHOWN, "parameters": None}, Card(7.0, 131_072, vision=False, tools=True)),
        ({"parameters": "num_ctx 512\nnum_ctx 1024"}, Card(7.0, 1024)),
        ({"parameters": 'system "num_ctx 5"\nstop num_ctx'}, LISTED),
        ({"parameters": "num_ctx 0"}, LISTED),
        ({"model_info": {"x.context_length": "many", "y.context_length": 4096}}, Card(7.0, 4096)),
        ({"model_info": {"general.architecture": ["?"]}, "capabilities": None}, LISTED),
        ({"capabilities": ["completion", "vision", "thinking"]}, Card(7.0, 2048, vision=True, tools=False)),
        ({"capabilities": ["embedding"]}, Card(7.0, 2048, vision=False, tools=False)),
        ({}, LISTED),
    ],
)
def test_ollama_tells_contexts_and_what_a_model_takes(told, expected):
    """Its own context, but never more than it was trained with; what is not said stays."""
    assert said("ollama", told) == expected


@pytest.mark.parametrize(
    ("kind", "told", "expected"),
    [
        (
            "llama_cpp_native",
            {"default_generation_settings": {"n_ctx": 4096}, "modalities": {"vision": True, "audio": False}},
            Card(7.0, 4096, vision=True),
        ),
        ("llama_cpp_native", {"default_generation_settings": [], "modalities": {"vision": 1}}, LISTED),
        ("tgi", {"max_input_tokens": 4095, "max_total_tokens": 4096}, Card(7.0, 4095)),
        ("tgi", {"max_input_length": 1024, "max_total_tokens": 2000}, Card(7.0, 1024)),
        ("tgi", {"max_total_tokens": 4096}, Card(7.0, 4096)),
        (
            "lm_studio",
            {"id": "m", "type": "vlm", "max_context_length": 32_768, "loaded_context_length": 512},
            Card(7.0, 512, vision=True),
        ),
        ("lm_studio", {"id": "m", "type": "llm", "max_context_length": 9, "capabilities": ["tool_use"]},
            Card(7.0, 9, vision=False, tools=True)),
    ],
)  # fmt: skip
def test_other_servers_tell_what_they_run_with(kind, told, expected):
    """Each in its own words."""
    assert said(kind, told) == expected


@pytest.mark.parametrize("kind", sorted(DETAILS))
@pytest.mark.parametrize(
    "reply",
    [
        Failed(FailureKind.TIMEOUT, "late", sent=True),
        Answered(404, {}, msgspec.json.encode(SHOWN)),
        Answered(200, {}, b"<html>"),
        Answered(200, {}, b"[]"),
        Answered(200, {}, b""),
        Answered(200, {}, b"[" * 5000),
        Answered(200, {}, b"{}" + b" " * MOST_BYTES),
        Answered(200, {}, b'{"parameters":"\xff"}'),
    ],
)
def test_rubbish_says_nothing(kind, reply):
    """The list's own word stays."""
    assert detailed(DETAILS[kind], reply, LISTED) is None


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=8), more, max_size=3),
    max_leaves=6,
)
words = st.sampled_from(
    ["parameters", "model_info", "capabilities", "default_generation_settings", "modalities", "max_input_tokens",
     "max_total_tokens", "id", "type", "max_context_length", "loaded_context_length"]
)  # fmt: skip


@given(told=st.dictionaries(words, odd, max_size=5))
@pytest.mark.parametrize("kind", sorted(DETAILS))
def test_no_answer_is_too_strange(kind, told):
    """What is known after it can be believed."""
    found = said(kind, told)
    assert found is None or (found.size == 7.0 and found.context is not None and 0 < found.context <= MOST_TOKENS)


def test_who_is_asked():
    """Servers that tell more of a model than their lists do; where the answer is about the server, if it has one."""
    two, one = Listing({"a": Card(), "b": Card()}), Listing({"a": Card()})
    asked = {kind for kind in DETAILS if detail_of(kind, two) is not None}
    assert asked == {"ollama", "lm_studio"}
    assert {kind for kind in DETAILS if detail_of(kind, one) is not None} == set(DETAILS)
    assert detail_of("vllm", one) is None
    strange = DETAILS["lm_studio"].ask("org/a b?c")
    assert (strange.path, strange.method) == ("/api/v0/models/org/a%20b%3Fc", "GET")


# Against simulated servers

SIMULATED = [
    ("ollama", "ollama", "llava:7b", {}, Card(7.0, 4096, vision=True, tools=True)),
    ("ollama", "ollama", "mistral", {"context_length": 512}, Card(7.0, 512, vision=False, tools=True)),
    ("ollama", "ollama", "nomic-embed-text", {}, Card(7.0, 4096, vision=False, tools=False)),
    ("llama-cpp", "llama_cpp_native", "m.gguf", {"context_length": 1024}, Card(7.0, 1024, vision=False)),
    ("tgi", "tgi", "m", {"context_length": 1024}, Card(7.0, 1023)),
    ("lm-studio", "lm_studio", "org/some-vl", {"context_length": 1024},
        Card(7.0, 1024, vision=True, tools=True)),
]  # fmt: skip


@pytest.mark.parametrize(("mock", "kind", "model", "options", "expected"), SIMULATED)
async def test_a_simulated_server_is_understood(mock, kind, model, options, expected):
    """It answers the question as it is asked."""
    async with MockProvider(mock, models=[model], **options) as at:
        place, loop = provider(at.name, kind, at.base_url), asyncio.get_running_loop()
        world, reply = World(loop), loop.create_future()
        world.perform(Call(place, DETAILS[kind].ask(model), 5.0, 5.0), reply.set_result)
        told: Reply = await asyncio.wait_for(reply, 10)
        world.close()
    assert detailed(DETAILS[kind], told, LISTED) == expected
