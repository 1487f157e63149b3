"""LiteLLM's way to name a provider: the word before the first slash of ``litellm_params.model``. A table.

``base_url`` has no ``/v1`` here (the wire format adds it); ``env`` is only given where the address is fixed and public,
so that a key from the environment never goes to an address that a configuration made up.
"""

from __future__ import annotations

import msgspec

from pointsman.config.kinds import NOT_YET, USUAL, kind_of
from pointsman.config.words import words


class Prefix(msgspec.Struct, frozen=True, gc=False):
    """``name`` is what a provider is called that only this prefix implies. ``names``: an RE2 of its model names."""

    name: str
    kind: str
    base_url: str | None = None
    env: tuple[str, ...] = ()
    names: str = ""

    @property
    def public(self) -> bool:
        """True if everybody finds it at the same address."""
        return bool(self.env)


_OPENAI = Prefix(
    "openai",
    "openai",
    USUAL["openai"],
    ("OPENAI_API_KEY",),
    r"^(gpt-|chatgpt-|o[0-9]|text-embedding-|davinci|babbage)",
)
_OLLAMA = Prefix("ollama", "ollama", USUAL["ollama"])
_VLLM = Prefix("vllm", "vllm", USUAL["vllm"])
_NATIVE = Prefix("llama_cpp_native", "llama_cpp_native", USUAL["llama_cpp_native"])
_PYTHON = Prefix("llama_cpp_python", "llama_cpp_python", USUAL["llama_cpp_python"])
_COMPATIBLE = Prefix("openai_compatible", "openai_compatible")
_ANTHROPIC = Prefix("anthropic", "anthropic", USUAL["anthropic"], ("ANTHROPIC_API_KEY",), r"^claude-")
_TENSORRT = Prefix("tensorrt", "openai_compatible", "http://127.0.0.1:8000")
"""TensorRT-LLM's own server, or Triton's OpenAI-compatible front end before it."""


def _public(name: str, base_url: str, *env: str, names: str = "") -> Prefix:
    return Prefix(name, "openai", base_url, env, names)


PREFIXES: dict[str, Prefix] = {
    "openai": _OPENAI,
    "text-completion-openai": _OPENAI,
    "ollama": _OLLAMA,
    "ollama_chat": _OLLAMA,
    "vllm": _VLLM,
    "hosted_vllm": _VLLM,
    "llama_cpp": _NATIVE,
    "llama-cpp": _NATIVE,
    "llamacpp": _NATIVE,
    "llama_cpp_native": _NATIVE,
    "llama_cpp_python": _PYTHON,
    "openai_compatible": _COMPATIBLE,
    "openai_like": _COMPATIBLE,
    "custom_openai": _COMPATIBLE,
    "litellm_proxy": _COMPATIBLE,
    "anthropic": _ANTHROPIC,
    "tensorrt": _TENSORRT,
    "tensorrt_llm": _TENSORRT,
    "lm_studio": Prefix("lm_studio", "openai_compatible", "http://127.0.0.1:1234"),
    "llamafile": Prefix("llamafile", "openai_compatible", "http://127.0.0.1:8080"),
    "groq": _public("groq", "https://api.groq.com/openai", "GROQ_API_KEY"),
    "mistral": _public(
        "mistral", "https://api.mistral.ai", "MISTRAL_API_KEY",
        names=r"^(open-)?(mistral|mixtral|codestral|ministral|pixtral|magistral|devstral)-",
    ),
    "deepseek": _public("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY", names=r"^deepseek-(chat|reasoner)"),
    "together_ai": _public(
        "together_ai", "https://api.together.xyz", "TOGETHER_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY"
    ),
    "openrouter": _public("openrouter", "https://openrouter.ai/api", "OPENROUTER_API_KEY"),
    "fireworks_ai": _public(
        "fireworks_ai", "https://api.fireworks.ai/inference", "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY",
        names=r"^accounts/[^/]+/(models|deployments)/",
    ),
    "xai": _public("xai", "https://api.x.ai", "XAI_API_KEY", names=r"^grok-"),
    "cerebras": _public("cerebras", "https://api.cerebras.ai", "CEREBRAS_API_KEY"),
    "nvidia_nim": _public("nvidia_nim", "https://integrate.api.nvidia.com", "NVIDIA_NIM_API_KEY", "NVIDIA_API_KEY"),
    "sambanova": _public("sambanova", "https://api.sambanova.ai", "SAMBANOVA_API_KEY"),
    "moonshot": _public("moonshot", "https://api.moonshot.ai", "MOONSHOT_API_KEY", names=r"^(kimi|moonshot)-"),
}  # fmt: skip

UNSERVED = (frozenset(NOT_YET) - {"google"}) | words(
    """
    ai21 aiml aleph_alpha anyscale apertis assemblyai aws_polly baseten bytez chatgpt clarifai cloudflare cometapi
    codestral compactifai dashscope databricks datarobot deepgram deepinfra docker_model_runner duckduckgo
    elevenlabs empower fal_ai featherless_ai friendliai galadriel gigachat github github_copilot gradient_ai heroku
    huggingface hyperbolic infinity jina_ai lambda_ai lemonade linkup maritalk meta_llama morph nebius nlp_cloud
    novita nscale oci ollama_cloud oobabooga ovhcloud palm perplexity petals predibase publicai recraft replicate
    snowflake stability text-completion-codestral topaz triton v0 vercel_ai_gateway volcengine voyage wandb watsonx
    watsonx_text xinference zai auto_router
    """
)
"""Prefixes LiteLLM knows and this version does not serve. (``google/`` is none: it begins names of open models.)"""

PUBLIC_URLS = frozenset(prefix.base_url for prefix in PREFIXES.values() if prefix.public)


def prefix_of(word: str) -> Prefix | None:
    """What a provider's name or kind says of it, in any spelling; None if it says nothing."""
    return PREFIXES.get(kind_of(word) or word)
