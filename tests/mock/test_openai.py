"""OpenAI's own manners: keys, error objects, headers, the order of a stream's chunks."""

from __future__ import annotations

import openai
import pytest

from pointsman.testing import MockProvider

CHAT = "/v1/chat/completions"


async def test_a_wrong_key_is_refused(client, hello):
    """With a key configured, another one is an AuthenticationError with code invalid_api_key, never echoed."""
    async with (
        MockProvider("openai", api_key="sk-right") as provider,
        client(provider, "sk-wrong-secret") as it,
    ):
        with pytest.raises(openai.AuthenticationError) as caught:
            await it.chat.completions.create(**hello("gpt-4o"))
        assert caught.value.code == "invalid_api_key"
        assert "secret" not in str(caught.value)
        assert (provider.ledger.last.key_matched, provider.ledger.last.status) == (False, 401)


async def test_the_right_key_is_served(client, hello):
    """With the right key the answer comes and the ledger says that it matched."""
    async with MockProvider("openai", api_key="sk-right") as provider, client(provider, "sk-right") as it:
        await it.chat.completions.create(**hello("gpt-4o"))
        assert provider.ledger.last.key_matched


@pytest.mark.parametrize(("key", "number"), [("sk-one", 1), ("sk-two", 2), ("sk-three", 3), ("sk-no", 0)])
async def test_several_keys_are_taken_and_told_apart(client, hello, key, number):
    """Each by its number, which faults go by."""
    faults = ["status=402:key=3"]
    async with (
        MockProvider("openai", api_key="sk-one", api_keys=["sk-two", "sk-three"], faults=faults) as provider,
        client(provider, key) as it,
    ):
        status = 200
        try:
            await it.chat.completions.create(**hello("gpt-4o"))
        except openai.APIStatusError as error:
            status = error.status_code
        entry = provider.ledger.last
    assert (entry.key_number, entry.key_matched, status) == (number, number > 0, [401, 200, 200, 402][number])


async def test_no_key_is_refused(ask, hello):
    """Without any key the answer is 401 with a null code."""
    async with MockProvider("openai", api_key="sk-right") as provider:
        answer = await ask(provider, "POST", CHAT, hello("gpt-4o"))
    error = answer.json()["error"]
    assert (answer.status, error["type"], error["code"]) == (401, "invalid_request_error", None)


async def test_an_unknown_model_is_not_found(provider, client, hello):
    """A model that is not served is a NotFoundError with code model_not_found."""
    async with client(provider) as it:
        with pytest.raises(openai.NotFoundError) as caught:
            await it.chat.completions.create(**hello("gpt-9"))
    assert (caught.value.code, "gpt-9" in str(caught.value)) == ("model_not_found", True)


@pytest.mark.parametrize("provider", [("openai", {"models": ["*"]})], indirect=True)
async def test_a_wildcard_accepts_any_model(provider, client, hello):
    """The model `*` serves every name."""
    async with client(provider) as it:
        assert (await it.chat.completions.create(**hello("whatever"))).model == "whatever"


@pytest.mark.parametrize("provider", [("openai", {"models": ["org/model:v1"]})], indirect=True)
async def test_one_model_is_described(provider, client):
    """/v1/models/{id} knows a name with slashes and colons, and no other."""
    async with client(provider) as it:
        assert (await it.models.retrieve("org/model:v1")).id == "org/model:v1"
        with pytest.raises(openai.NotFoundError):
            await it.models.retrieve("other")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("temperature", 2.5, "decimal_above_max_value"),
        ("top_p", -0.1, "decimal_below_min_value"),
        ("n", 1000, "integer_above_max_value"),
        ("max_tokens", 0, "integer_below_min_value"),
        ("temperature", "hot", "invalid_type"),
        ("messages", "hi", "missing_required_parameter"),
        ("messages", [], "empty_array"),
        ("messages", ["hi"], "invalid_type"),
    ],
)
async def test_a_wrong_value_is_told(provider, ask, hello, field, value, code):
    """A value out of range or of the wrong type is a 400 that names the parameter."""
    answer = await ask(provider, "POST", CHAT, {**hello("gpt-4o"), field: value})
    error = answer.json()["error"]
    assert (answer.status, error["param"], error["code"]) == (400, field, code)


async def test_stream_options_need_a_stream(provider, ask, hello):
    """stream_options without stream is a 400, as at OpenAI."""
    answer = await ask(provider, "POST", CHAT, hello("gpt-4o", stream_options={"include_usage": True}))
    assert (answer.status, answer.json()["error"]["param"]) == (400, "stream_options")


@pytest.mark.parametrize("strict", [False, True])
async def test_strictness_refuses_unknown_arguments(ask, hello, strict):
    """Only a strict provider refuses an argument that OpenAI does not know."""
    async with MockProvider("openai", strict=strict) as provider:
        answer = await ask(provider, "POST", CHAT, hello("gpt-4o", num_ctx=4096))
    assert answer.status == (400 if strict else 200)


@pytest.mark.parametrize("provider", [("openai", {"context_length": 100})], indirect=True)
async def test_too_long_a_prompt_is_told(provider, client, hello):
    """A prompt above the context length is a 400 with code context_length_exceeded."""
    async with client(provider) as it:
        with pytest.raises(openai.BadRequestError) as caught:
            await it.chat.completions.create(**hello("gpt-4o", text="word " * 200))
    assert caught.value.code == "context_length_exceeded"


async def test_quota_is_another_error_than_rate(provider, ask, hello):
    """status=429 with code insufficient_quota has that type; a plain 429 is rate_limit_exceeded."""
    provider.faults.set("status=429:code=insufficient_quota:times=1", "status=429")
    quota = (await ask(provider, "POST", CHAT, hello("gpt-4o"))).json()["error"]
    rate = (await ask(provider, "POST", CHAT, hello("gpt-4o"))).json()["error"]
    assert (quota["type"], quota["code"]) == ("insufficient_quota", "insufficient_quota")
    assert (rate["type"], rate["code"]) == ("requests", "rate_limit_exceeded")


async def test_headers_tell_the_limits(provider, ask, hello):
    """Answers carry a request id and the rate-limit headers, and what remains goes down."""
    first = (await ask(provider, "POST", CHAT, hello("gpt-4o"))).headers
    second = (await ask(provider, "POST", CHAT, hello("gpt-4o"))).headers
    assert first["x-request-id"].startswith("req_")
    assert first["x-request-id"] != second["x-request-id"]
    assert int(first["x-ratelimit-remaining-requests"]) < int(first["x-ratelimit-limit-requests"])
    assert {"openai-processing-ms", "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"} <= set(first)


async def test_the_order_of_a_stream(provider, ask, hello):
    """Role first, then words, then the finish with an empty delta, then usage, then the end mark."""
    body = hello("gpt-4o", stream=True, max_tokens=2, stream_options={"include_usage": True})
    answer = await ask(provider, "POST", CHAT, body)
    deltas = [chunk["choices"][0]["delta"] if chunk["choices"] else None for chunk in answer.chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert [list(delta) for delta in deltas[1:3]] == [["content"], ["content"]]
    assert deltas[3:] == [{}, None]
    assert [chunk["usage"] for chunk in answer.chunks[:-1]] == [None] * 4
    assert answer.data[-1] == "[DONE]"
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_a_tool_forced_by_name_finishes_with_stop(provider, ask, hello):
    """When tool_choice names the function, OpenAI's finish_reason is stop, and it is the named one that is called."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("first", "second")]
    choice = {"type": "function", "function": {"name": "second"}}
    answer = await ask(provider, "POST", CHAT, hello("gpt-4o", tools=tools, tool_choice=choice))
    said = answer.json()["choices"][0]
    assert (said["message"]["tool_calls"][0]["function"]["name"], said["finish_reason"]) == ("second", "stop")


@pytest.mark.parametrize(("choice", "called"), [("none", None), ("auto", "second"), (None, "second")])
async def test_auto_calls_the_tool_the_user_names(provider, ask, hello, choice, called):
    """Auto calls the function that the last user message names; none calls nothing."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("first", "second")]
    more = {"tools": tools, **({"tool_choice": choice} if choice else {})}
    answer = await ask(provider, "POST", CHAT, hello("gpt-4o", text="please use second", **more))
    calls = answer.json()["choices"][0]["message"].get("tool_calls") or [{"function": {"name": None}}]
    assert calls[0]["function"]["name"] == called


async def test_a_wrong_method_is_told(provider, ask):
    """GET on a POST path is a 405 with OpenAI's code."""
    answer = await ask(provider, "GET", CHAT)
    assert (answer.status, answer.json()["error"]["code"]) == (405, "method_not_supported")


@pytest.mark.parametrize("provider", [("openai", {"models": ["*"]})], indirect=True)
@pytest.mark.parametrize(
    ("model", "refused"), [("gpt-5-mini", True), ("o3", True), ("gpt-4o", False), ("gpt-50", False)]
)
async def test_newer_models_refuse_the_older_name_of_the_limit(provider, client, hello, model, refused):
    """By its name; the newer one is taken."""
    async with client(provider) as it:
        if refused:
            with pytest.raises(openai.BadRequestError) as caught:
                await it.chat.completions.create(**hello(model), max_tokens=5)
            assert (caught.value.code, caught.value.param) == ("unsupported_parameter", "max_tokens")
        else:
            await it.chat.completions.create(**hello(model), max_tokens=5)
        await it.chat.completions.create(**hello(model), max_completion_tokens=5)
