"""How servers say no, each in its own words: data for the faults ``says`` and ``error_frame``. No logic.

The wording is that of the servers where a gateway has nothing but the wording to go by; the rest is invented.
"""

from __future__ import annotations

from typing import Any

from pointsman.mock.chat import DONE, frame
from pointsman.mock.services import errors

TROUBLES = ("context_length", "content_filter", "quota")
"""A prompt that is too long, a prompt that may not be asked, an account that is used up."""

Said = tuple[int, Any]


def _openai(message: str, kind: str | None, param: str | None, code: str | None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code, **more}}


def _vllm(message: str, kind: str, code: int) -> dict[str, Any]:
    return {"message": message, "type": kind, "param": None, "code": code}


def _anthropic(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


def _plain(code: int | str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


_TOO_LONG = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
_TOO_LONG_FOR_VLLM = (
    "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens "
    "(8900 in the messages, 100 in the completion)."
)
_USED_UP = "You exceeded your current quota, please check your plan and billing details."
_FLAGS = {
    "hate": {"filtered": False, "severity": "safe"},
    "violence": {"filtered": True, "severity": "medium"},
}
_AZURE_INNER = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _FLAGS}

REFUSALS: dict[str, dict[str, Said]] = {
    "openai": {
        "context_length": (400, _openai(_TOO_LONG, "invalid_request_error", "messages", "context_length_exceeded")),
        "content_filter": (
            400,
            _openai("Rejected by the safety system.", "invalid_request_error", None, "content_policy_violation"),
        ),
        "quota": (429, _openai(_USED_UP, "insufficient_quota", None, "insufficient_quota")),
    },
    "azure": {
        "context_length": (400, _openai(_TOO_LONG, "invalid_request_error", "messages", "context_length_exceeded")),
        "content_filter": (
            400,
            _openai(
                "The response was filtered due to the prompt triggering the content management policy.",
                None,
                "prompt",
                "content_filter",
                status=400,
                innererror=_AZURE_INNER,
            ),
        ),
        "quota": (403, _plain("403", "Out of call volume quota for this pricing tier. Please retry after 15 days.")),
    },
    "vllm": {"context_length": (400, {"error": _vllm(_TOO_LONG_FOR_VLLM, "BadRequestError", 400)})},
    "vllm_old": {"context_length": (400, {"object": "error", **_vllm(_TOO_LONG_FOR_VLLM, "BadRequestError", 400)})},
    "llama_cpp": {
        "context_length": (
            400,
            _plain(
                400,
                "the request exceeds the available context size, try increasing it",
                type="exceed_context_size_error",
                n_prompt_tokens=9000,
                n_ctx=8192,
            ),
        )
    },
    "ollama": {
        "context_length": (400, {"error": "the input length exceeds the context length"}),
        "quota": (429, {"error": "you have reached your weekly usage limit, upgrade for higher limits"}),
    },
    "anthropic": {
        "context_length": (
            400,
            _anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        ),
        "content_filter": (
            400,
            _anthropic("invalid_request_error", "Output blocked by content filtering policy"),
        ),
        "quota": (400, _anthropic("invalid_request_error", "Your credit balance is too low to access the API.")),
    },
    "bedrock": {"context_length": (400, {"message": "Input is too long for requested model."})},
    "triton": {
        "context_length": (
            500,
            {"error": "Executor failed: Prompt length (9000) exceeds maximum input length (8192)."},
        )
    },
    "openrouter": {
        "context_length": (400, _plain(400, "This endpoint's maximum context length is 8192 tokens.")),
        "content_filter": (
            403,
            _plain(403, "Your input was flagged", metadata={"reasons": ["violence"], "flagged_input": "…"}),
        ),
        "quota": (402, _plain(402, "Insufficient credits")),
    },
}
REFUSALS |= errors.REFUSALS
"""What each dialect says of which trouble: status and body. A server that knows no such trouble has no entry."""


_FAILED = "simulated fault: an error inside the stream"
_ROUTED = {
    "id": "gen-simulated",
    "object": "chat.completion.chunk",
    **_plain("server_error", _FAILED),
    "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
}

IN_STREAM: dict[str, bytes] = {
    "openai": frame(_openai(_FAILED, "server_error", None, None)) + DONE,
    "vllm": frame({"error": _vllm(_FAILED, "InternalServerError", 500)}) + DONE,
    "vllm_old": frame({"object": "error", **_vllm(_FAILED, "InternalServerError", 500)}) + DONE,
    "anthropic": b"event: error\n" + frame(_anthropic("overloaded_error", "Overloaded")),
    "llama_cpp": frame(_plain(500, _FAILED, type="server_error")),
    "openrouter": frame(_ROUTED),
}
"""An error inside a stream that began with 200, and what is sent after it."""
