"""What Ollama tells of itself, told of Pointsman: its models, what they can, which are in memory, and a release.

Told is what is known here. What is not is empty or 0, as Ollama has it where it knows nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pointsman.errors import InvalidBody, ModelNotFound, NotManaged, PayloadTooLarge
from pointsman.fronts.ollama.names import meant
from pointsman.gateway.catalogue import entry
from pointsman.gateway.endpoints import names_of
from pointsman.gateway.gateway import Gateway
from pointsman.model.decision import Pool
from pointsman.routing.topology import Topology

RELEASE = "0.12.11"
"""Of Ollama: the one whose API this is. Clients ask for no older ones."""

NEVER, ALWAYS = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
"""When a model was changed, and until when it is in memory, where nobody knows: Ollama's clients show them so."""

FAMILY = "pointsman"
"""Stands before the names of figures, where Ollama has a model's architecture."""

MANAGED = {
    "/api/pull": ["POST"],
    "/api/push": ["POST"],
    "/api/create": ["POST"],
    "/api/copy": ["POST"],
    "/api/delete": ["DELETE"],
    "/api/blobs/{digest}": ["HEAD", "POST"],
}
"""Paths at which Ollama's models are changed."""

LONGEST_ASKED = 64 * 1024
"""Bytes of a question about a model."""

_encode = msgspec.json.Encoder().encode


class _Asked(msgspec.Struct, gc=False):
    """Older clients say ``name``."""

    model: str = ""
    name: str = ""


_decode_asked = msgspec.json.Decoder(_Asked).decode


class OllamaApi:
    """One method a path; all but the first need the key."""

    def __init__(self, gateway: Gateway) -> None:
        self._inference = gateway.inference
        self._runtime = gateway.inference.runtime

    async def root(self, http: HttpRequest) -> Response:
        """What Ollama's clients look for; people are shown the page."""
        if "text/html" in http.headers.get("accept", ""):
            return RedirectResponse("/ui")
        return Response("Ollama is running", media_type="text/plain")

    async def version(self, http: HttpRequest) -> Response:
        self._admit(http)
        return _json({"version": RELEASE})

    async def tags(self, http: HttpRequest) -> Response:
        self._admit(http)
        topology = self._runtime.topology
        cards = [_card(topology, name, _pool(topology, name)) for name in names_of(topology)]
        return _json({"models": [{**card, "modified_at": NEVER} for card in cards]})

    async def running(self, http: HttpRequest) -> Response:
        """Models that some server is known to hold in memory."""
        self._admit(http)
        topology, board = self._runtime.topology, self._runtime.board
        pools = {name: _pool(topology, name) for name in topology.public_names}
        with board.lock:
            warm = {name: pool for name, pool in pools.items() if any(board.warm(d) for d in pool)}
        told = [
            {**_card(topology, name, pool), "expires_at": ALWAYS, "size_vram": 0, **_context(topology, name)}
            for name, pool in warm.items()
        ]
        return _json({"models": told})

    async def show(self, http: HttpRequest) -> Response:
        self._admit(http)
        topology, asked = self._runtime.topology, await _named(http)
        listed = names_of(topology)
        name = meant(asked, lambda name: name in listed or topology.serves(name))
        pool = _pool(topology, name)
        if not pool and name not in listed:
            raise ModelNotFound(f"model {name[:200]!r} not found", param="model")
        size, known = topology.size_of(name), entry(name, topology)
        info: dict[str, Any] = {"general.architecture": FAMILY, "general.basename": name}
        if size is not None:
            info["general.parameter_count"] = int(size.billions * 1e9)
        if "context_length" in known:
            info[f"{FAMILY}.context_length"] = known["context_length"]
        shown = {
            "modelfile": "",
            "parameters": "",
            "template": "",
            "details": _details(topology, name),
            "model_info": info,
            "capabilities": _capabilities(pool, known),
            "modified_at": NEVER,
        }
        return _json(shown)

    async def manage(self, http: HttpRequest) -> Response:
        """Models are changed where they are."""
        self._admit(http)
        raise NotManaged("Pointsman routes to models and does not manage them; ask the server that has them")

    def _admit(self, http: HttpRequest) -> None:
        self._inference.keys.check(dict(http.headers.raw))


def ollama_routes(gateway: Gateway) -> list[BaseRoute]:
    """What is asked of models at Ollama's other paths is the lane's."""
    api = OllamaApi(gateway)
    return [
        Route("/", api.root, methods=["GET"]),
        Route("/api/version", api.version, methods=["GET"]),
        Route("/api/tags", api.tags, methods=["GET"]),
        Route("/api/ps", api.running, methods=["GET"]),
        Route("/api/show", api.show, methods=["POST"]),
        *[Route(path, api.manage, methods=methods) for path, methods in MANAGED.items()],
    ]


async def _named(http: HttpRequest) -> str:
    """The model that is asked about. Raises InvalidBody or PayloadTooLarge."""
    body = bytearray()
    async for part in http.stream():
        body += part
        if len(body) > LONGEST_ASKED:
            raise PayloadTooLarge("the request body is too large")
    try:
        asked = _decode_asked(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidBody("the request body must be an object with the name of a model", param="model") from None
    if not (asked.model or asked.name):
        raise InvalidBody("the request body names no model", param="model")
    return asked.model or asked.name


def _pool(topology: Topology, name: str) -> Pool:
    """Who serves a name: those it is configured for, else who takes any."""
    found = topology.named(name) or topology.groups.get(name, ())
    if found or topology.serves(name) or topology.default_provider is None:
        return found
    return topology.bound(topology.default_provider, name)


def _card(topology: Topology, name: str, pool: Pool) -> dict[str, Any]:
    """The digest is one of who serves the name: another when that changes. Clients cut pieces out of it."""
    digest = sha256("\n".join((name, *sorted(d.id for d in pool))).encode("utf-8", "surrogatepass")).hexdigest()
    return {"name": name, "model": name, "size": 0, "digest": digest, "details": _details(topology, name)}


def _details(topology: Topology, name: str) -> dict[str, Any]:
    size = topology.size_of(name)
    return {
        "parent_model": "",
        "format": "",
        "family": "",
        "families": [],
        "parameter_size": f"{size.billions:g}B" if size is not None else "",
        "quantization_level": "",
    }


def _context(topology: Topology, name: str) -> dict[str, int]:
    return {"context_length": entry(name, topology).get("context_length", 0)}


def _capabilities(pool: Pool, known: dict[str, Any]) -> list[str]:
    """Clients offer tools and images only where they are told of: tools unless all are known to take none, images and
    thinking if somebody is known to.
    """
    if pool and all(d.info.get("mode") == "embedding" for d in pool):
        return ["embedding"]
    takes = known.get("capabilities", {})
    can = {
        "completion": True,
        "tools": takes.get("function_calling") is not False,
        "vision": takes.get("vision") is True,
        "thinking": any(d.info.get("supports_reasoning") is True for d in pool),
    }
    return [word for word, able in can.items() if able]


def _json(content: Any) -> Response:
    return Response(_encode(content), media_type="application/json")
