"""What came in another protocol's words, to services that refuse what its writer can't have known."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.fakes import deployment, provider, request
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.spoken import translating

OFFICIAL, AZURE, OWN = "https://api.openai.com", "https://r.openai.azure.com", "http://127.0.0.1:8000"
STRICT = [("openai", OFFICIAL), ("openai", f"{OFFICIAL}/v1"), ("azure", AZURE)]
LENIENT = [("openai", OWN), ("openai", f"{OFFICIAL}.example"), ("vllm", OWN), ("groq", "https://api.groq.com/openai")]
HI = [{"role": "user", "content": "hi"}]


def sent(kind: str, base_url: str, body: dict, endpoint: str = "chat", **more) -> dict:
    at = deployment("d", at=provider(kind=kind, base_url=base_url), **more)
    asked = request(endpoint=endpoint, body={name: msgspec.Raw(json.dumps(value)) for name, value in body.items()})
    return json.loads(translating(at).write(asked, at, "gpt-5").body)


@pytest.mark.parametrize(("kind", "url"), STRICT)
def test_the_limit_has_its_newer_name(kind, url):
    """Newer models refuse the older; the caller's counts before the deployment's. Completions have no newer."""
    body = {"messages": HI, "max_tokens": 5}
    limited = {"messages": HI, "max_completion_tokens": 5, "model": "gpt-5"}
    assert sent(kind, url, body) == limited
    assert sent(kind, url, body, params={"max_tokens": 9}) == limited
    assert sent(kind, url, {"prompt": "hi", "max_tokens": 5}, "completions")["max_tokens"] == 5


@pytest.mark.parametrize(("kind", "url"), STRICT)
@pytest.mark.parametrize("field", ["top_k", "min_p", "mirostat", "repeat_penalty", "repetition_penalty", "typical_p"])
def test_fields_that_they_do_not_know_are_told_by_name(kind, url, field):
    """They refuse them; the operator's word goes on as it is."""
    with pytest.raises(Inexpressible) as caught:
        sent(kind, url, {"messages": HI, field: 1})
    assert caught.value.field == field
    assert sent(kind, url, {"messages": HI}, params={field: 1})[field] == 1
    assert field not in sent(kind, url, {"messages": HI, field: None})


@pytest.mark.parametrize(("kind", "url"), LENIENT)
def test_others_are_told_all_of_it(kind, url):
    """Servers of one's own know more fields, and some only the older name."""
    body = {"messages": HI, "max_tokens": 5, "top_k": 3, "min_p": 0.1}
    assert sent(kind, url, body) == {**body, "model": "gpt-5"}
