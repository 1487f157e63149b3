"""Anthropic's paths, its errors, and the headers that tell what is left of a minute."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pointsman.mock.anthropic.events import message_reply, message_stream
from pointsman.mock.anthropic.read import Message, read_count, read_message
from pointsman.mock.events import event
from pointsman.mock.flavour import Work
from pointsman.mock.message import Answer, Refused, Reply, Request, header_lines, json_reply
from pointsman.mock.openai_paths import seed_of
from pointsman.mock.said import say

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = ("claude-opus-5-5", "claude-haiku-5-5")
CONTEXT_LENGTH = 200_000
MOST_OUTPUT = 64_000
REQUESTS_A_MINUTE = 4000
CREATED = "2025-09-29T00:00:00Z"
USUAL_PAGE = 20

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
MESSAGES = {
    "no key": "x-api-key header is required",
    "wrong key": "invalid x-api-key",
    "not json": "The request body is not valid JSON",
    "unknown path": "Not Found",
    "wrong method": "Method Not Allowed",
}


class Anthropic:
    server = b""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._context_length = scene.options.context_length or CONTEXT_LENGTH
        self._cached: set[bytes] = set()
        self._minute = (0, 0)
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/messages"): self._messages,
            ("POST", "/v1/messages/count_tokens"): self._count,
            ("GET", "/v1/models"): self._models,
        }
        self.prefixes: tuple[tuple[str, Handler], ...] = (("/v1/models/", self._model),)
        self.inference = frozenset(("/v1/messages",))

    def place(self, path: str) -> tuple[str, str]:
        return path, ""

    def guarded(self, path: str) -> bool:
        return path.startswith("/v1/")

    def refuse(self, request: Request, refused: Refused) -> Reply:
        usual = "api_error" if refused.status >= 500 else "invalid_request_error"
        kind = TYPES.get(refused.status, usual)
        ident = self._ident(request)
        body = {**_error(kind, MESSAGES.get(refused.why, refused.message)), "request_id": ident}
        return json_reply(body, refused.status, header_lines({"request-id": ident}))

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        return event(_error("api_error", "Internal server error"))

    def _messages(self, request: Request) -> Answer:
        read = read_message(request, self._context_length)
        asked = read.asked
        self._check_model(asked.model)
        said = say(self._scene.options.speaker, asked)
        work = Work(seed_of(self._scene, request), int(self._scene.clock()), asked, said)
        tell = message_stream if asked.stream else message_reply
        return tell(work, self._cache(read), self._headers(request), thinks=read.thinks)

    def _count(self, request: Request) -> Answer:
        tokens = read_count(request)
        self._check_model(str(request.fields["model"]))
        return json_reply({"input_tokens": tokens}, headers=header_lines({"request-id": self._ident(request)}))

    def _check_model(self, model: str) -> None:
        if not self._scene.options.accepts(model):
            raise Refused(404, f"model: {model}")

    def _cache(self, read: Message) -> dict[str, int]:
        """What is marked for the cache is written there the first time, and read from then on."""
        asked = read.asked
        mark = sha256(f"{asked.model}\0{read.cached}\0{asked.prompt[: 4 * read.cached]}".encode()).digest()
        known = read.cached > 0 and mark in self._cached
        if read.cached:
            self._cached.add(mark)
        return {
            "cache_creation_input_tokens": 0 if known else read.cached,
            "cache_read_input_tokens": read.cached if known else 0,
        }

    def _ident(self, request: Request) -> str:
        return f"req_01{seed_of(self._scene, request)[:22]}"

    def _headers(self, request: Request) -> bytes:
        now = int(self._scene.clock())
        minute, used = now // 60, 0
        if self._minute[0] == minute:
            used = self._minute[1]
        self._minute = (minute, used + 1)
        reset = datetime.fromtimestamp(60 * (minute + 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return header_lines(
            {
                "request-id": self._ident(request),
                "anthropic-organization-id": "org-simulated",
                "anthropic-ratelimit-requests-limit": str(REQUESTS_A_MINUTE),
                "anthropic-ratelimit-requests-remaining": str(max(REQUESTS_A_MINUTE - used - 1, 0)),
                "anthropic-ratelimit-requests-reset": reset,
            }
        )

    def _models(self, request: Request) -> Answer:
        """A page of them: ``limit`` and ``after_id`` say which."""
        models = list(self._scene.options.listed())
        after = request.parameters.get("after_id")
        if after in models:
            models = models[models.index(after) + 1 :]
        limit = request.parameters.get("limit", str(USUAL_PAGE))
        size = int(limit) if limit.isdecimal() and 1 <= int(limit) <= 1000 else 0
        if not size:
            raise Refused(400, "limit: Input should be from 1 to 1000")
        page = models[:size]
        told = {"data": [self._card(model) for model in page], "has_more": len(models) > size}
        ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None}
        return json_reply({**told, **ends}, headers=header_lines({"request-id": self._ident(request)}))

    def _model(self, request: Request) -> Answer:
        model = request.path.removeprefix("/v1/models/")
        self._check_model(model)
        return json_reply(self._card(model), headers=header_lines({"request-id": self._ident(request)}))

    def _card(self, model: str) -> dict[str, Any]:
        return {
            "type": "model",
            "id": model,
            "display_name": model.replace("-", " ").title(),
            "created_at": CREATED,
            "max_input_tokens": self._context_length,
            "max_tokens": MOST_OUTPUT,
        }


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}
