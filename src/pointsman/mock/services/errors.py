"""How services and servers with OpenAI's format word their errors: shapes by service, and troubles in their own words.

Written from their public references; the sentences are those a gateway has nothing but the wording of to go by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.mock.message import Refused

Shape = Callable[[Refused], Any]
Said = tuple[int, Any]


def plain(refused: Refused) -> Any:
    """OpenAI's."""
    kind = "server_error" if refused.status >= 500 else "invalid_request_error"
    return {"error": {"message": refused.message, "type": kind, "param": refused.param, "code": refused.code}}


def flat(refused: Refused) -> Any:
    """SGLang's and TensorRT-LLM's, and vLLM's of old."""
    kind = {400: "BadRequestError", 404: "NotFoundError"}.get(refused.status, "InternalServerError")
    return {
        "object": "error",
        "message": refused.message,
        "type": kind,
        "param": refused.param,
        "code": refused.status,
    }


def numbered(refused: Refused) -> Any:
    """OpenRouter's: the status for a code."""
    return {"error": {"code": refused.status, "message": refused.message}, "user_id": "user_simulated"}


def listed(refused: Refused) -> Any:
    """Google's, in a list."""
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
    status = names.get(refused.status, "INTERNAL")
    return [{"error": {"code": refused.status, "message": refused.message, "status": status}}]


def worded(refused: Refused) -> Any:
    """Cohere's."""
    return {"id": "simulated", "message": refused.message}


def typed(refused: Refused) -> Any:
    """TGI's."""
    kinds = {422: "validation", 429: "overloaded", 400: "validation", 404: "not_found"}
    return {"error": refused.message, "error_type": kinds.get(refused.status, "generation")}


def said(refused: Refused) -> Any:
    """LM Studio's."""
    return {"error": refused.message}


def mistral(refused: Refused) -> Any:
    """Fields that are not known are told as pydantic does, everything else flatly."""
    if refused.status == 422:
        place = ["body", refused.param or ""]
        return {"detail": [{"type": "extra_forbidden", "loc": place, "msg": refused.message, "input": None}]}
    if refused.status == 401:
        return {"detail": "Unauthorized"}
    kind = {404: "invalid_model", 429: "rate_limited"}.get(refused.status, "invalid_request_error")
    return {"object": "error", "message": refused.message, "type": kind, "param": None, "code": "1500"}


def _openai(message: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


REFUSALS: dict[str, dict[str, Said]] = {
    "mistral": {
        "context_length": (
            400,
            mistral(Refused(400, "Prompt contains 9000 tokens, too large for model with 8192 maximum context length")),
        )
    },
    "deepseek": {
        "context_length": (
            400,
            _openai("This model's maximum context length is 8192 tokens.", "invalid_request_error", None),
        ),
        "content_filter": (400, _openai("Content Exists Risk", "invalid_request_error", "invalid_request_error")),
        "quota": (402, _openai("Insufficient Balance", "unknown_error", "invalid_request_error")),
    },
    "groq": {
        "context_length": (
            400,
            _openai(
                "Please reduce the length of the messages or completion.",
                "invalid_request_error",
                "context_length_exceeded",
            ),
        )
    },
    "together": {
        "context_length": (
            422,
            _openai("The sum of 'inputs' tokens and 'max_new_tokens' must be <= 8193.", "BadRequest", None)
            | {"id": "simulated"},
        ),
        "quota": (402, _openai("Credit limit exceeded, please add credits.", "credit_limit", None)),
    },
    "gemini": {
        "context_length": (
            400,
            listed(Refused(400, "The input token count (9000) exceeds the maximum number of tokens allowed (8192).")),
        ),
        "quota": (
            429,
            listed(Refused(429, "You exceeded your current quota, please check your plan and billing details.")),
        ),
    },
    "sglang": {
        "context_length": (
            400,
            flat(Refused(400, "The input (9000 tokens) is longer than the model's context length (8192 tokens).")),
        )
    },
    "tgi": {
        "context_length": (
            422,
            typed(Refused(422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192.")),
        )
    },
    "lm_studio": {
        "context_length": (
            400,
            said(Refused(400, "The model is loaded with context length of only 8192 tokens, which is not enough.")),
        )
    },
    "tensorrt_llm": {
        "context_length": (
            400,
            flat(
                Refused(
                    400, "The sum of prompt length (9000) and query length (0) should not exceed max_num_tokens (8192)"
                )
            ),
        )
    },
}
