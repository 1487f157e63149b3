"""Where services are that everybody has at another address, and which version of their API is spoken there."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

HOST = "https://r.openai.azure.com"
GATE = "https://gate.example/team"
SERVERLESS = "https://x.eastus.models.ai.azure.com/v1"
FOUNDRY = "https://r.services.ai.azure.com"
ENVIRONMENT = {"AZURE_API_BASE": f"{HOST}/", "AZURE_API_KEY": "azure-key", "AZURE_API_VERSION": "2024-06-01"}


def placed(params: dict, providers: dict | None = None, **environ: str):
    """What one entry becomes: kind, address, version and key of its provider, and the model; and the findings."""
    entry = {"model_name": "m", "litellm_params": {"model": "azure/gpt", **params}}
    loaded = load_mapping({"model_list": [entry], "providers": providers or {}}, environ=environ)
    findings = [f"{finding.severity} {finding.message}" for finding in loaded.findings]
    if loaded.settings is None:
        return None, findings
    made = next(d for d in loaded.settings.deployments if d.model_name == "m")
    at = made.provider
    return (at.kind, at.base_url, at.api_version, at.api_key and at.api_key.reveal(), made.model), findings


@pytest.mark.parametrize(
    ("params", "base_url", "version"),
    [
        ({"api_base": HOST}, f"{HOST}/openai/v1", None),
        ({"api_base": f"{HOST}/"}, f"{HOST}/openai/v1", None),
        ({"api_base": f"{HOST}/openai"}, f"{HOST}/openai/v1", None),
        ({"api_base": f"{HOST}/openai/v1/"}, f"{HOST}/openai/v1", None),
        ({"api_base": HOST, "api_version": "v1"}, f"{HOST}/openai/v1", None),
        ({"api_base": HOST, "api_version": "latest"}, f"{HOST}/openai/v1", None),
        ({"api_base": HOST, "api_version": "preview"}, f"{HOST}/openai/v1", "preview"),
        ({"api_base": HOST, "api_version": "2024-10-21"}, HOST, "2024-10-21"),
        ({"api_base": f"{HOST}/openai", "api_version": "2025-01-01-preview"}, HOST, "2025-01-01-preview"),
        ({"api_base": GATE, "api_version": "2024-10-21"}, GATE, "2024-10-21"),
    ],
)  # fmt: skip
def test_azure_has_two_apis(params, base_url, version):
    """The one without versions, unless a date is said."""
    found, findings = placed({**params, "api_key": "k"})
    assert found == ("azure", base_url, version, "k", "gpt")
    assert findings == []


@pytest.mark.parametrize(
    ("params", "kind", "base_url", "version"),
    [
        ({"api_base": FOUNDRY}, "azure_ai", f"{FOUNDRY}/openai/v1", None),
        ({"api_base": f"{FOUNDRY}/models"}, "azure_ai", FOUNDRY, "2024-05-01-preview"),
        ({"api_base": FOUNDRY, "api_version": "2024-05-01-preview"}, "azure_ai", FOUNDRY, "2024-05-01-preview"),
        ({"api_base": SERVERLESS}, "openai_compatible", SERVERLESS, None),
    ],
)  # fmt: skip
def test_foundry_s_models_are_spoken_to_as_its_address_says(params, kind, base_url, version):
    """A resource's by Azure's key, a serverless endpoint as any other server."""
    found, findings = placed({**params, "model": "azure_ai/gpt", "api_key": "k"})
    assert (found, findings) == ((kind, base_url, version, "k", "gpt"), [])


def test_the_environment_says_what_the_entry_does_not():
    """LiteLLM's variables; the entry's own words count before them."""
    assert placed({}, **ENVIRONMENT) == (("azure", HOST, "2024-06-01", "azure-key", "gpt"), [])
    assert placed({"api_version": "v1"}, **ENVIRONMENT)[0] == ("azure", f"{HOST}/openai/v1", None, "azure-key", "gpt")
    assert placed({"api_base": f"{HOST}/openai/v1"}, **ENVIRONMENT)[0][1:3] == (f"{HOST}/openai/v1", None)
    assert placed({"api_key": "mine"}, **ENVIRONMENT)[0][3] == "mine"


def test_a_named_provider_is_azure_too():
    """By its kind, with the version that it or an entry says."""
    providers = {"west": {"kind": "azure", "base_url": HOST, "api_key": "k", "api_version": "2024-10-21"}}
    assert placed({"model": "west/gpt"}, providers)[0] == ("azure", HOST, "2024-10-21", "k", "gpt")
    assert placed({"model": "azure/gpt"}, providers)[0] == ("azure", HOST, "2024-10-21", "k", "gpt")
    found, _ = placed({"model": "west/gpt", "api_version": "v1", "api_key": "k"}, providers)
    assert found == ("azure", f"{HOST}/openai/v1", None, "k", "gpt")


@pytest.mark.parametrize(
    "host", ["https://evil.example", "http://r.openai.azure.com", "https://openai.azure.com.evil.example"]
)
def test_a_key_of_the_environment_goes_to_azure_alone(host):
    """Or to the address that the environment names."""
    assert placed({"api_base": host}, AZURE_API_KEY="azure-key")[0][3] is None
    assert placed({"api_base": host}, AZURE_API_KEY="azure-key", AZURE_API_BASE=host)[0][3] == "azure-key"
    assert placed({"api_base": "https://other.openai.azure.com"}, AZURE_API_KEY="azure-key")[0][3] == "azure-key"


@pytest.mark.parametrize(
    ("params", "finding"),
    [
        ({}, "error is required with the prefix `azure/`"),
        ({"model": "gpt", "custom_llm_provider": "azure"}, "error is required with custom_llm_provider `azure`"),
        ({"model": "databricks/x"}, "error is required with the prefix `databricks/`"),
        ({"api_base": HOST, "api_version": "2024"}, "error is no API version"),
        ({"api_base": f"{HOST}/openai/v1", "api_version": "2024-10-21"}, "warning is not sent: an address with"),
        ({"api_base": f"{HOST}/openai/deployments/gpt"}, "error names a deployment; write only"),
        ({"api_base": HOST}, "warning no api_key is given and `AZURE_API_KEY` is not set"),
        ({"model": "groq/x", "api_version": "2024-10-21"}, "warning is not acted on: this kind of provider has"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(params, finding):
    """With what to write where that is known."""
    assert any(told.startswith(finding) for told in placed(params)[1])


def test_an_address_that_is_missing_is_shown_as_it_should_be():
    """A resource's, and the variable for it."""
    loaded = load_mapping({"providers": {"azure": {}}}, environ={})
    [finding] = loaded.findings
    assert finding.suggestion == "https://RESOURCE.openai.azure.com, or set AZURE_API_BASE"


def test_a_well_known_address_says_more_than_openai():
    """Whichever of the vague words stands there: the service's own differences are known."""
    mistral, _ = placed({"model": "openai/m", "api_base": "https://api.mistral.ai/v1", "api_key": "k"})
    assert mistral == ("mistral", "https://api.mistral.ai", None, "k", "m")
    other, _ = placed({"model": "openai/m", "api_base": "https://mistral.example/v1", "api_key": "k"})
    assert other == ("openai", "https://mistral.example", None, "k", "m")
