"""The exceptions of any-llm as the replies of an upstream, so that what they mean is judged in one place.

An exception tells the status of the service, if that answered, and its class what went wrong. Keys that it repeats are
masked; where it has none of these it tells its class alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.flow.effects import Failed
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind

STATUSES: dict[str, tuple[int, str | None]] = {
    "RateLimitError": (429, None),
    "AuthenticationError": (401, None),
    "InsufficientFundsError": (402, None),
    "ContextLengthExceededError": (400, "context_length_exceeded"),
    "ContentFilterError": (400, "content_filter"),
    "ModelNotFoundError": (404, "model_not_found"),
    "InvalidRequestError": (400, None),
    "UnsupportedParameterError": (400, None),
    "NotImplementedError": (400, None),
    "GatewayTimeoutError": (504, None),
    "UpstreamProviderError": (502, None),
}
"""Classes, the status that they stand for, and the code that tells them from others of that status."""

_encode = msgspec.json.Encoder().encode


def reply_to(error: Exception, secrets: list[str]) -> Answered | Failed:
    """What came of a call that raised."""
    name = type(error).__name__
    if name == "MissingApiKeyError":
        return Failed(FailureKind.AUTH, f"no key is configured, and {getattr(error, 'env_var_name', '')} is not set")
    if name == "UnsupportedProviderError":
        return Failed(FailureKind.NOT_FOUND, "any-llm knows no service of this name")
    told = getattr(error, "status_code", None)
    status, code = STATUSES.get(name, (0, None))
    if type(told) is int and 400 <= told < 600:
        status = told
    if not status:
        return _unheard(error)
    wait = getattr(error, "retry_after", None)
    headers = {b"retry-after": str(wait).encode()} if wait is not None else {}
    return Answered(status, headers, _body(error, code, secrets))


def frame_of(error: Exception, secrets: list[str]) -> bytes:
    """The frame that ends a stream which raised."""
    return b"data: %b\n\n" % _body(error, STATUSES.get(type(error).__name__, (0, None))[1], secrets)


def _unheard(error: Exception) -> Failed:
    """No status: nobody answered, or not in words that the library understood."""
    names = {type(each).__name__ for each in _behind(error)}
    if any("Timeout" in name for name in names):
        return Failed(FailureKind.TIMEOUT, "any-llm: the service did not answer in time", sent=True)
    if any("Connect" in name for name in names):
        return Failed(FailureKind.REFUSED, "any-llm: the service can't be reached")
    return Failed(FailureKind.SERVER_ERROR, f"any-llm: {type(error).__name__}", sent=True)


def _behind(error: BaseException) -> list[BaseException]:
    """The exception, and those that it came from."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain and len(chain) < 8:
        chain.append(following)
        following = getattr(following, "original_exception", None) or following.__cause__
    return chain


def _body(error: Exception, code: str | None, secrets: list[str]) -> bytes:
    message = str(getattr(error, "message", None) or error)
    for secret in secrets:
        message = message.replace(secret, "***")
    told: dict[str, Any] = {
        "message": message,
        "type": getattr(error, "error_type", None) or "invalid_request_error",
        "param": getattr(error, "param", None) or getattr(error, "parameter_name", None),
        "code": getattr(error, "code", None) or code,
    }
    return _encode({"error": told})
