"""Which protocols a deployment is asked in as they are."""

from __future__ import annotations

import pytest

from pointsman.fakes import deployment, provider
from pointsman.providers.spoken import speaks

AZURE = "https://r.openai.azure.com"


@pytest.mark.parametrize(
    ("version", "spoken"),
    [
        ("2024-10-21", False),
        ("2025-02-01-preview", False),
        ("2025-03-01-preview", True),
        ("2025-04-01-preview", True),
        ("preview", True),
        ("v1", True),
        (None, True),
    ],
)
def test_a_version_of_azure_s_is_asked_for_what_it_has(version, spoken):
    """Responses came with one of 2025; before it chat's words are asked. The configuration knows better."""
    at = provider(kind="azure", base_url=AZURE, api_version=version)
    assert speaks(deployment("d", at=at), "responses") == spoken
    assert speaks(deployment("d", at=at, info={"supported_endpoints": ["/v1/responses"]}), "responses")
