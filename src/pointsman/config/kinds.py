"""The kinds of provider this version can speak to, the spellings users have for them, and where they usually listen.

A table and three questions to it; the wire formats are ``pointsman.providers.DIALECTS``, which has the same names.
"""

from __future__ import annotations

KINDS = ("openai", "openai_compatible", "ollama", "vllm", "llama_cpp_python", "llama_cpp_native", "anthropic")

USUAL: dict[str, str] = {
    "openai": "https://api.openai.com",
    "ollama": "http://127.0.0.1:11434",
    "vllm": "http://127.0.0.1:8001",
    "llama_cpp_python": "http://127.0.0.1:8000",
    "llama_cpp_native": "http://127.0.0.1:8080",
    "anthropic": "https://api.anthropic.com",
}
"""Where a kind listens if nothing else is said. ``openai_compatible`` is anywhere, so it needs a base URL."""

SPELLINGS: dict[str, str] = {
    "hosted_vllm": "vllm",
    "llama_cpp": "llama_cpp_native",
    "llamacpp": "llama_cpp_native",
    "llama.cpp": "llama_cpp_native",
    "llama_server": "llama_cpp_native",
    "llamacpp_python": "llama_cpp_python",
    "ollama_chat": "ollama",
    "openai_like": "openai_compatible",
    "custom_openai": "openai_compatible",
}

UNBILLED = frozenset({"ollama", "vllm", "llama_cpp_native", "llama_cpp_python"})
"""Kinds of servers that people run themselves: no service's prices are theirs."""

TELL_LOAD = ("vllm", "llama_cpp_native")
"""Kinds that tell how many requests they have."""

NOT_YET = (
    "azure", "azure_ai", "azure_text", "bedrock", "bedrock_converse", "cohere", "cohere_chat", "gemini",
    "google", "triton", "vertex_ai", "vertex_ai_beta", "sagemaker", "sagemaker_chat",
)  # fmt: skip
"""Kinds with a wire format of their own that this version does not speak."""


def kind_of(word: str) -> str | None:
    """The kind that ``word`` means, or None."""
    folded = word.strip().casefold().replace("-", "_")
    folded = SPELLINGS.get(folded, folded)
    return folded if folded in KINDS else None


def not_yet(word: str) -> bool:
    """True for a kind that exists in the world but not in this version."""
    return word.strip().casefold().replace("-", "_") in NOT_YET


OWN_WIRE = ("ollama", "anthropic")
"""Kinds with a wire format of their own; the others speak OpenAI's."""


def same_wire(one: str, other: str) -> bool:
    """True if both kinds speak the same wire format, so that either name may mean the server at one address."""
    return one == other or not {one, other} & set(OWN_WIRE)
