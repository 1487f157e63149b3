"""The ``openai`` kind: OpenAI's own API, with its ids, error objects, and rate-limit headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import DONE, frame
from pointsman.mock.flavour import Flavour
from pointsman.mock.media import Media
from pointsman.mock.message import Answer, Refused, Reply, Request, header_lines, json_reply
from pointsman.mock.newer import refuse_older_limit
from pointsman.mock.openai_paths import OpenAiPaths, Rules, seed_of
from pointsman.mock.responses import Responses

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = (
    "gpt-4o-mini",
    "gpt-4o",
    "text-embedding-3-small",
    "omni-moderation-latest",
    "gpt-image-1",
    "gpt-4o-mini-tts",
    "gpt-4o-mini-transcribe",
    "whisper-1",
)
CONTEXT_LENGTH = 128_000
EMBEDDING_SIZE = 1536
REQUESTS_A_MINUTE = 10_000
TOKENS_A_MINUTE = 2_000_000
CREATED = 1_715_367_049

FLAVOUR = Flavour(
    ident=lambda prefix, seed: f"{prefix}-{seed[:29]}",
    common={"service_tier": "default", "system_fingerprint": "fp_0a51ab3000"},
    message={"refusal": None, "annotations": []},
    choice={"logprobs": None},
    chunk_choice={"logprobs": None},
    details={
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    },
    null_usage=True,
    cached=lambda cached, _prompt: {"prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0}},
    named_finish="stop",
)

ARGUMENTS = (
    "audio best_of dimensions echo encoding_format frequency_penalty function_call functions input logit_bias logprobs "
    "max_completion_tokens max_tokens messages metadata modalities model moderation n parallel_tool_calls prediction "
    "presence_penalty prompt prompt_cache_key prompt_cache_retention reasoning_effort response_format "
    "safety_identifier seed service_tier stop store stream stream_options suffix temperature tool_choice tools "
    "top_logprobs top_p user verbosity web_search_options"
)
KNOWN = frozenset(ARGUMENTS.split())

TYPES = {
    401: "invalid_request_error",
    403: "invalid_request_error",
    404: "invalid_request_error",
    429: "requests",
}
CODES = {429: "rate_limit_exceeded"}
MESSAGES = {
    "no key": "No API key was given; send it as: Authorization: Bearer YOUR_KEY.",
    "wrong key": "Incorrect API key provided.",
    "not json": "The body of your request could not be parsed as a JSON object.",
}

HEADERS = (
    b"x-request-id: req_%b\r\nopenai-version: 2020-10-01\r\nopenai-organization: org-simulated\r\n"
    b"openai-processing-ms: %d\r\n"
    b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\n"
    b"x-ratelimit-reset-requests: 6ms\r\n"
    b"x-ratelimit-limit-tokens: %d\r\nx-ratelimit-remaining-tokens: %d\r\nx-ratelimit-reset-tokens: 0s\r\n"
)


class OpenAi:
    server = b""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        options = scene.options
        rules = Rules(
            model=self._check_model,
            context_length=options.context_length or CONTEXT_LENGTH,
            embedding_size=options.embedding_size or EMBEDDING_SIZE,
            fields=self._check_fields,
            headers=self._headers,
        )
        paths = OpenAiPaths(scene, FLAVOUR, rules)
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/chat/completions"): paths.chat,
            ("POST", "/v1/completions"): paths.completions,
            ("POST", "/v1/embeddings"): paths.embeddings,
            ("POST", "/v1/responses"): Responses(scene, paths, rules).create,
            **Media(scene, rules).routes,
            ("GET", "/v1/models"): self._models,
        }
        self.prefixes: tuple[tuple[str, Handler], ...] = (("/v1/models/", self._model),)
        self.inference = frozenset(path for method, path in self.routes if method == "POST")
        self._minute = (0, 0)

    def place(self, path: str) -> tuple[str, str]:
        return path, ""

    def guarded(self, path: str) -> bool:
        return path.startswith("/v1/")

    def refuse(self, request: Request, refused: Refused) -> Reply:
        error = {
            "message": MESSAGES.get(refused.why) or self._message(request, refused),
            "type": self._type(refused),
            "param": refused.param,
            "code": self._code(refused),
        }
        return json_reply({"error": error}, refused.status, header_lines(self._ident(request)))

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        error = {
            "message": "The server had an error while processing your request.",
            "type": "server_error",
            "param": None,
            "code": None,
        }
        return frame({"error": error}) + DONE

    def _message(self, request: Request, refused: Refused) -> str:
        if refused.why == "unknown path":
            return f"Invalid URL ({request.method} {request.path})"
        if refused.why == "wrong method":
            return f"Not allowed to {request.method} on {request.path}."
        return refused.message

    def _type(self, refused: Refused) -> str:
        if refused.code == "insufficient_quota":
            return "insufficient_quota"
        return TYPES.get(refused.status, "server_error" if refused.status >= 500 else "invalid_request_error")

    def _code(self, refused: Refused) -> str | None:
        if refused.why == "no key":
            return None
        if refused.why == "wrong method":
            return "method_not_supported"
        return refused.code or CODES.get(refused.status)

    def _check_model(self, model: str) -> None:
        if not model:
            raise Refused(400, "you must provide a model parameter")
        if not self._scene.options.accepts(model):
            raise Refused(
                404,
                f"The model `{model}` does not exist or you do not have access to it.",
                code="model_not_found",
            )

    def _check_fields(self, fields: dict[str, Any]) -> float:
        unknown = next((name for name in fields if name not in KNOWN), None)
        if unknown is not None and self._scene.options.strict:
            raise Refused(400, f"Unrecognized request argument supplied: {unknown}")
        return refuse_older_limit(fields)

    def _ident(self, request: Request) -> dict[str, str]:
        return {"x-request-id": f"req_{seed_of(self._scene, request)}", "openai-version": "2020-10-01"}

    def _headers(self, request: Request) -> bytes:
        minute = int(self._scene.clock()) // 60
        used = self._minute[1] if self._minute[0] == minute else 0
        self._minute = (minute, used + 1)
        left = max(REQUESTS_A_MINUTE - used - 1, 0)
        tokens = max(TOKENS_A_MINUTE - (used + 1) * (len(request.body) // 4), 0)
        return HEADERS % (
            seed_of(self._scene, request).encode(),
            int(self._scene.options.latency_ms),
            REQUESTS_A_MINUTE,
            left,
            TOKENS_A_MINUTE,
            tokens,
        )

    def _models(self, request: Request) -> Answer:
        cards = [self._card(model) for model in self._scene.options.listed()]
        return json_reply({"object": "list", "data": cards}, headers=header_lines(self._ident(request)))

    def _model(self, request: Request) -> Answer:
        model = request.path.removeprefix("/v1/models/")
        if not self._scene.options.accepts(model):
            raise Refused(404, f"The model '{model}' does not exist", param="model", code="model_not_found")
        return json_reply(self._card(model), headers=header_lines(self._ident(request)))

    def _card(self, model: str) -> dict[str, Any]:
        return {"id": model, "object": "model", "created": CREATED, "owned_by": "system"}
