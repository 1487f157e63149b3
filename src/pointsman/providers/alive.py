"""Whether a server is up: how to ask it, and what its answer says, a row a kind.

Any answer below 500 says so, also one that refuses the question: who can't be asked, or says that it is not ready, is
not up. Triton says by a 400 that it, or one of its models, is not ready. Bedrock has no path for it: that nothing is at
its root is an answer. Nothing is generated, nothing is charged for.
"""

from __future__ import annotations

from pointsman.model.deployment import Provider
from pointsman.model.exchange import Answered, WireRequest
from pointsman.providers.probe import Probe, answer, question
from pointsman.providers.profiles import PROFILES


def _up(reply: Answered) -> bool:
    return reply.status < 500


def _ready(reply: Answered) -> bool:
    return reply.status != 400 and _up(reply)


_LIST = Probe("/models", _up)

ALIVE: dict[str, Probe[bool]] = {
    **dict.fromkeys(PROFILES, _LIST),
    "ollama": Probe("/api/tags", _up, openai=False),
    "vllm": Probe("/health", _up, openai=False),
    "llama_cpp_native": Probe("/health", _up, openai=False),
    "sglang": Probe("/health", _up, openai=False),
    "tensorrt_llm": Probe("/health", _up, openai=False),
    "tgi": Probe("/info", _up, openai=False),
    "triton": Probe("/v2/health/ready", _ready, openai=False),
    "bedrock": Probe("/", _up, openai=False),
}
"""TGI's ``/health`` has its model say a token; who has no list of models refuses the question, and so is up."""


def check(provider: Provider, path: str | None) -> WireRequest | None:
    """What to ask: at this path below the base URL, or else at the kind's own. None if there is nothing to ask."""
    return WireRequest(path, method="GET") if path is not None else question(ALIVE, provider)


def is_up(provider: Provider, reply: object) -> bool:
    """What the reply says, wherever it was asked; none, because it failed, says no."""
    return answer(ALIVE, provider, reply) is True
