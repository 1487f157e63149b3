"""The one chat request that every competitor is asked, and the answer that counts as correct."""

from __future__ import annotations

import http.client
from typing import Any

import msgspec

PATH = "/v1/chat/completions"
MODEL = "bench"
BODY_BYTES = 1024
ANSWER = "Hello there, this is a short fixed answer that stands in for a model."
# One character that stands in every token of a stream and nowhere else: a token is counted by one byte,
# which no proxy can split and no JSON writer escapes.
TOKEN_MARK = b"@"
TOKENS = 64
# In the text, for no gateway changes that; sglang-router drops max_tokens.
SHORT = "Answer with one token. "
SECONDS_BETWEEN_TOKENS = 0.02
PROBE_SECONDS = 5.0


def completion() -> bytes:
    """The upstream's answer to a unary request."""
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 250, "completion_tokens": 16, "total_tokens": 266}
    return msgspec.json.encode(
        {
            "id": "chatcmpl-0123456789abcdef",
            "object": "chat.completion",
            "created": 1760000000,
            "model": MODEL,
            "choices": [choice],
            "usage": usage,
        }
    )


def models() -> bytes:
    """The upstream's list of models."""
    model = {"id": MODEL, "object": "model", "created": 1760000000, "owned_by": "bench"}
    return msgspec.json.encode({"object": "list", "data": [model]})


def anything() -> bytes:
    """The upstream's answer to health and information paths."""
    return msgspec.json.encode({"status": "ok", "model_path": MODEL, "served_model_name": MODEL})


def request(*, stream: bool, short: bool = False) -> bytes:
    """A chat request of exactly BODY_BYTES. ``short`` asks the upstream for a stream of one token."""

    def encoded(filler: str) -> bytes:
        messages = [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": (SHORT if short else "") + filler},
        ]
        body: dict[str, Any] = {
            "model": MODEL,
            "messages": messages,
            "temperature": 0.7,
            "max_tokens": 128,
        }
        return msgspec.json.encode({**body, "stream": True} if stream else body)

    return encoded("x" * (BODY_BYTES - len(encoded(""))))


def ask(port: int, headers: dict[str, str], *, stream: bool) -> str:
    """Sends one request; returns "" if the answer is the expected one, else what is wrong with it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_SECONDS)
    try:
        sent = {"content-type": "application/json", **headers}
        connection.request("POST", PATH, request(stream=stream), sent)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    if response.status != 200:
        return f"status {response.status}: {body[:200].decode(errors='replace')}"
    return _wrong_stream(body) if stream else _wrong_completion(body)


def _wrong_completion(body: bytes) -> str:
    try:
        content = msgspec.json.decode(body)["choices"][0]["message"]["content"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return f"not a chat completion: {body[:200]!r}"
    return "" if content == ANSWER else f"another answer than the upstream's: {content!r}"


def _wrong_stream(body: bytes) -> str:
    tokens = body.count(TOKEN_MARK)
    if tokens != TOKENS:
        return f"{tokens} of {TOKENS} tokens in the stream: {body[:200]!r}"
    return "" if b"[DONE]" in body[-32:] else f"the stream does not end with [DONE]: {body[-100:]!r}"
