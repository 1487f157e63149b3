"""Ollama's paths: its own under /api, OpenAI's under /v1, and its two shapes of errors."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import fields_of, model_of
from pointsman.mock.chat import frame
from pointsman.mock.embeddings import read_dimensions, read_input
from pointsman.mock.flavour import Flavour
from pointsman.mock.message import NDJSON, TEXT, Answer, Refused, Reply, Request, Stream, encode, json_reply
from pointsman.mock.ollama.library import Library
from pointsman.mock.ollama.memory import Memory
from pointsman.mock.ollama.shapes import MODIFIED, NANO, capabilities, card, details, full_name, running
from pointsman.mock.ollama.talk import Talk
from pointsman.mock.openai_paths import OpenAiPaths, Rules
from pointsman.mock.parameters import parameters_of
from pointsman.mock.vectors import embed
from pointsman.mock.words import estimate

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = ("llama3.2:latest", "qwen2.5:7b", "nomic-embed-text:latest")
CONTEXT_LENGTH, TRAINED = 4096, 131_072
EMBEDDING_SIZE = 768
PARAMETERS = 3_212_749_888
VERSION = "0.12.3"
CREATED = 1_756_728_000

FLAVOUR = Flavour(
    ident=lambda prefix, seed: f"{prefix}-{zlib.crc32(seed.encode()) % 999 + 1}",
    common={"system_fingerprint": "fp_ollama"},
    delta_role=True,
    whole_tool_calls=True,
)

TYPES = {400: "invalid_request_error", 404: "not_found_error"}
INFERENCE = frozenset(("/api/chat", "/api/generate", "/api/embed", "/api/embeddings")) | {
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
}


class Ollama:
    server = b""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._library = Library(scene.options.models)
        self._memory = Memory(scene.clock)
        self._context_length = scene.options.context_length or CONTEXT_LENGTH
        self._talk = Talk(scene, self._library, self._memory, self._context_length)
        self._size = scene.options.embedding_size or EMBEDDING_SIZE
        rules = Rules(
            model=lambda _model: None,
            context_length=self._context_length,
            embedding_size=self._size,
            ranges={},
            usual_limit=None,
            truncates=True,
            continues=True,
            stream_options_alone=True,
            fields=self._talk.load,
        )
        paths = OpenAiPaths(scene, FLAVOUR, rules)
        self.routes: dict[tuple[str, str], Handler] = {
            ("GET", "/"): lambda _request: Reply(b"Ollama is running", content_type=TEXT),
            ("GET", "/api/version"): lambda _request: json_reply({"version": VERSION}),
            ("GET", "/api/tags"): self._tags,
            ("GET", "/api/ps"): self._running,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/pull"): self._pull,
            ("DELETE", "/api/delete"): self._delete,
            ("POST", "/api/chat"): self._talk.chat,
            ("POST", "/api/generate"): self._talk.generate,
            ("POST", "/api/embed"): self._embed,
            ("POST", "/api/embeddings"): self._embed_one,
            ("POST", "/v1/chat/completions"): paths.chat,
            ("POST", "/v1/completions"): paths.completions,
            ("POST", "/v1/embeddings"): paths.embeddings,
            ("GET", "/v1/models"): self._models,
        }
        self.prefixes: tuple[tuple[str, Handler], ...] = (("/v1/models/", self._model),)
        self.inference = INFERENCE

    def place(self, path: str) -> tuple[str, str]:
        return path, ""

    def guarded(self, path: str) -> bool:
        return path != "/"

    def refuse(self, request: Request, refused: Refused) -> Reply:
        status, message = refused.status, refused.message
        if refused.why == "unknown path":
            return Reply(b"404 page not found", 404, TEXT)
        if refused.why == "wrong method":
            return Reply(b"405 method not allowed", 405, TEXT)
        if refused.why in ("no key", "wrong key"):
            message = "unauthorized"
        if not request.path.startswith("/v1/"):
            return json_reply({"error": message}, status)
        return json_reply({"error": _openai_error(message, status)}, status)

    def broken(self, request: Request, style: str) -> bytes:
        """On its own paths an error is one more line; the stream ends there, without a last line."""
        del style
        message = "an error was encountered while running the model: simulated fault"
        if request.path.startswith("/v1/"):
            return frame({"error": _openai_error(message, 500)})
        return encode({"error": message}) + b"\n"

    def _tags(self, _request: Request) -> Answer:
        return json_reply({"models": [card(model, self._parameters(model)) for model in self._library.listed()]})

    def _running(self, _request: Request) -> Answer:
        loaded, size = self._memory.loaded(), self._context_length
        cards = [running(model, self._parameters(model), until, size) for model, until in loaded.items()]
        return json_reply({"models": cards})

    def _pull(self, request: Request) -> Answer:
        model = _named(request)
        self._library.pull(model)
        if fields_of(request).get("stream") is False:
            return json_reply({"status": "success"})
        lines = [encode({"status": status}) + b"\n" for status in ("pulling manifest", "verifying sha256 digest")]
        return Stream(NDJSON, iter(lines), closing=encode({"status": "success"}) + b"\n")

    def _delete(self, request: Request) -> Answer:
        model = _named(request)
        if not self._library.delete(model):
            raise Refused(404, f"model '{model}' not found")
        self._memory.use(full_name(model), 0)
        return Reply(b"")

    def _parameters(self, model: str) -> int:
        return parameters_of(model, self._scene.options.parameters, PARAMETERS)

    def _show(self, request: Request) -> Answer:
        model = _named(request)
        if not self._library.serves(model):
            raise Refused(404, f"model '{model}' not found")
        parameters = self._parameters(model)
        family = details(model, parameters)["family"]
        return json_reply(
            {
                "modelfile": f"FROM {full_name(model)}",
                "parameters": f"num_ctx {self._context_length}",
                "template": "{{ .Prompt }}",
                "details": details(model, parameters),
                "model_info": {
                    "general.architecture": family,
                    "general.parameter_count": parameters,
                    f"{family}.context_length": max(TRAINED, self._context_length),
                    f"{family}.embedding_length": self._size,
                },
                "capabilities": capabilities(model),
                "modified_at": MODIFIED,
            }
        )

    def _embed(self, request: Request) -> Answer:
        fields = fields_of(request)
        wait = self._talk.load(fields)
        given = fields.get("input")
        texts = read_input(given) if given not in (None, "", []) else []
        dimensions = read_dimensions(fields.get("dimensions"), self._size)
        told = {
            "model": model_of(fields),
            "embeddings": [embed(text, self._size, dimensions) for text in texts],
            "total_duration": int(wait * NANO) + 1_000_000,
            "load_duration": int(wait * NANO) + 500_000,
            "prompt_eval_count": sum(map(estimate, texts)),
        }
        return Reply(encode(told), slow=True, wait=wait)

    def _embed_one(self, request: Request) -> Answer:
        """The older path: one prompt, one vector."""
        fields = fields_of(request)
        wait = self._talk.load(fields)
        prompt = fields.get("prompt")
        vector = embed(prompt, self._size) if isinstance(prompt, str) and prompt else []
        return Reply(encode({"embedding": vector}), slow=True, wait=wait)

    def _models(self, _request: Request) -> Answer:
        cards = [_card(model) for model in self._library.listed()]
        return json_reply({"object": "list", "data": cards})

    def _model(self, request: Request) -> Answer:
        model = request.path.removeprefix("/v1/models/")
        if not self._library.serves(model):
            raise Refused(404, f"model '{model}' not found")
        return json_reply(_card(model))


def _named(request: Request) -> str:
    """The model that a request is about; older clients call it ``name``. Raises Refused."""
    fields = fields_of(request)
    model = model_of(fields) or str(fields.get("name") or "")
    if not model:
        raise Refused(400, "model is required")
    return model


def _openai_error(message: str, status: int) -> dict[str, Any]:
    return {"message": message, "type": TYPES.get(status, "api_error"), "param": None, "code": None}


def _card(model: str) -> dict[str, Any]:
    return {"id": full_name(model), "object": "model", "created": CREATED, "owned_by": "library"}
