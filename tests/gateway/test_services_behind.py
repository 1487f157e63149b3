"""Configurations as LiteLLM's users write them, at work over simulated services."""

from __future__ import annotations

import openai
import pytest

from pointsman.config.load import load_mapping
from pointsman.testing import Simulation

ENVIRONMENT = {
    "AZURE_API_BASE": "https://r.openai.azure.com",
    "AZURE_API_KEY": "azure-key",
    "GROQ_API_KEY": "gsk-key",
    "PERPLEXITY_API_KEY": "pplx-key",
    "DATABRICKS_API_BASE": "https://w.cloud.databricks.com/serving-endpoints",
    "DATABRICKS_API_KEY": "dapi-key",
    "MISTRAL_API_KEY": "mistral-key",
}
DATED = "/openai/deployments/my-gpt/chat/completions"


@pytest.mark.parametrize(
    ("params", "provider", "path"),
    [
        ({"model": "azure/my-gpt", "api_version": "2024-10-21"}, "azure", DATED),
        ({"model": "azure/my-gpt"}, "azure", "/openai/v1/chat/completions"),
        ({"model": "my-gpt", "custom_llm_provider": "azure"}, "azure", "/openai/v1/chat/completions"),
        ({"model": "groq/llama-3.3-70b-versatile"}, "groq", "/openai/v1/chat/completions"),
        ({"model": "perplexity/sonar"}, "perplexity", "/chat/completions"),
        ({"model": "mistral/mistral-large-latest"}, "mistral", "/v1/chat/completions"),
        ({"model": "databricks/dbrx"}, "databricks", "/serving-endpoints/chat/completions"),
    ],
)
async def test_an_entry_is_asked_where_its_service_is(params, provider, path):
    """With the environment's key, where the service looks for it."""
    loaded = load_mapping({"model_list": [{"model_name": "m", "litellm_params": params}]}, environ=ENVIRONMENT)
    assert loaded.findings == ()
    async with Simulation(loaded.settings) as it:
        async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="any", max_retries=0) as ai:
            answer = await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        entry = it.providers[provider].ledger.last
    assert answer.choices[0].finish_reason == "stop"
    assert (entry.path, entry.key_matched) == (path, True)


async def test_what_azure_s_filter_holds_back_goes_to_who_is_named_for_it():
    """By ``content_policy_fallbacks``; whoever asked sees an answer."""
    entries = [
        {"model_name": "m", "litellm_params": {"model": "azure/my-gpt"}},
        {"model_name": "other", "litellm_params": {"model": "groq/llama-3.3-70b-versatile"}},
    ]
    router = {"content_policy_fallbacks": [{"m": ["other"]}]}
    loaded = load_mapping({"model_list": entries, "router_settings": router}, environ=ENVIRONMENT)
    async with Simulation(loaded.settings) as it:
        it.providers["azure"].faults.set("says=content_filter:variant=azure")
        async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="any", max_retries=0) as ai:
            answer = await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            told = it.runtime.stats()
    assert answer.choices[0].message.content.startswith("[groq/")
    assert told["total_requests"] == 1
