"""What a library asks for us: only what the configuration names."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.any_llm import TAKES
from pointsman.providers.shapes import Inexpressible

PROVIDER = Provider("far", "any_llm", "https://any-llm.invalid")
DEPLOYMENT = Deployment("m@far", "m", PROVIDER, "watsonx/granite")
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


@pytest.mark.parametrize(
    "field",
    ["extra_headers", "extra_body", "extra_query", "api_key", "api_base", "client_args", "timeout", "provider", "odd"],
)
def test_no_caller_says_what_the_library_takes_beside_openai_s_fields(field):
    """With some of them he would choose the model, the key or the headers; the operator may say them."""
    dialect = DIALECTS["any_llm"]
    asked = msgspec.structs.replace(ASKED, body={**ASKED.body, field: msgspec.Raw(b'{"model":"other"}')})
    with pytest.raises(Inexpressible) as caught:
        dialect.write(asked, DEPLOYMENT, "watsonx/granite")
    assert caught.value.field == field
    assert field not in dialect.takes
    said = msgspec.structs.replace(DEPLOYMENT, params={field: {"model": "other"}})
    assert msgspec.json.decode(dialect.write(ASKED, said, "watsonx/granite").body)[field] == {"model": "other"}


def test_what_asks_for_nothing_is_left_out():
    """So that no client is refused for a null."""
    asked = msgspec.structs.replace(ASKED, body={**ASKED.body, "extra_body": msgspec.Raw(b"null")})
    wire = DIALECTS["any_llm"].write(asked, DEPLOYMENT, "watsonx/granite")
    assert msgspec.json.decode(wire.body) == {"messages": [], "model": "watsonx/granite"}


def test_openai_s_fields_go_on():
    """Each with its value."""
    body = {name: msgspec.Raw(b'"x"') for name in TAKES - {"model"}}
    wire = DIALECTS["any_llm"].write(msgspec.structs.replace(ASKED, body=body), DEPLOYMENT, "watsonx/granite")
    assert msgspec.json.decode(wire.body) == {**dict.fromkeys(body, "x"), "model": "watsonx/granite"}
