"""A gateway that asks through any-llm: a process of the environment that has it, before a simulated OpenAI."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import openai
import pytest
import pytest_asyncio

from pointsman.testing import MockProvider
from support.process import serving
from support.programs import APART

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-a-key-of-a-service"
OTHERS = "sk-of-the-environment"
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_rain", "get_sun")
]
MESSAGES = [{"role": "user", "content": "get_rain and get_sun"}]
CONFIGURATION = """
model_list:
  - model_name: m
    litellm_params: {{ model: any_llm/openai/gpt-4o-mini, api_base: "{url}", api_key: {key} }}
  - model_name: closed
    litellm_params: {{ model: any_llm/openai/gpt-4o-mini, api_base: "http://127.0.0.1:{closed}/v1", api_key: {key} }}
  - model_name: hurried
    litellm_params:
      {{ model: any_llm/openai/gpt-4o-mini, api_base: "{url}", api_key: {key}, timeout: 0.2, stream_timeout: 0.2 }}
  - model_name: nobody
    litellm_params: {{ model: any_llm/nobody/gpt, api_key: {key} }}
  - model_name: own
    litellm_params: {{ model: any_llm/openai/gpt-4o-mini, api_base: "{url}" }}
  - model_name: keyless
    litellm_params: {{ model: any_llm/deepseek/deepseek-chat }}
router_settings: {{ num_retries: 0, disable_cooldowns: true }}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory):
    """What is behind, and a client of the gateway before it."""
    config = tmp_path_factory.mktemp("any_llm") / "pointsman.yaml"
    async with MockProvider("openai", name="one", api_key=KEY) as mock, MockProvider("openai") as gone:
        closed = gone.port
        gone.kill()
        config.write_text(CONFIGURATION.format(url=f"{mock.base_url}/v1", key=KEY, closed=closed))
        async with serving(config, python=APART, more={"DEEPSEEK_API_KEY": "", "OPENAI_API_KEY": OTHERS}) as gateway:
            url = f"http://127.0.0.1:{gateway.port}/v1"
            async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0, timeout=30) as ai:
                yield mock, ai


@pytest.fixture(autouse=True)
def faultless(house):
    yield
    house[0].faults.clear()


async def test_whole_and_streamed(house):
    """The same words and figures, asked for with the key of the configuration."""
    mock, ai = house
    asked = {"model": "m", "messages": MESSAGES, "max_tokens": 6}
    whole = await ai.chat.completions.create(**asked)
    options = {"include_usage": True}
    chunks = [c async for c in await ai.chat.completions.create(**asked, stream=True, stream_options=options)]
    assert whole.choices[0].message.content.startswith("[one/gpt-4o-mini]")
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens > 0
    assert mock.ledger.last.key_matched


async def test_calls_whole_and_streamed(house):
    """Both functions."""
    _, ai = house
    asked = {"model": "m", "messages": MESSAGES, "tools": TOOLS}
    whole = (await ai.chat.completions.create(**asked)).choices[0].message
    async with ai.chat.completions.stream(**asked) as stream:
        told = (await stream.get_final_completion()).choices[0].message
    assert [call.function.name for call in whole.tool_calls] == ["get_rain", "get_sun"]
    assert [call.function.name for call in told.tool_calls] == ["get_rain", "get_sun"]


async def test_embeddings(house):
    """As numbers and packed."""
    _, ai = house
    packed = await ai.embeddings.create(model="m", input=["a", "b"])
    plain = await ai.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
    assert [len(one.embedding) for one in plain.data] == [len(one.embedding) for one in packed.data]
    assert packed.data[1].embedding == pytest.approx(plain.data[1].embedding, abs=1e-6)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("status=429:retry_after=7", openai.RateLimitError, "upstream_rate_limited"),
        ("status=401", openai.InternalServerError, "upstream_refused_credentials"),
        ("says=context_length", openai.BadRequestError, "context_length_exceeded"),
        ("says=content_filter", openai.BadRequestError, "content_policy_violation"),
        ("status=500", openai.InternalServerError, "upstream_error"),
        ("reset", openai.InternalServerError, "upstream_unreachable"),
    ],
)
async def test_errors_are_told_as_any_upstreams(house, fault, error, code, stream):
    """The library's exceptions say why, and no error repeats the key."""
    mock, ai = house
    mock.faults.set(fault)
    with pytest.raises(error) as failed:
        await ai.chat.completions.create(model="m", messages=MESSAGES, stream=stream)
    assert failed.value.code == code
    assert KEY not in str(failed.value)
    if error is openai.RateLimitError:
        assert 1 <= int(failed.value.response.headers["retry-after"]) <= 7


async def test_unknown_fields_are_the_requests_fault(house):
    """What the library does not take is refused."""
    _, ai = house
    with pytest.raises(openai.BadRequestError):
        await ai.chat.completions.create(model="m", messages=MESSAGES, extra_body={"odd": 1})


@pytest.mark.parametrize(
    ("model", "error", "told"),
    [
        ("closed", openai.InternalServerError, "can't be reached"),
        ("nobody", openai.NotFoundError, "no service of this name"),
        ("keyless", openai.InternalServerError, "DEEPSEEK_API_KEY"),
    ],
)
async def test_who_can_not_be_asked(house, model, error, told):
    """Says why."""
    _, ai = house
    with pytest.raises(error, match=told):
        await ai.chat.completions.create(model=model, messages=MESSAGES)


async def test_a_key_of_the_environment_goes_to_no_address_of_the_configurations(house):
    """Nobody said that it is meant for it."""
    mock, ai = house
    with pytest.raises(openai.InternalServerError):
        await ai.chat.completions.create(model="own", messages=MESSAGES)
    assert mock.ledger.last.key_sent
    assert mock.ledger.last.key_digest != sha256(OTHERS.encode()).hexdigest()[:12]


@pytest.mark.parametrize(("stream", "code"), [(False, "upstream_timeout"), (True, "upstream_first_token_timeout")])
async def test_time_is_up(house, stream, code):
    """For a whole answer, and for a stream's first content; the work ends there."""
    mock, ai = house
    mock.faults.set("hang")
    before = mock.ledger.cancelled
    with pytest.raises(openai.InternalServerError) as failed:
        await ai.chat.completions.create(model="hurried", messages=MESSAGES, stream=stream)
    assert failed.value.code == code
    await mock.ledger.wait_for(lambda _: mock.ledger.cancelled > before)


async def test_a_stream_that_falls_silent_or_breaks_off_says_so(house):
    """In its last frame."""
    mock, ai = house
    for fault, model in (("hang_after=3", "hurried"), ("cut=3", "m")):
        mock.faults.set(fault)
        with pytest.raises(openai.APIError):
            async for _ in await ai.chat.completions.create(model=model, messages=MESSAGES, stream=True):
                pass


@pytest.mark.parametrize("stream", [False, True])
async def test_who_leaves_ends_the_work(house, stream):
    """Before an answer, and within a stream."""
    mock, ai = house
    mock.faults.set("hang_after=3" if stream else "hang")
    before = mock.ledger.cancelled
    asking = asyncio.create_task(_read(ai, mock, stream=stream))
    await mock.ledger.wait_for(lambda entry: entry.open and (not stream or entry.tokens_sent == 3))
    asking.cancel()
    await mock.ledger.wait_for(lambda _: mock.ledger.cancelled > before)


async def _read(ai, mock, *, stream):
    told = await ai.chat.completions.create(model="m", messages=MESSAGES, stream=stream)
    async for _ in told:
        pass
