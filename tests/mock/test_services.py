"""What the simulated services differ in: where they are asked, what they refuse, and how they say so."""

from __future__ import annotations

import httpx
import pytest

from pointsman.mock.services.table import SERVICES
from pointsman.testing import MockProvider

BODY = {"model": "m1", "messages": [{"role": "user", "content": "hello"}]}


async def said(kind: str, path: str | None = None, **more) -> httpx.Response:
    """What one answers to a chat."""
    async with MockProvider(kind, models=["m1"], api_key="sk-hush") as mock, httpx.AsyncClient() as web:
        path = path or f"{SERVICES[kind].roots[0]}/chat/completions"
        key = {"authorization": "Bearer sk-hush"}
        return await web.post(mock.base_url + path, json={**BODY, **more}, headers=key)


@pytest.mark.parametrize("kind", sorted(SERVICES))
async def test_each_is_asked_below_its_own_root(kind):
    """And says who answered; elsewhere there is nothing, unless it is anywhere."""
    assert (await said(kind)).json()["choices"][0]["message"]["content"].startswith(f"[{kind}/m1]")
    assert (await said(kind, "/elsewhere/v9/chat/completions")).status_code == (200 if kind == "compatible" else 404)


@pytest.mark.parametrize(
    ("kind", "field", "status"),
    [("mistral", "stream_options", 422), ("mistral", "user", 422), ("groq", "logprobs", 400), ("cohere", "n", 400)],
)
async def test_fields_that_a_reference_lacks_are_refused(kind, field, status):
    """By name."""
    refused = await said(kind, **{field: 1})
    assert refused.status_code == status
    assert field in refused.text


@pytest.mark.parametrize("kind", ["deepseek", "tgi", "perplexity"])
async def test_a_name_that_is_not_known_is_as_if_it_was_not_there(kind):
    """The newer name of the limit limits nothing."""
    assert (await said(kind, max_completion_tokens=2)).json()["choices"][0]["finish_reason"] == "stop"
    assert (await said(kind, max_tokens=2)).json()["choices"][0]["finish_reason"] == "length"
