"""Deployments that a library asks for us."""

from __future__ import annotations

import pytest

from pointsman.config import check_libraries
from pointsman.config.check_libraries import libraries_that_are_missing, services_of_libraries
from pointsman.config.load import load_mapping

INSTALLED = object()


def loaded(model):
    entry = {"model_name": "m", "litellm_params": {"model": model, "api_key": "sk-abc"}}
    return load_mapping({"model_list": [entry]}, environ={})


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(check_libraries, "find_spec", lambda _: INSTALLED)


def test_the_address_leads_nowhere_and_the_model_keeps_its_service(installed):
    """Whichever way the prefix is written."""
    for prefix in ("any_llm", "any-llm"):
        settings = loaded(f"{prefix}/watsonx/ibm/granite-4").settings
        [deployment] = settings.deployments
        assert (deployment.provider.kind, deployment.model) == ("any_llm", "watsonx/ibm/granite-4")
        assert deployment.provider.base_url == "https://any-llm.invalid"


def test_a_missing_library_is_a_warning_that_says_what_to_install(monkeypatch):
    """And is none where nobody needs it."""
    monkeypatch.setattr(check_libraries, "find_spec", lambda _: None)
    read = loaded("any_llm/watsonx/granite")
    [finding] = read.findings
    assert (finding.severity, finding.suggestion) == ("warning", "pip install 'pointsman[any-llm]'")
    assert not loaded("openai/gpt-4o").findings


def test_a_model_without_a_service_is_an_error(installed):
    """The library could not tell whom to ask."""
    assert loaded("any_llm/granite").settings is None
    settings = loaded("any_llm/watsonx/granite").settings
    assert list(services_of_libraries(settings)) == list(libraries_that_are_missing(settings)) == []
