"""The kinds of provider this version can speak to, the spellings users have for them, and where they usually listen.

A table and three questions to it; the wire formats are ``pointsman.providers.DIALECTS``, which has the same names.
"""

from __future__ import annotations

from pointsman.config.words import words

SERVERS = words(
    """
    openai_compatible ollama vllm sglang llama_cpp_python llama_cpp_native tgi lm_studio tensorrt_llm llamafile
    triton     docker_model_runner lemonade xinference infinity oobabooga remodlai
    """
)
"""What people run themselves."""

SERVICES = words(
    """
    openai azure azure_ai anthropic bedrock ai21 aihubmix aiml amazon_nova apertis baseten cerebras chutes clarifai
    cloudflare codestral cohere cometapi compactifai dashscope databricks deepinfra deepseek featherless_ai fireworks_ai
    friendliai gemini github gmi gradient_ai groq heroku huggingface hyperbolic inception jina_ai lambda_ai meta_llama
    minimax mistral modelscope moonshot morph nano_gpt nebius novita nscale nvidia_nim openrouter ovhcloud perplexity
    poe publicai sambanova scaleway snowflake synthetic together_ai v0 veniceai vercel_ai_gateway volcengine wandb xai
    zai
    """
)
"""What is hosted."""

LIBRARIES = words("any_llm")
"""What a library asks for us (``wire/any_llm.py``)."""

KINDS = tuple(sorted(SERVERS | SERVICES | LIBRARIES))

COMMON = (
    "openai", "openai_compatible", "azure", "anthropic", "bedrock", "ollama", "vllm", "sglang", "llama_cpp_native",
    "llama_cpp_python", "tgi", "lm_studio",
)  # fmt: skip
"""Those to suggest where any would do."""

USUAL: dict[str, str] = {
    "openai": "https://api.openai.com",
    "ollama": "http://127.0.0.1:11434",
    "vllm": "http://127.0.0.1:8001",
    "llama_cpp_python": "http://127.0.0.1:8000",
    "llama_cpp_native": "http://127.0.0.1:8080",
    "anthropic": "https://api.anthropic.com",
    "sglang": "http://127.0.0.1:30000",
    "tgi": "http://127.0.0.1:8080",
    "lm_studio": "http://127.0.0.1:1234",
    "tensorrt_llm": "http://127.0.0.1:8000",
    "llamafile": "http://127.0.0.1:8080",
    "docker_model_runner": "http://127.0.0.1:12434",
    "lemonade": "http://127.0.0.1:8000",
    "xinference": "http://127.0.0.1:9997",
    "infinity": "http://127.0.0.1:7997",
    "oobabooga": "http://127.0.0.1:5000",
    "triton": "http://127.0.0.1:8000",
    "any_llm": "https://any-llm.invalid",
}
"""Where a kind listens if nothing else is said. ``openai_compatible`` is anywhere, so it needs a base URL; AWS has
``bedrock`` in every region (``aws.py``). A library knows itself where each service is: its address leads nowhere.
"""

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
    "azure_openai": "azure",
    "azure_text": "azure",
    "tensorrt": "triton",
    "triton_inference_server": "triton",
    "trtllm": "tensorrt_llm",
    "text_generation_inference": "tgi",
    "lmstudio": "lm_studio",
    "together": "together_ai",
    "togetherai": "together_ai",
    "fireworks": "fireworks_ai",
    "cohere_chat": "cohere",
    "ai21_chat": "ai21",
    "bedrock_converse": "bedrock",
}

UNBILLED = SERVERS - {"openai_compatible", "remodlai"}
"""Kinds of servers that nobody but their owner bills: no service's prices are theirs."""

TELL_LOAD = ("vllm", "llama_cpp_native")
"""Kinds that tell how many requests they have."""

NOT_YET = (
    "google", "vertex_ai", "vertex_ai_beta", "sagemaker", "sagemaker_chat",
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


CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "triton": {
        "triton_backend": ("tensorrt_llm", "vllm", "llmapi"),
        "chat_template": ("plain", "chatml", "llama3", "phi3", "zephyr"),
    }
}
"""Parameters of a deployment that say how a model of this kind is asked, and what they may say."""

OWN_WIRE = ("ollama", "anthropic", "triton", "bedrock", "any_llm")
"""Kinds with a wire format of their own; the others speak OpenAI's."""


def same_wire(one: str, other: str) -> bool:
    """True if both kinds speak the same wire format, so that either name may mean the server at one address."""
    return one == other or not {one, other} & set(OWN_WIRE)
