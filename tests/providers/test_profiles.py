"""How kinds that speak OpenAI's format differ: what the table says is what goes over the wire, and nothing else is."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.fakes import deployment, provider, request
from pointsman.providers import DIALECTS
from pointsman.providers.lacking import SERVICE, USUAL
from pointsman.providers.profiles import OTHERS, PATHS, PROFILES
from pointsman.providers.shapes import Inexpressible

OPENAI_LIKE = sorted(PROFILES.keys() - OTHERS.keys())
QUESTIONS = ("chat", "completions", "embeddings")

AZURE = "https://r.openai.azure.com"


def sent(kind: str, body: dict, base_url: str = "http://h:1", endpoint: str = "chat", **more) -> tuple[str, dict]:
    """Path and fields of a request to the model ``org/a b``."""
    at = provider(kind=kind, base_url=base_url, api_version=more.pop("api_version", None))
    asked = request(endpoint=endpoint, body={name: msgspec.Raw(json.dumps(value)) for name, value in body.items()})
    wire = DIALECTS[kind].write(asked, deployment("d", at=at, **more), "org/a b")
    return wire.path, json.loads(wire.body)


@pytest.mark.parametrize("kind", OPENAI_LIKE)
def test_a_kind_without_differences_has_openai_s_own_dialect(kind):
    """So that it costs nothing that others differ, in what is passed through neither."""
    profile = PROFILES[kind]
    odd = bool(profile.prefix != "/v1" or profile.prefixes or profile.versions or profile.renamed or profile.needless)
    odd = odd or bool(profile.lacking)
    assert (DIALECTS[kind].write is not DIALECTS["openai"].write) == odd
    assert profile.plain is not odd
    assert DIALECTS[kind].natives is DIALECTS["openai"].natives


@pytest.mark.parametrize("kind", sorted(PROFILES))
def test_a_profile_speaks_of_endpoints_that_there_are(kind):
    """By the names of the table of paths."""
    profile = PROFILES[kind]
    assert profile.endpoints is None or profile.endpoints <= PATHS.keys()
    assert set(profile.prefixes) <= {*PATHS.values(), "/models"}
    assert not profile.needless & (profile.lacking | profile.renamed.keys())
    assert [name for name in PATHS if profile.serves(name)] == [
        name for name in PATHS if profile.endpoints is None or name in profile.endpoints
    ]


@pytest.mark.parametrize("kind", OPENAI_LIKE)
def test_every_kind_is_asked_below_its_own_prefix(kind):
    """Or below the version that its base URL names."""
    profile = PROFILES[kind]
    for endpoint in QUESTIONS:
        before = profile.prefixes.get(PATHS[endpoint], profile.prefix).replace("{model}", "org%2Fa%20b")
        assert sent(kind, {}, endpoint=endpoint)[0] == before + PATHS[endpoint]
        assert sent(kind, {}, "http://h:1/x/v1", endpoint)[0] == PATHS[endpoint]


@pytest.mark.parametrize("kind", OPENAI_LIKE)
def test_fields_have_the_names_that_the_reference_has(kind):
    """The caller's and the deployment's, and both keep their values; nothing else is touched."""
    profile = PROFILES[kind]
    body = {"messages": [], "max_completion_tokens": 7, "seed": 1, "stream_options": {"include_usage": True}, "odd": 0}
    kept = {name: value for name, value in body.items() if name not in profile.needless}
    expected = {profile.renamed.get(name, name): value for name, value in kept.items()} | {"model": "org/a b"}
    assert sent(kind, body)[1] == expected
    assert sent(kind, {}, params=body)[1] == expected


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_no_name_of_a_model_leads_to_another_path(name):
    """With the operator's key, where a name is part of the path."""
    at = provider(kind="azure", base_url=AZURE)
    with pytest.raises(Inexpressible) as caught:
        DIALECTS["azure"].write(request(endpoint="chat", body={}), deployment("d", at=at), name)
    assert caught.value.field == "model"


LACKING = [(kind, field) for kind in OPENAI_LIKE for field in sorted(PROFILES[kind].lacking)]


@pytest.mark.parametrize(("kind", "field"), LACKING)
def test_what_a_kind_is_known_to_refuse_is_not_sent(kind, field):
    """It is told by name, unless it asks for nothing that would change the answer."""
    assert field not in sent(kind, {"messages": [], field: None})[1]
    assert all(field not in sent(kind, {"messages": [], field: value})[1] for value in USUAL.get(field, ()))
    if field in SERVICE:
        assert field not in sent(kind, {"messages": [], field: "x"})[1]
        return
    with pytest.raises(Inexpressible) as caught:
        sent(kind, {"messages": [], field: {"x": 1}})
    assert caught.value.field == field


def test_a_field_under_both_names_counts_by_the_one_that_is_known():
    """Whatever stands first; and the caller's word counts before the deployment's."""
    assert sent("mistral", {"max_tokens": 1, "max_completion_tokens": 2})[1]["max_tokens"] == 1
    assert sent("mistral", {"max_completion_tokens": 2, "max_tokens": 1})[1]["max_tokens"] == 1
    assert sent("mistral", {"max_completion_tokens": 2}, params={"max_tokens": 1})[1]["max_tokens"] == 2


@pytest.mark.parametrize(
    ("kind", "base_url", "version", "endpoint", "path"),
    [
        (
            "azure",
            AZURE,
            "2024-10-21",
            "chat",
            "/openai/deployments/org%2Fa%20b/chat/completions?api-version=2024-10-21",
        ),
        (
            "azure",
            AZURE,
            "2024-10-21",
            "embeddings",
            "/openai/deployments/org%2Fa%20b/embeddings?api-version=2024-10-21",
        ),
        ("azure", f"{AZURE}/openai/v1", None, "chat", "/chat/completions"),
        ("azure", f"{AZURE}/openai/v1", "preview", "chat", "/chat/completions?api-version=preview"),
        ("azure_ai", AZURE, "2024-05-01-preview", "chat", "/models/chat/completions?api-version=2024-05-01-preview"),
        ("deepseek", "https://api.deepseek.com", None, "chat", "/v1/chat/completions"),
        ("deepseek", "https://api.deepseek.com", None, "completions", "/beta/completions"),
        ("perplexity", "https://api.perplexity.ai", None, "chat", "/chat/completions"),
        ("gemini", "https://h/v1beta/openai", None, "chat", "/chat/completions"),
        ("groq", "https://api.groq.com/openai", "2024-10-21", "chat", "/v1/chat/completions"),
    ],
)
def test_where_endpoints_are(kind, base_url, version, endpoint, path):
    """As the services' references say it."""
    assert sent(kind, {}, base_url, endpoint, api_version=version)[0] == path


def test_a_task_goes_to_a_server_that_lives_by_it():
    """One of a provider that LiteLLM was taught; no known service gets it."""
    assert sent("remodlai", {"input": "x", "task": "code"}, endpoint="embeddings")[1]["task"] == "code"
    assert "task" not in sent("mistral", {"input": "x", "task": "code"}, endpoint="embeddings")[1]
