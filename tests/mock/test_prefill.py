"""An answer that has begun already is gone on from, by servers that do so."""

from __future__ import annotations

import pytest

from pointsman.testing import MockProvider

CHAT = "/v1/chat/completions"
TOLD = {"continue_final_message": True, "add_generation_prompt": False}


def said(answer):
    body = answer.json()
    return body["choices"][0]["message"]["content"] if "choices" in body else body["message"]["content"]


def behind(hello, begun, **more):
    body = hello("m", stream=False, **more)
    body["messages"].append({"role": "assistant", "content": begun})
    return body


@pytest.mark.parametrize(
    ("kind", "path", "more"),
    [("vllm", CHAT, TOLD), ("llama-cpp", CHAT, {}), ("ollama", CHAT, {}), ("ollama", "/api/chat", {})],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.53])
async def test_it_goes_on_from_its_own_words(ask, hello, kind, path, more, share):
    """The rest follows, to the letter, also from the middle of a word."""
    async with MockProvider(kind, models=["m"]) as provider:
        whole = said(await ask(provider, "POST", path, hello("m", stream=False)))
        begun = whole[: int(len(whole) * share)]
        rest = said(await ask(provider, "POST", path, behind(hello, begun, **more)))
    assert begun + rest == whole


async def test_as_many_tokens_as_told_follow(ask, hello):
    """Bounds are for what is still to be said."""
    async with MockProvider("vllm", models=["m"]) as provider:
        whole = said(await ask(provider, "POST", CHAT, hello("m", max_tokens=60, ignore_eos=True)))
        begun = " ".join(whole.split(" ")[:20])
        answer = await ask(provider, "POST", CHAT, behind(hello, begun, max_tokens=40, ignore_eos=True, **TOLD))
    assert begun + said(answer) == whole
    assert answer.json()["usage"]["completion_tokens"] == 40


async def test_others_words_are_gone_on_from_in_its_own(ask, hello):
    """Nothing of the beginning is said again."""
    async with MockProvider("llama-cpp", models=["m"]) as provider:
        answer = said(await ask(provider, "POST", CHAT, behind(hello, "[else/m] once upon")))
    assert answer.startswith(" ")
    assert "[" not in answer


@pytest.mark.parametrize("more", [{}, {"continue_final_message": False}])
async def test_vllm_goes_on_only_if_told_to(ask, hello, more):
    """Without its word for it the beginning is one more turn of the conversation."""
    async with MockProvider("vllm", models=["m"]) as provider:
        answer = said(await ask(provider, "POST", CHAT, behind(hello, "[vllm/m] once", **more)))
    assert answer.startswith("[vllm/m] ")


async def test_vllm_refuses_a_contradiction(ask, hello):
    """Going on from a turn and beginning another can't both be had."""
    async with MockProvider("vllm", models=["m"]) as provider:
        answer = await ask(provider, "POST", CHAT, behind(hello, "x", continue_final_message=True))
    assert (answer.status, "Cannot set both" in answer.json()["error"]["message"]) == (400, True)
