"""The bedrock kind, asked by botocore, AWS's own client: what it answers, whom it lets in, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager, closing

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from pointsman.testing import MockProvider

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
TITAN, COHERE = "amazon.titan-embed-text-v2:0", "cohere.embed-v4:0"
KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
HELLO = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "hello"}]}]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
SPEC = {"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}
OTHER = {"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}
BOTH = [{"role": "user", "content": [{"text": "get_weather, and what is it now?"}]}]
CALL = {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "rain"}]}}
CALLED = [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
FORM = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA)}}}
PIXEL = b"\x89PNG..."


@pytest.fixture
async def provider():
    models = [MODEL, PROFILE, TITAN, COHERE]
    async with MockProvider("bedrock", name="alpha", models=models, api_key=":".join(KEY)) as started:
        yield started


def client(provider, key=KEY, token=None):
    """botocore's, as it comes; made in a thread, where it is used."""
    return botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=provider.base_url,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )


async def asked(provider, work, **more):
    """What ``work`` does with a client."""

    def done():
        with closing(client(provider, **more)) as it:
            return work(it)

    return await asyncio.to_thread(done)


def heard(reply):
    """All events of a stream, each by its name."""
    with closing(reply["stream"]) as stream:
        return [next(iter(event.items())) for event in stream]


def spoken(reply):
    """A stream's blocks, put together as a whole answer has them."""
    blocks: dict[int, dict] = {}
    for name, event in heard(reply):
        if name == "contentBlockStart":
            blocks[event["contentBlockIndex"]] = {"toolUse": {**event["start"]["toolUse"], "input": ""}}
        if name == "contentBlockDelta":
            _add(blocks.setdefault(event["contentBlockIndex"], {}), event["delta"])
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return list(blocks.values())


def _add(block, delta):
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        block.setdefault("reasoningContent", {"reasoningText": {}})["reasoningText"] |= delta["reasoningContent"]


async def test_an_answer(provider):
    """It names who answered, counts, and ends by itself."""
    reply = await asked(provider, lambda it: it.converse(**HELLO))
    [block] = reply["output"]["message"]["content"]
    assert block["text"].startswith(f"[alpha/{MODEL}] ")
    assert (reply["stopReason"], reply["usage"]["outputTokens"]) == ("end_turn", len(block["text"].split(" ")))
    assert provider.ledger.last.model == MODEL


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"modelId": PROFILE},
        {"inferenceConfig": {"maxTokens": 3}},
        {"toolConfig": {"tools": [SPEC], "toolChoice": {"any": {}}}},
        {"toolConfig": {"tools": [SPEC], "toolChoice": {"tool": {"name": "get_weather"}}}},
        {
            "toolConfig": {"tools": [SPEC, OTHER]},
            "messages": [{"role": "user", "content": [{"text": "get_weather, now"}]}],
        },
        {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}},
        {"outputConfig": {"textFormat": FORM}},
    ],
)
async def test_a_stream_says_what_the_whole_answer_says(provider, more):
    """As botocore reads it from its binary frames; ids of calls are each answer's own."""
    asks = {**HELLO, **more}
    whole = await asked(provider, lambda it: it.converse(**asks))
    told = await asked(provider, lambda it: spoken(it.converse_stream(**asks)))
    events = dict(await asked(provider, lambda it: heard(it.converse_stream(**asks))))
    blocks = whole["output"]["message"]["content"]
    for block in (*blocks, *told):
        block.get("toolUse", {}).pop("toolUseId", None)
    assert told == blocks
    assert events["messageStop"]["stopReason"] == whole["stopReason"]
    assert events["metadata"]["usage"] == whole["usage"]


async def test_what_is_marked_is_cached(provider):
    """Written the first time, read the next."""
    marked = [{"text": "Be brief. " * 50}, {"cachePoint": {"type": "default"}}]
    first, second = [(await asked(provider, lambda it: it.converse(**HELLO, system=marked)))["usage"] for _ in range(2)]
    assert (first["cacheWriteInputTokens"], first["cacheReadInputTokens"]) == (125, 0)
    assert (second["cacheWriteInputTokens"], second["cacheReadInputTokens"]) == (0, 125)


async def test_embeddings_of_both_makers(provider):
    """Equal texts have equal vectors, whichever shape they come in."""

    def work(it):
        titan = it.invoke_model(modelId=TITAN, body=json.dumps({"inputText": "a b"}))
        cohere = it.invoke_model(modelId=COHERE, body=json.dumps({"texts": ["a b"], "input_type": "search_query"}))
        return json.load(titan["body"]), json.load(cohere["body"])

    titan, cohere = await asked(provider, work)
    assert titan["embedding"] == cohere["embeddings"]["float"][0]
    assert (len(titan["embedding"]), titan["inputTextTokenCount"]) == (1024, 1)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"key": ("AKIDEXAMPLE", "wrong")}, "UnrecognizedClientException"),
        ({"key": ("AKIDOTHER", KEY[1])}, "UnrecognizedClientException"),
    ],
)
async def test_only_the_right_signature_is_let_in(provider, more, name):
    """Whoever signs with another key is told so by the error's name."""
    with pytest.raises(ClientError) as caught:
        await asked(provider, lambda it: it.converse(**HELLO), **more)
    assert caught.value.response["Error"]["Code"] == name
    assert not provider.ledger.last.key_matched


@asynccontextmanager
async def with_token():
    async with MockProvider("bedrock", models=[MODEL], api_key=":".join((*KEY, "session"))) as started:
        yield started


async def test_a_session_needs_its_token():
    """The token is signed too, and masked in the ledger."""
    async with with_token() as provider:
        await asked(provider, lambda it: it.converse(**HELLO), token="session")
        entry = provider.ledger.last
        for token in (None, "other"):
            with pytest.raises(ClientError, match="invalid"):
                await asked(provider, lambda it: it.converse(**HELLO), token=token)
    assert (entry.key_matched, entry.headers["x-amz-security-token"]) == (True, "***")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"messages": [{"role": "assistant", "content": [{"text": "a"}]}]}, "must start with a user message"),
        ({"messages": [*HELLO["messages"], *HELLO["messages"]]}, "must alternate"),
        ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "is blank"),
        ({"messages": [{"role": "user", "content": [CALL, RESULT]}]}, "Expected toolResult blocks"),
        ({"messages": [*HELLO["messages"], *CALLED]}, "toolConfig field must be defined"),
        ({"inferenceConfig": {"temperature": 1.5}}, "temperature must be from 0 to 1"),
        ({"outputConfig": {"textFormat": {**FORM, "type": "json"}}}, "textFormat is not valid"),
        ({"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 9}}}, "budget_tokens"),
        ({"modelId": "amazon.other-v1:0"}, "model identifier is invalid"),
    ],
)  # fmt: skip
async def test_what_bedrock_refuses_is_refused(provider, more, told):
    """As a ValidationException that says what is wrong."""

    def work(it):
        it.meta.config.parameter_validation = False
        return it.converse(**{**HELLO, **more})

    with pytest.raises(ClientError, match=told) as caught:
        await asked(provider, work)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


async def test_images_count():
    """Botocore sends their bytes in base64."""
    image = {"image": {"format": "png", "source": {"bytes": PIXEL}}}
    async with MockProvider("bedrock", models=[MODEL]) as provider:
        plain = await asked(provider, lambda it: it.converse(**HELLO))
        messages = [{"role": "user", "content": [{"text": "hello"}, image]}]
        both = await asked(provider, lambda it: it.converse(modelId=MODEL, messages=messages))
        body = provider.ledger.last.body
    assert both["usage"]["inputTokens"] - plain["usage"]["inputTokens"] == 85
    assert base64.b64decode(body["messages"][0]["content"][1]["image"]["source"]["bytes"]) == PIXEL


@pytest.mark.parametrize(
    ("fault", "name", "status"),
    [
        ("status=429:retry_after=3", "ThrottlingException", 429),
        ("status=503", "ServiceUnavailableException", 503),
        ("status=400", "ValidationException", 400),
        ("status=429:code=ModelNotReadyException", "ModelNotReadyException", 429),
        ("status=424", "ModelErrorException", 424),
    ],
)
async def test_faults_have_aws_names(provider, fault, name, status):
    """By status, or as the fault says."""
    provider.faults.set(fault)
    with pytest.raises(ClientError) as caught:
        await asked(provider, lambda it: it.converse(**HELLO))
    told = caught.value.response
    assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == (name, status)


async def test_faults_of_a_stream(provider):
    """An exception among the frames, a frame that makes no sense, and an end without a reason."""
    provider.faults.set("error_frame=2")
    with pytest.raises(EventStreamError, match="internalServerException"):
        await asked(provider, lambda it: heard(it.converse_stream(**HELLO)))
    provider.faults.set("no_done")
    names = [name for name, _ in await asked(provider, lambda it: heard(it.converse_stream(**HELLO)))]
    assert (names[0], names[-1], "metadata" in names) == ("messageStart", "contentBlockStop", False)
    provider.faults.set(f"status=500:model={MODEL}")
    with pytest.raises(ClientError, match="InternalServerException"):
        await asked(provider, lambda it: it.converse(**HELLO))
