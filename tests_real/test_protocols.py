"""Other protocols in front of real servers, by their own clients: the same words, in their callers' shape."""

from __future__ import annotations

import anthropic
import ollama
import pytest

from asks import ENDLESS, HELLO, TOO_LONG, chat
from line import KEY, MODEL


@pytest.fixture
def claude(line):
    """Anthropic's client of the gateway."""
    address = line.address().removesuffix("/v1")
    with anthropic.Anthropic(base_url=address, api_key=KEY, max_retries=0) as made:
        yield made


def message(tokens: int, **more):
    """The request of ``chat`` in Anthropic's words."""
    return {"model": MODEL, "messages": HELLO, "max_tokens": tokens, "temperature": 0, **more}


def ask(claude, body):
    """By the package's own way for fields that its newest models don't have any more."""
    temperature = body.pop("temperature")
    return claude.messages.create(**body, extra_body={"temperature": temperature})


def test_a_message_says_what_a_chat_says(client, claude, line):
    whole = client.chat.completions.create(**chat(16))
    told = ask(claude, message(16))
    assert told.content[0].text == whole.choices[0].message.content
    assert (told.stop_reason, told.usage.output_tokens) == ("max_tokens", 16)
    assert told.usage.input_tokens == whole.usage.prompt_tokens


def test_a_message_streams(client, claude, line):
    whole = client.chat.completions.create(**chat(16)).choices[0].message.content
    events = list(ask(claude, message(16, stream=True)))
    said = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert said == whole
    assert [event.type for event in events[-2:]] == ["message_delta", "message_stop"]
    assert events[-2].delta.stop_reason == "max_tokens"


def test_a_message_that_is_left_is_heard_of(claude, line):
    with ask(claude, message(ENDLESS, stream=True)) as stream:
        next(iter(stream))
        assert line.in_flight() == 1
    line.settles()


def test_what_is_too_long_is_told_in_anthropics_shape(claude, line):
    with pytest.raises(anthropic.BadRequestError) as raised:
        ask(claude, {**message(4), "messages": TOO_LONG})
    assert raised.value.body["error"]["type"] == "invalid_request_error"
    assert "context" in raised.value.body["error"]["message"]


def test_tokens_are_guessed(claude, line):
    assert claude.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens > 0


def test_a_response_says_what_a_chat_says(client, line):
    whole = client.chat.completions.create(**chat(16)).choices[0].message.content
    asked = {"model": MODEL, "input": HELLO, "max_output_tokens": 16, "temperature": 0}
    told = client.responses.create(**asked)
    *_, last = client.responses.create(**asked, stream=True)
    assert told.output_text == last.response.output_text == whole
    assert (told.status, last.type) == ("incomplete", "response.incomplete")
    assert told.usage.output_tokens == 16


@pytest.fixture
def llama(line):
    """Ollama's client of the gateway."""
    address = line.address().removesuffix("/v1")
    with ollama.Client(host=address, headers={"authorization": f"Bearer {KEY}"}) as made:
        yield made


def test_ollamas_client_hears_what_a_chat_says(client, llama, line):
    """Whole and line by line; its paths list the models."""
    whole = client.chat.completions.create(**chat(16)).choices[0].message.content
    asked = {"model": MODEL, "messages": HELLO, "options": {"num_predict": 16, "temperature": 0}}
    told = llama.chat(**asked)
    lines = list(llama.chat(**asked, stream=True))
    assert told.message.content == "".join(line.message.content or "" for line in lines) == whole
    assert (told.done_reason, told.eval_count, lines[-1].done) == ("length", 16, True)
    assert {model.model for model in llama.list().models} >= {MODEL}


def test_ollamas_client_generates(llama, line):
    """A prompt as it is, which a text completion takes."""
    told = llama.generate(model=MODEL, prompt="Clear ahead", raw=True, options={"num_predict": 12, "temperature": 0})
    assert (len(told.response), told.done_reason) == (12, "length")
