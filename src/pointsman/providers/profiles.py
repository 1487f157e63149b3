"""How each kind of provider that speaks OpenAI's format differs from OpenAI's own API: data, a row a kind.

Written from the services' and servers' public references as of 2026-11-21. A kind with a wire format of its own has a
row for what it serves and nothing else. What a key is sent as is ``heads.py``, where a service listens
``config/prefixes.py``, and what its errors mean ``causes.py``.
"""

from __future__ import annotations

import msgspec

PATHS = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "responses": "/responses",
    "rerank": "/rerank",
    "moderations": "/moderations",
    "images": "/images/generations",
    "image_edits": "/images/edits",
    "image_variations": "/images/variations",
    "speech": "/audio/speech",
    "transcriptions": "/audio/transcriptions",
    "translations": "/audio/translations",
    "messages": "/messages",
}
"""Endpoints by name, and where they are below a version. ``messages`` is Anthropic's, spoken by the server itself."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One kind.

    ``endpoints`` are those of PATHS that it serves; None: nobody knows, so any may be asked for.
    ``prefix`` is what paths begin with below a base URL that names no version (``{model}`` is the deployment's name for
    its model, as part of a path), ``prefixes`` what single ones of them begin with instead. ``versions``: such a
    path ends with the provider's API version, and ``since`` are the days of those that an endpoint came with.
    ``renamed`` are fields by the name that the reference has for them, ``lacking`` those that it says are refused,
    ``needless`` those that are refused although nothing of the answer hangs on them.
    ``translated`` is what differs besides in conversations that came in another protocol's words, whose writers did not
    choose OpenAI's: what its own callers say goes on as it is. A hosted service's alone.
    ``reasoning`` is the field beside ``content`` in which thoughts come, empty if none is known.
    ``takes_task``: its server may read a request's ``task``; others ignore or refuse it. ``lists``: OpenAI's list of
    models, asked of it, names those that it serves.
    """

    endpoints: frozenset[str] | None = None
    prefix: str = "/v1"
    prefixes: dict[str, str] = {}
    versions: bool = False
    since: dict[str, str] = {}
    renamed: dict[str, str] = {}
    lacking: frozenset[str] = frozenset()
    needless: frozenset[str] = frozenset()
    translated: Profile | None = None
    reasoning: str = ""
    takes_task: bool = False
    lists: bool = True

    @property
    def plain(self) -> bool:
        """True if a request is written as it is for OpenAI."""
        differences = (self.prefixes, self.versions, self.renamed, self.needless, self.lacking)
        return self.prefix == "/v1" and not any(differences)

    def serves(self, endpoint: str) -> bool:
        """False if it is known not to serve it."""
        return self.endpoints is None or endpoint in self.endpoints


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_OLD_LIMIT = {"max_completion_tokens": "max_tokens"}
"""Where only the older name of the limit is known."""

_STRICT = Profile(
    renamed={"max_tokens": "max_completion_tokens"},
    lacking=_set(
        "min_p mirostat mirostat_eta mirostat_tau repeat_last_n repeat_penalty repetition_penalty tfs_z top_k typical_p"
    ),
)
"""Newer models refuse the older name of the limit, and unknown fields are refused: those that our fronts write."""

_TEXT = _set("chat completions embeddings")
_AUDIO = _set("speech transcriptions translations")
_IMAGES = _set("images image_edits image_variations")

SERVERS: dict[str, Profile] = {
    "openai_compatible": Profile(takes_task=True),
    "remodlai": Profile(takes_task=True),
    "vllm": Profile(
        endpoints=_TEXT | _set("responses rerank transcriptions translations messages"), reasoning="reasoning"
    ),
    "sglang": Profile(endpoints=_TEXT | _set("responses rerank messages"), reasoning="reasoning_content"),
    "llama_cpp_native": Profile(endpoints=_TEXT | _set("responses rerank messages"), reasoning="reasoning_content"),
    "llama_cpp_python": Profile(endpoints=_TEXT, renamed=_OLD_LIMIT),
    "llamafile": Profile(endpoints=_TEXT, reasoning="reasoning_content"),
    "tgi": Profile(endpoints=_set("chat completions"), renamed=_OLD_LIMIT),
    "lm_studio": Profile(endpoints=_TEXT | _set("responses messages"), renamed=_OLD_LIMIT, reasoning="reasoning"),
    "tensorrt_llm": Profile(endpoints=_TEXT | _set("responses"), reasoning="reasoning_content"),
    "docker_model_runner": Profile(endpoints=_TEXT, prefix="/engines/v1"),
    "lemonade": Profile(endpoints=_TEXT | _set("responses rerank"), prefix="/api/v1"),
    "xinference": Profile(endpoints=_TEXT | _AUDIO | _set("rerank images")),
    "infinity": Profile(endpoints=_set("embeddings rerank"), prefix=""),
    "oobabooga": Profile(endpoints=_TEXT),
}
"""What people run themselves. llama.cpp's own server is ``llama_cpp_native``; TensorRT-LLM's is that of
``trtllm-serve``, or Triton's OpenAI-compatible front end.
"""

AZURE = Profile(
    endpoints=_TEXT | _AUDIO | _set("responses images image_edits"),
    prefix="/openai/deployments/{model}",
    prefixes={"/responses": "/openai", "/models": "/openai"},
    versions=True,
    since={"responses": "2025-03-01"},
    translated=_STRICT,
    lists=False,
)

SERVICES: dict[str, Profile] = {
    "openai": Profile(endpoints=_TEXT | _AUDIO | _set("responses moderations") | _IMAGES, translated=_STRICT),
    "azure": AZURE,
    "azure_ai": Profile(endpoints=_TEXT | _set("responses images"), prefix="/models", versions=True, lists=False),
    "groq": Profile(
        endpoints=_AUDIO | _set("chat responses"),
        lacking=_set("logprobs logit_bias top_logprobs"),
        reasoning="reasoning",
    ),
    "mistral": Profile(
        endpoints=_set("chat embeddings moderations transcriptions"),
        renamed=_OLD_LIMIT | {"seed": "random_seed"},
        lacking=_set("logit_bias logprobs service_tier store top_logprobs user"),
        needless=_set("stream_options"),
    ),
    "codestral": Profile(
        endpoints=_set("chat"), renamed=_OLD_LIMIT | {"seed": "random_seed"}, needless=_set("stream_options")
    ),
    "deepseek": Profile(
        endpoints=_set("chat completions"),
        prefixes={"/completions": "/beta"},
        renamed=_OLD_LIMIT,
        reasoning="reasoning_content",
    ),
    "together_ai": Profile(endpoints=_TEXT | _AUDIO | _set("rerank images"), renamed=_OLD_LIMIT, reasoning="reasoning"),
    "openrouter": Profile(endpoints=_TEXT | _set("responses rerank messages"), reasoning="reasoning"),
    "fireworks_ai": Profile(endpoints=_TEXT | _set("responses rerank messages"), reasoning="reasoning_content"),
    "gemini": Profile(endpoints=_set("chat embeddings images")),
    "cohere": Profile(
        endpoints=_set("chat embeddings"),
        renamed=_OLD_LIMIT,
        lacking=_set(
            "audio logit_bias metadata modalities n parallel_tool_calls prediction service_tier store top_logprobs"
        ),
        needless=_set("stream_options"),
    ),
    "perplexity": Profile(endpoints=_set("chat"), prefix="", renamed=_OLD_LIMIT, lists=False),
    "deepinfra": Profile(endpoints=_TEXT | _AUDIO | _set("images"), reasoning="reasoning_content"),
    "databricks": Profile(endpoints=_TEXT, prefix="", renamed=_OLD_LIMIT, lists=False),
    "github": Profile(endpoints=_set("chat embeddings"), prefix="", lists=False),
    "huggingface": Profile(endpoints=_set("chat responses")),
    "xai": Profile(endpoints=_set("chat completions responses images image_edits"), reasoning="reasoning_content"),
    "cerebras": Profile(
        endpoints=_set("chat completions"),
        lacking=_set("frequency_penalty logit_bias presence_penalty"),
        reasoning="reasoning",
    ),
    "nvidia_nim": Profile(reasoning="reasoning_content"),
    "sambanova": Profile(endpoints=_set("chat embeddings transcriptions translations"), reasoning="reasoning"),
    "moonshot": Profile(endpoints=_set("chat"), reasoning="reasoning_content"),
    "dashscope": Profile(endpoints=_TEXT, renamed=_OLD_LIMIT, reasoning="reasoning_content"),
    "volcengine": Profile(endpoints=_set("chat embeddings responses images"), reasoning="reasoning_content"),
    "zai": Profile(endpoints=_set("chat embeddings images"), renamed=_OLD_LIMIT, reasoning="reasoning_content"),
    "minimax": Profile(endpoints=_set("chat"), reasoning="reasoning_content"),
    "novita": Profile(endpoints=_TEXT, renamed=_OLD_LIMIT, reasoning="reasoning_content"),
    "jina_ai": Profile(endpoints=_set("embeddings rerank")),
    "cloudflare": Profile(endpoints=_set("chat completions embeddings responses"), prefix=""),
    "clarifai": Profile(prefix=""),
    "vercel_ai_gateway": Profile(endpoints=_set("chat embeddings responses messages"), reasoning="reasoning"),
    "snowflake": Profile(endpoints=_set("chat"), prefix="", lists=False),
}
"""What is hosted and differs from OpenAI's own, or is known not to serve all of it."""

PLAIN = sorted(
    _set(
        """
    ai21 aihubmix aiml amazon_nova apertis baseten chutes cometapi compactifai featherless_ai friendliai gmi
    gradient_ai heroku hyperbolic inception lambda_ai meta_llama modelscope morph nano_gpt nebius nscale ovhcloud poe
    publicai scaleway synthetic v0 veniceai wandb
    """
    )
)
"""Hosted services of which no more is known here than that they take what OpenAI takes."""

OTHERS: dict[str, Profile] = {
    "ollama": Profile(endpoints=_TEXT),
    "anthropic": Profile(endpoints=_set("chat completions messages")),
    "triton": Profile(endpoints=_TEXT),
    "bedrock": Profile(endpoints=_TEXT, prefix="", lists=False),
    "any_llm": Profile(endpoints=_set("chat embeddings"), lists=False),
}
"""Kinds with a wire format of their own: what they can be asked for in OpenAI's."""

PROFILES: dict[str, Profile] = {**SERVERS, **SERVICES, **dict.fromkeys(PLAIN, Profile()), **OTHERS}
