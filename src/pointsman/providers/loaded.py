"""Which of its models a server has in memory: how to ask it, and what its answer says, a row a kind.

Ollama loads a model when it is first asked for, and lists those that it holds; Triton loads them when it is told to,
and lists its repository with the state of each. The others load theirs when they start: vLLM lists it when it is ready,
llama.cpp's server says whether it is, llama-cpp-python answers when it is. Of hosted services nobody knows; they are
not asked.
"""

from __future__ import annotations

import msgspec

from pointsman.model.exchange import Answered, Loaded
from pointsman.providers.probe import LATEST, Probe


class _Named(msgspec.Struct, gc=False):
    name: str


class _Running(msgspec.Struct, gc=False):
    models: list[_Named] | None


class _Card(msgspec.Struct, gc=False):
    id: str


class _Listed(msgspec.Struct, gc=False):
    data: list[_Card]


class _Model(msgspec.Struct, gc=False):
    name: str
    version: str = ""
    state: str = ""


_decode_models = msgspec.json.Decoder(list[_Model]).decode
_decode_running = msgspec.json.Decoder(_Running).decode
_decode_listed = msgspec.json.Decoder(_Listed).decode


def _running(reply: Answered) -> Loaded | None:
    """Ollama's list of models in memory."""
    if reply.status != 200:
        return None
    names = [model.name for model in _decode_running(reply.body).models or ()]
    return Loaded(frozenset(names + [name.removesuffix(LATEST) for name in names]))


def _listed(reply: Answered) -> Loaded | None:
    """A list of models that are served, and so loaded."""
    if reply.status != 200:
        return None
    return Loaded(frozenset(card.id for card in _decode_listed(reply.body).data))


def _ready(reply: Answered) -> Loaded | None:
    """Triton's models that are ready, each by its name and with its version."""
    if reply.status != 200:
        return None
    ready = [model for model in _decode_models(reply.body) if model.state == "READY"]
    return Loaded(frozenset(name for each in ready for name in (each.name, f"{each.name}/versions/{each.version}")))


def _up(reply: Answered) -> Loaded | None:
    """One model, whatever it is called: ready, or still loading."""
    return {200: Loaded(all=True), 503: Loaded()}.get(reply.status)


LOADED: dict[str, Probe[Loaded]] = {
    "ollama": Probe("/api/ps", _running, openai=False),
    "vllm": Probe("/models", _listed),
    "llama_cpp_native": Probe("/health", _up),
    "llama_cpp_python": Probe("/models", _up),
    "triton": Probe("/v2/repository/index", _ready, openai=False, body=b"{}"),
}
