"""The ``azure`` kind: Azure OpenAI, its dated API below a deployment's path and the one without versions.

It wants its key as ``api-key`` and, below a deployment, an ``api-version``; its filter's verdicts stand in every
answer, and a stream begins with those of the prompt, in a chunk without choices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import DONE, frame
from pointsman.mock.flavour import Flavour
from pointsman.mock.message import Answer, Refused, Reply, Request, header_lines, json_reply
from pointsman.mock.newer import refuse_older_limit
from pointsman.mock.openai_paths import OpenAiPaths, Rules, seed_of
from pointsman.mock.services.table import in_details

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = ("gpt-4o", "text-embedding-3-small")
CONTEXT_LENGTH = 128_000
EMBEDDING_SIZE = 1536

DATED = "/openai/deployments/{model}"
UNDATED = "/openai/v1"
QUESTIONS = ("/chat/completions", "/completions", "/embeddings")
VERSIONS = ("", "v1", "preview")
"""What may stand for ``api-version`` where none is needed."""

SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
PROMPT = {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]}
BEFORE = {"id": "", "object": "", "created": 0, "model": "", "choices": [], **PROMPT}

FLAVOUR = Flavour(
    ident=lambda prefix, seed: f"{prefix}-{seed[:29]}",
    common={"system_fingerprint": "fp_simulated"},
    whole=PROMPT,
    message={"refusal": None, "annotations": []},
    choice={"logprobs": None, "content_filter_results": SAFE},
    chunk_choice={"logprobs": None, "content_filter_results": SAFE},
    before=BEFORE,
    null_usage=True,
    cached=in_details,
    named_finish="stop",
)

WORDS = {
    "no key": ("401", "Access denied due to a missing or wrong key, or the wrong endpoint."),
    "wrong key": ("401", "Access denied due to a missing or wrong key, or the wrong endpoint."),
    "unknown path": ("404", "Resource not found"),
    "wrong method": ("404", "Resource not found"),
    "no version": ("404", "Resource not found"),
    "no model": ("DeploymentNotFound", "The API deployment for this resource does not exist."),
}


class Azure:
    server = b""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        options = scene.options
        rules = Rules(
            model=self._check_model,
            context_length=options.context_length or CONTEXT_LENGTH,
            embedding_size=options.embedding_size or EMBEDDING_SIZE,
            fields=refuse_older_limit,
            headers=self._headers,
        )
        paths = OpenAiPaths(scene, FLAVOUR, rules)
        self.routes: dict[tuple[str, str], Handler] = {
            ("GET", "/openai/models"): self._models,
            ("GET", f"{UNDATED}/models"): self._models,
        }
        for question, handler in zip(QUESTIONS, (paths.chat, paths.completions, paths.embeddings), strict=True):
            self.routes["POST", DATED + question] = self._dated(handler)
            self.routes["POST", UNDATED + question] = self._undated(handler)
        self.prefixes: tuple[tuple[str, Handler], ...] = ()
        self.inference = frozenset(path for method, path in self.routes if method == "POST")

    def place(self, path: str) -> tuple[str, str]:
        before = DATED.removesuffix("{model}")
        for question in QUESTIONS:
            if path.startswith(before) and path.endswith(question):
                named = path[len(before) : -len(question)]
                if named and "/" not in named:
                    return DATED + question, named
        return path, ""

    def guarded(self, path: str) -> bool:
        return path.startswith("/openai/")

    def refuse(self, request: Request, refused: Refused) -> Reply:
        code, message = WORDS.get(refused.why, (refused.code or str(refused.status), refused.message))
        error: dict[str, Any] = {"code": code, "message": message}
        if refused.status == 400:
            error |= {"type": "invalid_request_error", "param": refused.param, "code": refused.code}
        return json_reply({"error": error}, refused.status, self._headers(request))

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        error = {"message": "The server had an error while processing your request.", "type": "server_error"}
        return frame({"error": {**error, "param": None, "code": None}}) + DONE

    def _dated(self, handler: Handler) -> Handler:
        def answer(request: Request) -> Answer:
            self._check_key(request)
            if not request.parameters.get("api-version"):
                raise Refused(404, "", why="no version")
            request.fields = {**request.fields, "model": request.named}
            return handler(request)

        return answer

    def _undated(self, handler: Handler) -> Handler:
        def answer(request: Request) -> Answer:
            self._check_key(request)
            version = request.parameters.get("api-version", "")
            if version not in VERSIONS:
                raise Refused(400, f"API version {version} is not supported here.", param="api-version")
            return handler(request)

        return answer

    def _check_key(self, request: Request) -> None:
        """A key in another header is none."""
        if self._scene.options.keys and not any(name == b"api-key" for name, _ in request.headers):
            raise Refused(401, "", why="no key")

    def _check_model(self, model: str) -> None:
        if not self._scene.options.accepts(model):
            raise Refused(404, "", why="no model")

    def _headers(self, request: Request) -> bytes:
        return header_lines({"x-ms-region": "Simulated", "apim-request-id": seed_of(self._scene, request)})

    def _models(self, request: Request) -> Answer:
        self._check_key(request)
        cards = [{"id": model, "object": "model", "status": "succeeded"} for model in self._scene.options.listed()]
        return json_reply({"object": "list", "data": cards})
