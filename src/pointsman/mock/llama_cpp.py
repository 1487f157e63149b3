"""The ``llama-cpp`` kind: llama.cpp's llama-server, OpenAI's paths and its own, with timings in every answer.

With one model it answers to any name, as the real one does; with several it behaves as its router mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import Asked, fields_of, least_tokens, read_stop, whole
from pointsman.mock.chat import DONE, HOLE, around_hole, frame
from pointsman.mock.flavour import Flavour, Work
from pointsman.mock.message import SSE, Answer, Refused, Reply, Request, Stream, encode, json_reply
from pointsman.mock.openai_paths import OpenAiPaths, Rules, seed_of
from pointsman.mock.parameters import parameters_of
from pointsman.mock.rerank import Reranking
from pointsman.mock.said import say
from pointsman.mock.words import estimate, token_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.kind import Handler, Scene

MODELS = ("qwen2.5-7b-instruct-q4_k_m.gguf",)
CONTEXT_LENGTH = 8192
EMBEDDING_SIZE = 768
TRAINED = 32_768
PARAMETERS = 7_615_616_512
SLOTS = 4
METRICS = b"text/plain; version=0.0.4"
BUILD = "b6500-5c0ffee1"

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    501: "not_supported_error",
    503: "unavailable_error",
}
MESSAGES = {"no key": "Invalid API Key", "wrong key": "Invalid API Key", "unknown path": "File Not Found"}
OPEN = frozenset(("/health", "/v1/health", "/models", "/v1/models", "/"))


class LlamaCpp:
    server = b"server: llama.cpp\r\n"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        options = scene.options
        self._context_length = options.context_length or CONTEXT_LENGTH
        flavour = Flavour(
            ident=lambda prefix, seed: f"{prefix}-{seed}",
            common={"system_fingerprint": BUILD},
            first_content=None,
            extras=self._timings,
        )
        rules = Rules(
            model=self._check_model,
            context_length=self._context_length,
            embedding_size=options.embedding_size or EMBEDDING_SIZE,
            ranges={},
            usual_limit=None,
            continues=True,
            stream_options_alone=True,
        )
        paths = OpenAiPaths(scene, flavour, rules)
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/embeddings"): paths.embeddings,
            ("POST", "/completion"): self._completion,
            ("POST", "/tokenize"): _tokenize,
            ("GET", "/props"): self._props,
            ("GET", "/slots"): self._slots,
            ("GET", "/metrics"): self._metrics,
        }
        for prefix in ("", "/v1"):
            self.routes[("POST", f"{prefix}/chat/completions")] = paths.chat
            self.routes[("POST", f"{prefix}/completions")] = paths.completions
            for path in ("/rerank", "/reranking"):
                self.routes[("POST", prefix + path)] = Reranking(scene, rules).llama_cpp
            self.routes[("GET", f"{prefix}/models")] = self._models
            self.routes[("GET", f"{prefix}/health")] = _healthy
        self.prefixes: tuple[tuple[str, Handler], ...] = ()
        self.inference = frozenset(path for method, path in self.routes if method == "POST") - {"/tokenize"}

    def place(self, path: str) -> tuple[str, str]:
        return path, ""

    def guarded(self, path: str) -> bool:
        return path not in OPEN

    def refuse(self, request: Request, refused: Refused) -> Reply:
        del request
        status, message = refused.status, MESSAGES.get(refused.why, refused.message)
        if refused.why == "wrong method":  # its router knows paths by method: a wrong one is not found
            status, message = 404, MESSAGES["unknown path"]
        error: dict[str, Any] = {
            "code": status,
            "message": message,
            "type": TYPES.get(status, "server_error"),
        }
        if refused.why.startswith("overflow:"):
            _, tokens, size = refused.why.split(":")
            error |= {"type": "exceed_context_size_error", "n_prompt_tokens": int(tokens), "n_ctx": int(size)}
        return json_reply({"error": error}, status)

    def broken(self, request: Request, style: str) -> bytes:
        """Since autumn 2025 a data frame that ends the stream; builds before it sent a field of their own."""
        error = {"code": 500, "message": "simulated fault: the slot failed", "type": "server_error"}
        if style == "old":
            end = b"" if request.path == "/completion" else DONE
            return b"error: %b\n\n" % encode(error) + end
        return frame({"error": error})

    def _check_model(self, model: str) -> None:
        options = self._scene.options
        if len(options.models) > 1 and not options.accepts(model):
            raise Refused(400, f"model '{model}' not found", why="no model")

    def _timings(self, work: Work) -> dict[str, Any]:
        return {"timings": self._measured(work.asked.prompt_tokens, work.completion_tokens)}

    def _measured(self, prompt: int, predicted: int) -> dict[str, Any]:
        """What the pace set by the options comes to, not a measurement."""
        prompt_ms = max(self._scene.options.latency_ms, 0.1)
        predicted_ms = max(self._scene.options.step * predicted * 1000, 0.1)
        return {
            "cache_n": 0,
            "prompt_n": prompt,
            "prompt_ms": prompt_ms,
            "prompt_per_token_ms": prompt_ms / max(prompt, 1),
            "prompt_per_second": prompt * 1000 / prompt_ms,
            "predicted_n": predicted,
            "predicted_ms": predicted_ms,
            "predicted_per_token_ms": predicted_ms / max(predicted, 1),
            "predicted_per_second": predicted * 1000 / predicted_ms,
        }

    def _completion(self, request: Request) -> Answer:
        """llama.cpp's own path: no end mark, the last frame says ``stop: true``."""
        fields = fields_of(request)
        prompt = fields.get("prompt")
        if not isinstance(prompt, str):
            raise Refused(400, '"prompt" is a string')
        model = next(iter(self._scene.options.listed()), "")
        limit = whole(fields.get("n_predict", fields.get("max_tokens", -1)))
        limit = None if limit is None or limit < 0 else limit
        asked = Asked(
            model=model,
            prompt=prompt,
            prompt_tokens=estimate(prompt),
            limit=limit,
            least=least_tokens(fields, limit),
            stop=read_stop(fields.get("stop")),
            stream=fields.get("stream") is True,
        )
        work = Work(seed_of(self._scene, request), int(self._scene.clock()), asked, say(self._speaker, asked))
        if not asked.stream:
            return json_reply(self._last(work, work.said[0].text), tokens=work.completion_tokens, slow=True)
        return Stream(SSE, self._parts(work), closing=frame(self._last(work, "")))

    @property
    def _speaker(self) -> str:
        return self._scene.options.speaker

    def _parts(self, work: Work) -> Iterator[bytes]:
        part = {"index": 0, "content": HOLE, "tokens": [], "stop": False, "id_slot": 0}
        before, after = around_hole({**part, "tokens_evaluated": work.asked.prompt_tokens})
        return (b"%b%b%b" % (before, encode(token), after) for token in work.said[0].tokens)

    def _last(self, work: Work, content: str) -> dict[str, Any]:
        said = work.said[0]
        how = "limit" if said.finish == "length" else "word" if said.stopped_by else "eos"
        return {
            "index": 0,
            "content": content,
            "tokens": [],
            "id_slot": 0,
            "stop": True,
            "model": work.asked.model,
            "tokens_predicted": work.completion_tokens,
            "tokens_evaluated": work.asked.prompt_tokens,
            "generation_settings": {"n_predict": -1 if work.asked.limit is None else work.asked.limit},
            "prompt": work.asked.prompt,
            "has_new_line": False,
            "truncated": False,
            "stop_type": how,
            "stopping_word": said.stopped_by or "",
            "tokens_cached": work.asked.prompt_tokens + work.completion_tokens,
            **self._timings(work),
        }

    def _models(self, _request: Request) -> Answer:
        return json_reply({"object": "list", "data": [self._card(model) for model in self._scene.options.listed()]})

    def _card(self, model: str) -> dict[str, Any]:
        meta = {
            "vocab_type": 2,
            "n_vocab": 152_064,
            "n_ctx": self._context_length,
            "n_ctx_train": max(TRAINED, self._context_length),
            "n_embd": 3584,
            "n_params": parameters_of(model, self._scene.options.parameters, PARAMETERS),
            "size": 4_677_120_000,
        }
        created = int(self._scene.clock())
        return {"id": model, "object": "model", "created": created, "owned_by": "llamacpp", "meta": meta}

    def _props(self, _request: Request) -> Answer:
        model = next(iter(self._scene.options.listed()), "")
        settings = {
            "id": 0,
            "n_ctx": self._context_length,
            "is_processing": False,
            "params": {"n_predict": -1},
        }
        return json_reply(
            {
                "default_generation_settings": settings,
                "total_slots": SLOTS,
                "model_path": f"models/{model}",
                "chat_template": "{{ messages }}",
                "modalities": {"vision": False, "audio": False},
                "build_info": BUILD,
            }
        )

    def _slots(self, request: Request) -> Answer:
        """Busy slots are answers under way, without this one."""
        busy = min(max(self._scene.ledger.in_flight - 1, 0), SLOTS)
        if request.parameters.get("fail_on_no_slot") and busy == SLOTS:
            raise Refused(503, "no slot available")
        return json_reply(
            [{"id": slot, "n_ctx": self._context_length, "is_processing": slot < busy} for slot in range(SLOTS)]
        )

    def _metrics(self, _request: Request) -> Answer:
        """As it answers where it was started with ``--metrics``. Who finds no free slot is deferred."""
        ledger = self._scene.ledger
        under_way = max(ledger.in_flight - 1, 0)
        busy = min(under_way, SLOTS)
        lines: list[str] = []
        for name, kind, value in (
            ("tokens_predicted_total", "counter", ledger.tokens_sent),
            ("requests_processing", "gauge", busy),
            ("requests_deferred", "gauge", under_way - busy),
        ):
            lines += [f"# TYPE llamacpp:{name} {kind}", f"llamacpp:{name} {value}"]
        return Reply("\n".join([*lines, ""]).encode(), content_type=METRICS)


def _healthy(_request: Request) -> Answer:
    return json_reply({"status": "ok"})


def _tokenize(request: Request) -> Answer:
    content = fields_of(request).get("content", "")
    return json_reply({"tokens": token_ids(content if isinstance(content, str) else "")})
