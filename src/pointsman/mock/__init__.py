"""Simulated providers: each kind speaks its server's real protocol, at a set pace, with faults on demand.

This room imports nothing of the house but ``pointsman.errors``: what the gateway is tested against must not share its
understanding of the wire.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from pointsman.errors import ConfigurationError
from pointsman.mock import anthropic, azure, bedrock, llama_cpp, ollama, openai, triton, vllm
from pointsman.mock.faults import FaultBook, parse_fault
from pointsman.mock.ledger import Entry, Ledger
from pointsman.mock.options import Options
from pointsman.mock.services.api import made
from pointsman.mock.services.table import SERVICES
from pointsman.mock.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from pointsman.mock.kind import Kind, Scene

KINDS: dict[str, tuple[Callable[[Scene], Kind], tuple[str, ...]]] = {
    "openai": (openai.OpenAi, openai.MODELS),
    "ollama": (ollama.Ollama, ollama.MODELS),
    "vllm": (vllm.Vllm, vllm.MODELS),
    "llama-cpp": (llama_cpp.LlamaCpp, llama_cpp.MODELS),
    "anthropic": (anthropic.Anthropic, anthropic.MODELS),
    "bedrock": (bedrock.Bedrock, bedrock.MODELS),
    "triton": (triton.Triton, triton.MODELS),
    "azure": (azure.Azure, azure.MODELS),
    **{name: made(service) for name, service in SERVICES.items()},
}
"""Each kind: how to make one, and the models it has unless told otherwise."""


def make_site(kind: str, options: Options) -> Site:
    """A provider ready to start. Raises ConfigurationError for an unknown kind or fault."""
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        meant = f", did you mean `{near[0]}`?" if near else ""
        raise ConfigurationError(f"unknown kind `{kind}`{meant}; known: {', '.join(KINDS)}")
    make, models = KINDS[kind]
    return Site(make, msgspec.structs.replace(options, name=options.name or kind, models=options.models or models))


__all__ = ["KINDS", "Entry", "FaultBook", "Ledger", "Options", "Site", "make_site", "parse_fault"]
