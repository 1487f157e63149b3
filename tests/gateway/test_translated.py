"""Clients of other protocols before a model of OpenAI's that refuses the older name of the limit."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.testing import MockProvider
from support.serving import gateway, post, send

HI = [{"role": "user", "content": "hi"}]
ANTHROPIC = ("/v1/messages", {"model": "m", "max_tokens": 9, "messages": HI}, "top_k")
OLLAMA = ("/api/chat", {"model": "m", "stream": False, "messages": HI, "options": {"num_predict": 9}}, "top_k")
RESPONSES = ("/v1/responses", {"model": "m", "max_output_tokens": 9, "input": "hi"}, None)


async def asked(it, path: str, body: dict) -> tuple[int, str]:
    [reply] = await send(it.port, post(path, msgspec.json.encode(body)))
    return reply.status, reply.body.decode()


@pytest.mark.parametrize(
    ("path", "body", "odd"), [ANTHROPIC, OLLAMA, RESPONSES], ids=["anthropic", "ollama", "responses"]
)
async def test_they_are_served(path, body, odd):
    """By its newer name; what it does not know is refused by name, or dropped."""
    async with MockProvider("azure", name="one", models=["gpt-5-mini"]) as mock:
        at = Provider("one", "azure", mock.base_url, api_version="2024-10-21")
        one = Deployment("m@one", "m", at, "gpt-5-mini")
        async with gateway(settings(one, router=RouterSettings(num_retries=0))) as it:
            status, _ = await asked(it, path, body)
            fields = mock.ledger.last.body
            assert (status, fields.get("max_completion_tokens"), "max_tokens" in fields) == (200, 9, False)
            if odd is None:
                return
            more = {"options": {**body["options"], odd: 3}} if "options" in body else {odd: 3}
            status, told = await asked(it, path, {**body, **more})
            assert (status, odd in told) == (400, True)
            status, _ = await asked(it, path, {**body, **more, "drop_params": True})
            assert (status, odd in mock.ledger.last.body) == (200, False)
