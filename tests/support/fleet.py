"""Simulated providers and the configurations over them."""

from __future__ import annotations

from typing import Any

from pointsman.config.settings import Settings
from pointsman.fakes import settings
from pointsman.mock.services.table import SERVICES
from pointsman.model.deployment import Deployment, Provider
from pointsman.testing import MockProvider

KINDS = {
    "openai": "openai",
    "vllm": "vllm",
    "llama-cpp": "llama_cpp_native",
    "ollama": "ollama",
    "anthropic": "anthropic",
    "triton": "triton",
    "bedrock": "bedrock",
}

ALONE = frozenset({"anthropic", "bedrock", "triton", "azure", *SERVICES})
"""Simulated kinds that have no paths of OpenAI's, or have them elsewhere, or with differences of their own."""


def place(mock: MockProvider, **more: Any) -> Provider:
    """The provider entry for a simulated one."""
    url = mock.base_url if mock.kind in ("ollama", "triton", "bedrock") else f"{mock.base_url}/v1"
    return Provider(mock.name, KINDS[mock.kind], url, **more)


def member(mock: MockProvider, model_name: str = "m", **more: Any) -> Deployment:
    """A deployment of ``model_name`` at a simulated provider, which serves its first model."""
    at = place(mock)
    more.setdefault("model", mock.models[0])
    return Deployment(f"{model_name}@{mock.name}", model_name, at, **more)


def over(*mocks: MockProvider, **more: Any) -> Settings:
    """One group ``m`` over all of them."""
    return settings(*[member(mock) for mock in mocks], **more)
