"""The ``vllm`` kind: vLLM's OpenAI-compatible server, with its own paths, error types and errors inside a stream.

It answers 200 and sends the head before the first token exists, so a failing engine shows as an error frame.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import fields_of, read_messages
from pointsman.mock.chat import DONE, frame
from pointsman.mock.flavour import Flavour
from pointsman.mock.message import TEXT, Answer, Refused, Reply, Request, json_reply
from pointsman.mock.openai_paths import OpenAiPaths, Rules
from pointsman.mock.rerank import Reranking
from pointsman.mock.words import token_ids

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = ("meta-llama/Llama-3.1-8B-Instruct",)
CONTEXT_LENGTH = 32_768
EMBEDDING_SIZE = 1024
VERSION = "0.11.0"
BATCH = 256
"""Sequences at a time: ``--max-num-seqs``."""

FLAVOUR = Flavour(
    ident=lambda prefix, seed: f"{prefix}-{seed}",
    whole={
        "service_tier": None,
        "system_fingerprint": None,
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "kv_transfer_params": None,
    },
    message={
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": [],
        "reasoning_content": None,
    },
    choice={"logprobs": None, "stop_reason": None, "token_ids": None},
    chunk_choice={"logprobs": None, "token_ids": None},
    details={"prompt_tokens_details": None},
    last_delta={"content": ""},
    eager=True,
    embedding_extras=lambda work: {"id": f"embd-{work.seed}", "created": work.created},
    embedding_details={"completion_tokens": 0, "prompt_tokens_details": None},
    named_finish="stop",
)

RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 10**9),
    "top_p": (0, 1),
    "n": (1, 128),
    "max_tokens": (1, 10**9),
    "max_completion_tokens": (1, 10**9),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}

TYPES = {400: "BadRequestError", 404: "NotFoundError", 500: "InternalServerError"}


class Vllm:
    server = b"server: uvicorn\r\n"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        options = scene.options
        self._context_length = options.context_length or CONTEXT_LENGTH
        rules = Rules(
            model=self._check_model,
            context_length=self._context_length,
            embedding_size=options.embedding_size or EMBEDDING_SIZE,
            ranges=RANGES,
        )
        paths = OpenAiPaths(scene, FLAVOUR, rules)
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/chat/completions"): paths.chat,
            ("POST", "/v1/completions"): paths.completions,
            ("POST", "/v1/embeddings"): paths.embeddings,
            **{("POST", f"{prefix}/rerank"): Reranking(scene, rules).vllm for prefix in ("", "/v1", "/v2")},
            ("POST", "/tokenize"): self._tokenize,
            ("GET", "/v1/models"): self._models,
            ("GET", "/health"): _healthy,
            ("GET", "/ping"): _healthy,
            ("GET", "/version"): _version,
            ("GET", "/load"): self._load,
            ("GET", "/metrics"): self._metrics,
        }
        self.prefixes: tuple[tuple[str, Handler], ...] = ()
        self.inference = frozenset(path for method, path in self.routes if method == "POST") - {"/tokenize"}

    def place(self, path: str) -> tuple[str, str]:
        return path, ""

    def guarded(self, path: str) -> bool:
        return path.startswith("/v1")

    def refuse(self, request: Request, refused: Refused) -> Reply:
        del request
        if refused.why in ("no key", "wrong key"):
            return json_reply({"error": "Unauthorized"}, 401)
        message, kind = refused.message, TYPES.get(refused.status)
        phrase = _phrase(refused.status)
        if refused.why in ("unknown path", "wrong method"):
            message, kind = phrase, phrase
        elif refused.why == "not json":
            kind = phrase
        return json_reply({"error": _error(message, kind or phrase, refused)}, refused.status)

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        refused = Refused(500, "EngineCore encountered an issue.")
        return frame({"error": _error(refused.message, "InternalServerError", refused)}) + DONE

    def _check_model(self, model: str) -> None:
        # vLLM takes a missing name for its first model
        if model and not self._scene.options.accepts(model):
            raise Refused(404, f"The model `{model}` does not exist.", param="model", why="no model")

    def _models(self, _request: Request) -> Answer:
        cards = [self._card(model) for model in self._scene.options.listed()]
        return json_reply({"object": "list", "data": cards})

    def _card(self, model: str) -> dict[str, Any]:
        permission = {
            "id": "modelperm-simulated",
            "object": "model_permission",
            "created": int(self._scene.clock()),
            "allow_create_engine": False,
            "allow_sampling": True,
            "allow_logprobs": True,
            "allow_search_indices": False,
            "allow_view": True,
            "allow_fine_tuning": False,
            "organization": "*",
            "group": None,
            "is_blocking": False,
        }
        return {
            "id": model,
            "object": "model",
            "created": int(self._scene.clock()),
            "owned_by": "vllm",
            "root": model,
            "parent": None,
            "max_model_len": self._context_length,
            "permission": [permission],
        }

    def _tokenize(self, request: Request) -> Answer:
        fields = fields_of(request)
        messages, prompt = fields.get("messages"), fields.get("prompt")
        if isinstance(messages, list):
            prompt = read_messages(messages)[0]
        if not isinstance(prompt, str):
            raise Refused(400, "'prompt' or 'messages' is needed.", param="prompt")
        ids = token_ids(prompt)
        return json_reply({"count": len(ids), "max_model_len": self._context_length, "tokens": ids, "token_strs": None})

    def _load(self, _request: Request) -> Answer:
        return json_reply({"server_load": max(self._scene.ledger.in_flight - 1, 0)})

    def _metrics(self, _request: Request) -> Answer:
        """Running does not count this very request. What does not fit into a batch waits."""
        ledger = self._scene.ledger
        under_way = max(ledger.in_flight - 1, 0)
        running = min(under_way, BATCH)
        model = next(iter(self._scene.options.listed()), "")
        lines: list[str] = []
        for name, kind, value in (
            ("num_requests_running", "gauge", running),
            ("num_requests_waiting", "gauge", under_way - running),
            ("kv_cache_usage_perc", "gauge", 0),
            ("generation_tokens_total", "counter", ledger.tokens_sent),
        ):
            lines.append(f"# TYPE vllm:{name} {kind}")
            lines.append(f'vllm:{name}{{engine="0",model_name="{model}"}} {float(value)}')
        return Reply("\n".join([*lines, ""]).encode(), content_type=TEXT)


def _healthy(_request: Request) -> Answer:
    return Reply(b"")


def _version(_request: Request) -> Answer:
    return json_reply({"version": VERSION})


def _error(message: str, kind: str, refused: Refused) -> dict[str, Any]:
    return {"message": message, "type": kind, "param": refused.param, "code": refused.status}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
