"""What a library asks for us: only what the configuration names."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.shapes import Inexpressible

PROVIDER = Provider("far", "any_llm", "https://any-llm.invalid")
ASKED = Request("chat", "m", {"messages": msgspec.Raw(b"[]")})


def test_the_service_stays_before_the_models_name():
    """In OpenAI's format."""
    wire = DIALECTS["any_llm"].write(ASKED, Deployment("m@far", "m", PROVIDER, "watsonx/granite"), "watsonx/granite")
    assert msgspec.json.decode(wire.body) == {"messages": [], "model": "watsonx/granite"}
    assert wire.path == "/v1/chat/completions"


def test_no_caller_chooses_the_service():
    """Its key would go there."""
    with pytest.raises(Inexpressible, match="only what the configuration lists"):
        DIALECTS["any_llm"].write(ASKED, Deployment("far", "far", PROVIDER, None), "mistral/large")
