"""Unary requests through the gateway to real servers, by the official client."""

from __future__ import annotations

from asks import HELLO, chat, is_whole
from line import MODEL, direct, served_by


def test_chat(client, line):
    """A chat request is answered in full, with the usage that the real server counted."""
    answer = client.chat.completions.create(**chat(40))
    assert is_whole(answer, 40)
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 40


def test_answer_is_the_servers_own(client, line):
    """Through the gateway comes what the server says when asked directly."""
    with direct(line.left) as server:
        expected = server.chat.completions.create(**chat(16)).choices[0].message.content
    assert client.chat.completions.create(**chat(16)).choices[0].message.content == expected


def test_completion(client, line):
    """A text completion is answered in full."""
    answer = client.completions.create(model=MODEL, prompt="The points are set", max_tokens=24, temperature=0)
    assert answer.choices[0].finish_reason == "length"
    assert len(answer.choices[0].text) == 24
    assert answer.usage.completion_tokens == 24


def test_both_servers_are_used(client, line):
    """Requests are spread over both deployments, and each header names one that exists."""
    asked = [client.chat.completions.with_raw_response.create(**chat(4)) for _ in range(8)]
    assert served_by(asked) == set(line.servers)


def test_what_the_headers_say(client, line):
    """The headers tell the provider's model, the first attempt and an id under which the decision is kept."""
    answer = client.chat.completions.with_raw_response.create(**chat(4))
    assert answer.headers["x-pointsman-model"] == MODEL
    assert answer.headers["x-pointsman-attempts"] == "1"
    kept = client.get(f"/decisions/{answer.headers['x-pointsman-request-id']}", cast_to=object)
    assert answer.headers["x-pointsman-deployment"] in str(kept)


def test_parameters_of_the_deployment_reach_the_server(client, line):
    """A deployment's own parameters hold where the caller says nothing, and yield where the caller speaks."""
    silent = client.chat.completions.create(model="tiny-brief", messages=HELLO)
    asked = client.chat.completions.create(model="tiny-brief", messages=HELLO, max_tokens=12)
    assert is_whole(silent, 7)
    assert is_whole(asked, 12)


def test_stop_words_pass_through(client, line):
    """A field that the gateway has no need to understand takes effect in the real server."""
    full = client.chat.completions.create(**chat(40)).choices[0].message.content
    stop = full[20:23]
    answer = client.chat.completions.create(**chat(40, stop=[stop]))
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content == full[: full.index(stop)]


def test_models(client, line):
    """The gateway lists the public names, each once."""
    assert sorted(model.id for model in client.models.list()) == ["tiny", "tiny-brief"]
    assert client.models.retrieve(MODEL).id == MODEL
