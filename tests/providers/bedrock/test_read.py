"""From Converse's whole replies to OpenAI's, and from AWS's errors to what they mean."""

# ruff: noqa: E501  a table is read row by row

from __future__ import annotations

import base64
import json
import struct

import msgspec
import pytest

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal
from pointsman.model.outcome import FailureKind, PromptDetails, Usage
from pointsman.providers.bedrock import DIALECT

DATE = {b"Date": b"Sat, 21 Nov 2026 18:00:00 GMT"}
USAGE = {"inputTokens": 10, "outputTokens": 4, "totalTokens": 14}
TITAN, COHERE = "amazon.titan-embed-text-v2:0", "cohere.embed-english-v3"


def reply(*blocks: dict, reason: str = "end_turn", usage: dict = USAGE) -> dict:
    message = {"role": "assistant", "content": list(blocks)}
    return {"output": {"message": message}, "stopReason": reason, "usage": usage, "metrics": {"latencyMs": 1}}


def read(body, status: int = 200, headers=DATE, endpoint: str = "chat", model: str = "m", **fields):
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in fields.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DIALECT.read(
        request(endpoint=endpoint, id="0123", body=raw, at=1795284000.2), model, Answered(status, headers, data)
    )


def told(*blocks: dict, **more) -> dict:
    return json.loads(read(reply(*blocks, **more)).body)


def test_an_answer():
    """With the time of the request, and the model that was asked."""
    assert told({"text": "hé"}) == {
        "id": "chatcmpl-0123",
        "object": "chat.completion",
        "created": 1795284000,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hé"}, "logprobs": None, "finish_reason": "stop"}
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 4,
            "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }


def test_blocks_of_all_kinds():
    """Texts join, those with citations too; thoughts stand apart; what OpenAI has no word for is left out."""
    message = told(
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "eA=="}},
        {"text": "a"},
        {"citationsContent": {"content": [{"text": "b"}], "citations": []}},
        {"novelty": {}},
    )["choices"][0]["message"]
    own = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "eA=="}]
    assert message == {"role": "assistant", "content": "ab", "reasoning_content": "hm", "thinking_blocks": own}
    assert (
        "thinking_blocks" not in told({"reasoningContent": {"reasoningText": {"text": "hm"}}})["choices"][0]["message"]
    )


def test_calls():
    """Arguments are text; there is no content where nothing was said."""
    calls = [
        {"toolUse": {"toolUseId": "t1", "name": "now", "input": {"zone": "UTC"}}},
        {"toolUse": {"toolUseId": "t2", "name": "f", "input": {}}},
    ]
    choice = told(*calls, reason="tool_use")["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert [(c["index"], c["id"], c["function"]) for c in choice["message"]["tool_calls"]] == [
        (0, "t1", {"name": "now", "arguments": '{"zone":"UTC"}'}),
        (1, "t2", {"name": "f", "arguments": "{}"}),
    ]


def test_all_that_was_read_counts():
    """What came from a cache, and what went there; figures that make no sense are none."""
    kept = [{"ttl": "1h", "inputTokens": 2}, {"ttl": "5m", "inputTokens": 1}, "?"]
    cached = {**USAGE, "cacheReadInputTokens": 5, "cacheWriteInputTokens": 3, "cacheDetails": kept}
    assert read(reply({"text": "a"}, usage=cached)).usage == Usage(18, 4, 22, PromptDetails(5, 3, hour_tokens=2))
    odd = {"inputTokens": -1, "outputTokens": "x", "cacheReadInputTokens": True}
    assert read(reply({"text": "a"}, usage=odd)).usage == Usage(0, 0, 0, PromptDetails(0))


def test_a_completion():
    """Has a text, and no thoughts."""
    body = reply({"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "a"}, reason="max_tokens")
    answer = json.loads(read(body, endpoint="completions").body)
    assert (answer["object"], answer["id"]) == ("text_completion", "cmpl-0123")
    assert answer["choices"] == [{"index": 0, "text": "a", "logprobs": None, "finish_reason": "length"}]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"message": "no"}', b'{"output": {}}', b"\xff"])
def test_a_200_that_is_no_reply(body):
    """Is rubbish."""
    assert read(body).kind is FailureKind.GARBAGE


@pytest.mark.parametrize(
    ("status", "name", "said", "kind"),
    [
        (400, "ValidationException", "Malformed input request", FailureKind.BAD_REQUEST),
        (400, "ValidationException", "Input is too long for requested model.", FailureKind.CONTEXT),
        (400, "ValidationException", "The model returned the following errors: prompt is too long: 2 tokens > 1 maximum", FailureKind.CONTEXT),
        (400, "ValidationException", "Input Tokens Exceeded: Number of input tokens exceeds maximum length.", FailureKind.CONTEXT),
        (400, "ServiceQuotaExceededException", "Your request exceeds the service quota.", FailureKind.QUOTA),
        (400, "IncompleteSignatureException", "It has no date.", FailureKind.AUTH),
        (403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/u is not authorized", FailureKind.FORBIDDEN),
        (403, "UnrecognizedClientException", "The security token is invalid.", FailureKind.AUTH),
        (403, "ExpiredTokenException", "The security token is expired", FailureKind.AUTH),
        (403, "InvalidSignatureException", "The signature does not match.", FailureKind.AUTH),
        (403, "MissingAuthenticationTokenException", "Missing Authentication Token", FailureKind.AUTH),
        (404, "ResourceNotFoundException", "Model use case details have not been submitted.", FailureKind.NOT_FOUND),
        (408, "ModelTimeoutException", "It took too long.", FailureKind.TIMEOUT),
        (424, "ModelErrorException", "The model failed.", FailureKind.SERVER_ERROR),
        (424, "ModelStreamErrorException", "The model stopped.", FailureKind.SERVER_ERROR),
        (429, "ThrottlingException", "Too many requests, please wait before trying again.", FailureKind.RATE_LIMITED),
        (429, "ModelNotReadyException", "The model is not ready.", FailureKind.OVERLOADED),
        (500, "InternalServerException", "An unexpected error.", FailureKind.SERVER_ERROR),
        (503, "ServiceUnavailableException", "Try again.", FailureKind.OVERLOADED),
        (503, "", "Try again.", FailureKind.OVERLOADED),
    ],
)  # fmt: skip
def test_errors_are_told_by_status_name_and_sentence(status, name, said, kind):
    """The name stands in a header, perhaps with a place behind it."""
    for suffix in ("", ":http://internal.amazon.com/coral/com.amazon.bedrock/"):
        headers = {b"x-amzn-ErrorType": (name + suffix).encode()} if name else {}
        refusal = read({"message": said}, status, headers)
        assert (refusal.kind, refusal.status) == (kind, status)


def test_whose_fault_it_is_decides_what_is_shown():
    """The request's own: AWS's sentence, in OpenAI's shape, with a code. An account's: nothing of it."""
    long = read(
        {"message": "Input is too long for requested model."}, 400, {b"x-amzn-errortype": b"ValidationException"}
    )
    assert json.loads(long.body)["error"] == {
        "message": "Input is too long for requested model.",
        "type": "invalid_request_error",
        "param": None,
        "code": "context_length_exceeded",
    }
    assert read({"message": "arn:aws:iam::123456789012:user/u"}, 403).body is None


@pytest.mark.parametrize(
    ("body", "model", "headers", "tokens"),
    [
        ({"embedding": [1, 0.5], "inputTextTokenCount": 3}, TITAN, {}, 3),
        ({"embeddings": [[1, 0.5]], "id": "x", "response_type": "embeddings_floats"}, COHERE, {b"X-Amzn-Bedrock-Input-Token-Count": b"3"}, 3),
        ({"embeddings": {"float": [[1, 0.5]]}, "response_type": "embeddings_by_type"}, COHERE, {}, 0),
        ({"embeddings": [[1, 0.5]]}, COHERE, {b"x-amzn-bedrock-input-token-count": b"many"}, 0),
    ],
)  # fmt: skip
def test_embeddings(body, model, headers, tokens):
    """In each maker's shape, as numbers or packed."""
    plain = read(body, endpoint="embeddings", model=model, headers=headers)
    packed = read(body, endpoint="embeddings", model=model, headers=headers, encoding_format="base64")
    shown = json.loads(plain.body)
    assert shown["data"] == [{"object": "embedding", "index": 0, "embedding": [1, 0.5]}]
    assert (shown["model"], shown["usage"], plain.usage) == (
        model,
        {"prompt_tokens": tokens, "total_tokens": tokens},
        Usage(tokens, 0, tokens),
    )
    [vector] = json.loads(packed.body)["data"]
    assert struct.unpack("<2f", base64.b64decode(vector["embedding"])) == (1, 0.5)


@pytest.mark.parametrize(
    "body", [{}, {"embedding": None}, {"embeddings": []}, {"embeddings": {"int8": [[1]]}}, {"embedding": "x"}]
)
def test_no_vectors_are_no_answer(body):
    """Whatever else is there."""
    found = read(body, endpoint="embeddings", model=TITAN)
    assert isinstance(found, Refusal)
    assert found.kind is FailureKind.GARBAGE
