"""Bedrock's paths, its errors by their names, and whose requests are let in."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from pointsman.mock.bedrock.answers import converse_reply, converse_stream
from pointsman.mock.bedrock.embeddings import invoke_reply
from pointsman.mock.bedrock.frames import exception
from pointsman.mock.bedrock.read import Conversed, invalid, read_converse
from pointsman.mock.bedrock.signatures import proves
from pointsman.mock.flavour import Work
from pointsman.mock.message import Answer, Refused, Reply, Request, header_lines, json_reply
from pointsman.mock.openai_paths import seed_of
from pointsman.mock.said import say

if TYPE_CHECKING:
    from pointsman.mock.kind import Handler, Scene

MODELS = ("anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0")
CONTEXT_LENGTH = 200_000
EMBEDDING_SIZE = 1024

CONVERSE, STREAM, INVOKE = "/model/{model}/converse", "/model/{model}/converse-stream", "/model/{model}/invoke"
BEGINNING = "/model/"

TYPES = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    405: "UnknownOperationException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
"""What Bedrock calls an error, unless it has a name of its own."""

NAMES = {
    "no key": (403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "wrong key": (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
    "bad signature": (
        403,
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
    ),
    "not json": (400, "SerializationException", "The request's body is not JSON"),
    "unknown path": (404, "UnknownOperationException", "Unknown operation"),
    "wrong method": (404, "UnknownOperationException", "Unknown operation"),
}
"""Why a request is not heard -> status, name, sentence."""


class Bedrock:
    server = b""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._context_length = scene.options.context_length or CONTEXT_LENGTH
        self._size = scene.options.embedding_size or EMBEDDING_SIZE
        self._cached: set[bytes] = set()
        scene.ledger.proves = proves
        self.routes: dict[tuple[str, str], Handler] = {
            ("POST", CONVERSE): self._converse,
            ("POST", STREAM): self._stream,
            ("POST", INVOKE): self._invoke,
        }
        self.prefixes: tuple[tuple[str, Handler], ...] = ()
        self.inference = frozenset((CONVERSE, STREAM, INVOKE))

    def place(self, path: str) -> tuple[str, str]:
        """A model's name may have slashes: what stands behind the last one is asked of it."""
        named, slash, question = path.removeprefix(BEGINNING).rpartition("/")
        route = f"{BEGINNING}{{model}}/{question}"
        if path.startswith(BEGINNING) and slash and named and route in self.inference:
            return route, named
        return path, ""

    def guarded(self, path: str) -> bool:
        return path.startswith(BEGINNING)

    def refuse(self, request: Request, refused: Refused) -> Reply:
        usual = "InternalServerException" if refused.status >= 500 else "ValidationException"
        name = refused.code if (refused.code or "").endswith("Exception") else TYPES.get(refused.status, usual)
        told = NAMES.get(refused.why, (refused.status, name, refused.message))
        lines = {"x-amzn-requestid": self._ident(request), "x-amzn-errortype": f"{told[1]}:http://internal.amazon.com/"}
        return json_reply({"message": told[2]}, told[0], header_lines(lines))

    def broken(self, request: Request, style: str) -> bytes:
        del request, style
        return exception("internalServerException", {"message": "The system encountered an unexpected error."})

    def _converse(self, request: Request) -> Answer:
        if request.fields.get("stream") is False:  # the word of the fault `plain`, whichever path was asked
            request.fields = {name: value for name, value in request.fields.items() if name != "stream"}
        read, work, cache = self._work(request, stream=False)
        return converse_reply(work, cache, self._headers(request), thinks=read.thinks)

    def _stream(self, request: Request) -> Answer:
        if request.fields.get("stream") is False:
            return self._converse(request)
        read, work, cache = self._work(request, stream=True)
        return converse_stream(work, cache, self._headers(request), thinks=read.thinks)

    def _invoke(self, request: Request) -> Answer:
        self._check_model(request.named)
        return invoke_reply(request, self._size)

    def _work(self, request: Request, *, stream: bool) -> tuple[Conversed, Work, dict[str, int]]:
        self._check_model(request.named)
        read = read_converse(request, self._context_length, stream=stream)
        said = say(self._scene.options.speaker, read.asked)
        work = Work(seed_of(self._scene, request), int(self._scene.clock()), read.asked, said)
        return read, work, self._cache(read)

    def _check_model(self, model: str) -> None:
        if not self._scene.options.accepts(model):
            raise invalid("The provided model identifier is invalid.")

    def _cache(self, read: Conversed) -> dict[str, int]:
        """What is marked for the cache is written there the first time, and read from then on."""
        asked = read.asked
        mark = sha256(f"{asked.model}\0{read.cached}\0{asked.prompt[: 4 * read.cached]}".encode()).digest()
        known = read.cached > 0 and mark in self._cached
        if read.cached:
            self._cached.add(mark)
        written, found = (0, read.cached) if known else (read.cached, 0)
        return {"cacheReadInputTokens": found, "cacheWriteInputTokens": written}

    def _ident(self, request: Request) -> str:
        seed = seed_of(self._scene, request)
        return f"{seed[:8]}-{seed[8:12]}-4{seed[13:16]}-8{seed[17:20]}-{seed[20:32]}"

    def _headers(self, request: Request) -> bytes:
        return header_lines({"x-amzn-requestid": self._ident(request)})
