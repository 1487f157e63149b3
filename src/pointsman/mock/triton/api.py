"""Triton's paths: models in a repository that are ready or not, what is asked of them, and its one shape of errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import fields_of
from pointsman.mock.chat import frame
from pointsman.mock.flavour import Work
from pointsman.mock.message import SSE, Answer, Refused, Reply, Request, json_reply
from pointsman.mock.openai_paths import seed_of
from pointsman.mock.said import say
from pointsman.mock.triton.generate import streamed_reply, whole_reply
from pointsman.mock.triton.inputs import FAILED, Generate, read_generate
from pointsman.mock.triton.tensors import embedding_reply, read_inputs, text_reply

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = ("ensemble", "vllm_model", "embedder")
CONTEXT_LENGTH = 8192
EMBEDDING_SIZE = 384
VERSION = "2.61.0"
EXTENSIONS = ("model_repository", "schedule_policy", "model_configuration", "statistics", "parameters", "generate")

MESSAGES = {
    "unknown path": "Not Found",
    "wrong method": "Method Not Allowed",
    "not json": "failed to parse the request JSON buffer: Invalid value. at 0",
}
MODEL, REPOSITORY = "/v2/models/{model}", "/v2/repository/models/{model}"
WORK = ("/generate", "/generate_stream", "/infer", "/embeddings")
"""Where a model works. Without a model before it: where a proxy may have put the one that is behind it."""

_OF_MODEL = re.compile(r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?(?P<end>/[a-z_]+)?")
_OF_REPOSITORY = re.compile(r"/v2/repository/models/(?P<model>[^/]+)(?P<end>/load|/unload)")


class Triton:
    server = b""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._unloaded: set[str] = set()
        self._context_length = scene.options.context_length or CONTEXT_LENGTH
        self._size = scene.options.embedding_size or EMBEDDING_SIZE
        metadata = {"name": "triton", "version": VERSION, "extensions": EXTENSIONS}
        self.routes: dict[tuple[str, str], Handler] = {
            ("GET", "/v2"): lambda _request: json_reply(metadata),
            ("GET", "/v2/health/live"): lambda _request: Reply(b""),
            ("GET", "/v2/health/ready"): lambda _request: Reply(b""),
            ("POST", "/v2/repository/index"): self._index,
            ("POST", f"{REPOSITORY}/load"): self._load,
            ("POST", f"{REPOSITORY}/unload"): self._load,
            ("GET", MODEL): self._about,
            ("GET", f"{MODEL}/ready"): self._ready,
        }
        for beginning in ("", MODEL):
            self.routes[("POST", f"{beginning}/generate")] = self._generate
            self.routes[("POST", f"{beginning}/generate_stream")] = self._generate
            self.routes[("POST", f"{beginning}/infer")] = self._infer
        self.routes[("POST", "/embeddings")] = self._infer
        self.prefixes: tuple[tuple[str, Handler], ...] = ()
        self.inference = frozenset(path for _, path in self.routes if path.endswith(WORK))

    def place(self, path: str) -> tuple[str, str]:
        """A model's version is no part of the route."""
        for pattern, beginning in ((_OF_MODEL, MODEL), (_OF_REPOSITORY, REPOSITORY)):
            found = pattern.fullmatch(path)
            if found is not None:
                return f"{beginning}{found['end'] or ''}", found["model"]
        return path, ""

    def guarded(self, path: str) -> bool:
        """Triton knows no keys; a proxy before it does."""
        return not path.startswith("/v2/health/")

    def refuse(self, request: Request, refused: Refused) -> Reply:
        if refused.why == "loading" and request.path.endswith("/ready"):
            return Reply(b"", 400)
        error = {"error": MESSAGES.get(refused.why, refused.message)}
        if refused.why == FAILED and request.path.endswith("_stream"):
            return Reply(frame(error), refused.status, SSE)
        return json_reply(error, refused.status)

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        return frame({"error": "simulated fault: an error inside the stream"})

    def _about(self, request: Request) -> Answer:
        model = self._model(request)
        return json_reply({"name": model, "versions": ["1"], "platform": "ensemble", "inputs": [], "outputs": []})

    def _ready(self, request: Request) -> Answer:
        try:
            self._model(request)
        except Refused:
            return Reply(b"", 400)
        return Reply(b"")

    def _index(self, request: Request) -> Answer:
        """All of the repository, or what is ready of it. A body there need not be."""
        only = request.fields.get("ready") is True
        told: list[dict[str, Any]] = []
        for model in self._scene.options.listed():
            if model not in self._unloaded:
                told.append({"name": model, "version": "1", "state": "READY"})
            elif not only:
                told.append({"name": model, "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"})
        return json_reply(told)

    def _load(self, request: Request) -> Answer:
        if not self._scene.options.accepts(request.named):
            raise Refused(400, f"failed to load '{request.named}', no version is available")
        (self._unloaded.add if request.path.endswith("/unload") else self._unloaded.discard)(request.named)
        return Reply(b"")

    def _generate(self, request: Request) -> Answer:
        read = read_generate(fields_of(request), self._model(request), self._context_length)
        tell = streamed_reply if request.path.endswith("_stream") else whole_reply
        return tell(self._work(request, read), read)

    def _infer(self, request: Request) -> Answer:
        model, inputs = self._model(request), read_inputs(fields_of(request))
        if "text_input" not in inputs:
            return embedding_reply(model, next(iter(inputs.values())), self._size)
        fields = {name: data[0] if len(data) == 1 else data for name, data in inputs.items()}
        work = self._work(request, read_generate(fields, model, self._context_length))
        return text_reply(model, work.said[0].text, work.completion_tokens)

    def _work(self, request: Request, read: Generate) -> Work:
        said = say(self._scene.options.speaker, read.asked)
        return Work(seed_of(self._scene, request), int(self._scene.clock()), read.asked, said)

    def _model(self, request: Request) -> str:
        """The one of the path, or else the first; ready, and of the version that is asked for. Raises Refused."""
        options, found = self._scene.options, _OF_MODEL.fullmatch(request.path)
        model = request.named or next(iter(options.listed()), "model")
        if not options.accepts(model) or (found is not None and found["version"] not in (None, "1")):
            raise Refused(404, f"Request for unknown model: '{model}' is not found", why="no model")
        if model in self._unloaded:
            raise Refused(503, f"Request for unknown model: '{model}' has no available versions", why="no model")
        return model
