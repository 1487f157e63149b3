"""What goes wrong without anybody dying: the caller is told in OpenAI's shape and nobody else suffers."""

from __future__ import annotations

import http.client
import json
from contextlib import closing

import openai
import pytest

from asks import HELLO, TOO_LONG, chat, is_whole
from line import KEY, MODEL


@pytest.fixture(autouse=True)
def _served_afterwards(client, line):
    """After each of these errors two good requests, one for each server, are answered."""
    yield
    answers = [client.chat.completions.create(**chat(8)) for _ in range(2)]
    assert all(is_whole(answer, 8) for answer in answers)


def test_unknown_model(client, line):
    """A name that nobody serves is a 404, though the real server would answer to any name."""
    with pytest.raises(openai.NotFoundError) as told:
        client.chat.completions.create(model="nobody", messages=HELLO)
    assert told.value.code == "model_not_found"


def test_wrong_key(client, line):
    """A wrong key is a 401."""
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-somebody-else").chat.completions.create(**chat(4))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"[]", id="not an object"),
        pytest.param(json.dumps({"model": 5, "messages": HELLO}).encode(), id="a number for a model"),
        pytest.param(json.dumps({"model": MODEL}).encode(), id="no messages"),
        pytest.param(json.dumps({"model": MODEL, "messages": "hello"}).encode(), id="messages are a string"),
    ],
)
def test_bad_body(line, body):
    """A body that is no request is a 400 in OpenAI's error shape."""
    with closing(http.client.HTTPConnection("127.0.0.1", line.gateway.port, timeout=60)) as connection:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    assert answer.status == 400
    assert told["error"]["type"] == "invalid_request_error"
    assert told["error"]["message"]


def test_prompt_too_long(client, line):
    """What the real server says of a prompt beyond its context reaches the caller as it is, asked once."""
    with pytest.raises(openai.BadRequestError) as told:
        client.chat.completions.create(**chat(4, messages=TOO_LONG))
    assert told.value.code == "context_length_exceeded"
    assert told.value.response.headers["x-pointsman-attempts"] == "1"


def test_prompt_too_long_for_a_stream(client, line):
    """The real server answers 200 and then not a word; the caller gets an error, never an empty success."""
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(**chat(4, messages=TOO_LONG, stream=True)))


def test_refused_by_the_server_alone(client, line):
    """A value that only the real server objects to, with a 500, is an error that shows no address or key."""
    with pytest.raises(openai.APIStatusError) as told:
        client.chat.completions.create(**chat(4), extra_body={"top_k": "many"})
    text = told.value.response.text
    assert "error" in told.value.response.json()
    assert KEY not in text
    assert not [server for server in line.servers.values() if str(server.port) in text]
