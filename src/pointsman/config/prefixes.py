"""LiteLLM's way to name a provider: the word before the first slash of ``litellm_params.model``. A table.

``base_url`` has no ``/v1`` here (the wire format adds it); ``env`` is only given where the address is fixed and public,
or a service's own, so that a key from the environment never goes to an address that a configuration made up.
"""

from __future__ import annotations

from pointsman.config.kinds import NOT_YET, USUAL, kind_of
from pointsman.config.prefix import Dated, Prefix
from pointsman.config.words import words


def _server(kind: str, *, whole: bool = False) -> Prefix:
    return Prefix(kind, kind, USUAL.get(kind), whole=whole)


def _service(
    kind: str, base_url: str, *env: str, names: str = "", also: tuple[str, ...] = (), whole: bool = False
) -> Prefix:
    return Prefix(kind, kind, base_url, env, names, also, whole=whole)


_OPENAI = _service(
    "openai", USUAL["openai"], "OPENAI_API_KEY", names=r"^(gpt-|chatgpt-|o[0-9]|text-embedding-|davinci|babbage)"
)
_OLLAMA, _VLLM, _COMPATIBLE = _server("ollama"), _server("vllm"), _server("openai_compatible")
_NATIVE, _TRITON = _server("llama_cpp_native"), _server("triton")
_ANY_LLM = _server("any_llm", whole=True)
_AZURE = Prefix(
    "azure", "azure", env=("AZURE_API_KEY",), also=("AZURE_OPENAI_API_KEY",), base_env="AZURE_API_BASE",
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"), whole=True,
    dated=Dated("/openai/v1", ("/openai",), env="AZURE_API_VERSION"),
    example_url="https://RESOURCE.openai.azure.com",
)  # fmt: skip
_AZURE_AI = Prefix(
    "azure_ai", "azure_ai", env=("AZURE_AI_API_KEY",), base_env="AZURE_AI_API_BASE",
    hosts=(".services.ai.azure.com", ".models.ai.azure.com", ".inference.ai.azure.com"), whole=True,
    dated=Dated("/openai/v1", ("/openai",), "/models", "2024-05-01-preview"),
    example_url="https://RESOURCE.services.ai.azure.com",
    elsewhere=((".models.ai.azure.com", "openai_compatible"), (".inference.ai.azure.com", "openai_compatible")),
)  # fmt: skip
_COHERE = _service(
    "cohere", "https://api.cohere.ai/compatibility", "COHERE_API_KEY", "CO_API_KEY", names=r"^(command-|c4ai-|embed-v)"
)
_JINA = _service("jina_ai", "https://api.jina.ai", "JINA_AI_API_KEY", "JINA_API_KEY", names=r"^jina-")
_BEDROCK = Prefix(
    "bedrock", "bedrock", also=("AWS_BEARER_TOKEN_BEDROCK",), base_env="AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    hosts=(".amazonaws.com", ".amazonaws.com.cn", ".api.aws"),
    example_url="https://bedrock-runtime.REGION.amazonaws.com", whole=True,
)  # fmt: skip

PREFIXES: dict[str, Prefix] = {
    "openai": _OPENAI,
    "text-completion-openai": _OPENAI,
    "azure": _AZURE,
    "azure_text": _AZURE,
    "azure_ai": _AZURE_AI,
    "anthropic": _service("anthropic", USUAL["anthropic"], "ANTHROPIC_API_KEY", names=r"^claude-"),
    "bedrock": _BEDROCK,
    "bedrock_converse": _BEDROCK,
    "ollama": _OLLAMA,
    "ollama_chat": _OLLAMA,
    "vllm": _VLLM,
    "hosted_vllm": _VLLM,
    "sglang": _server("sglang"),
    "llama_cpp": _NATIVE,
    "llama-cpp": _NATIVE,
    "llamacpp": _NATIVE,
    "llama_cpp_native": _NATIVE,
    "llama_cpp_python": _server("llama_cpp_python"),
    "llamafile": _server("llamafile"),
    "tgi": _server("tgi"),
    "lm_studio": _server("lm_studio"),
    "tensorrt_llm": _server("tensorrt_llm"),
    "triton": _TRITON,
    "tensorrt": _TRITON,
    "docker_model_runner": _server("docker_model_runner", whole=True),
    "lemonade": _server("lemonade", whole=True),
    "xinference": _server("xinference"),
    "infinity": _server("infinity", whole=True),
    "oobabooga": _server("oobabooga"),
    "openai_compatible": _COMPATIBLE,
    "openai_like": _COMPATIBLE,
    "custom_openai": _COMPATIBLE,
    "litellm_proxy": _COMPATIBLE,
    "remodlai": _server("remodlai"),
    "any_llm": _ANY_LLM,
    "any-llm": _ANY_LLM,
    "groq": _service("groq", "https://api.groq.com/openai", "GROQ_API_KEY"),
    "mistral": _service(
        "mistral", "https://api.mistral.ai", "MISTRAL_API_KEY",
        names=r"^(open-)?(mistral|mixtral|codestral|ministral|pixtral|magistral|devstral)-",
    ),
    "codestral": _service("codestral", "https://codestral.mistral.ai", "CODESTRAL_API_KEY"),
    "deepseek": _service("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY", names=r"^deepseek-"),
    "together_ai": _service(
        "together_ai", "https://api.together.xyz", "TOGETHER_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY"
    ),
    "openrouter": _service("openrouter", "https://openrouter.ai/api", "OPENROUTER_API_KEY"),
    "fireworks_ai": _service(
        "fireworks_ai", "https://api.fireworks.ai/inference", "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY",
        names=r"^accounts/[^/]+/(models|deployments)/",
    ),
    "gemini": _service(
        "gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY",
        names=r"^(models/)?gemini-", also=("GOOGLE_API_KEY",),
    ),
    "cohere": _COHERE,
    "cohere_chat": _COHERE,
    "xai": _service("xai", "https://api.x.ai", "XAI_API_KEY", names=r"^grok-"),
    "cerebras": _service("cerebras", "https://api.cerebras.ai", "CEREBRAS_API_KEY"),
    "nvidia_nim": _service("nvidia_nim", "https://integrate.api.nvidia.com", "NVIDIA_NIM_API_KEY", "NVIDIA_API_KEY"),
    "sambanova": _service("sambanova", "https://api.sambanova.ai", "SAMBANOVA_API_KEY"),
    "moonshot": _service("moonshot", "https://api.moonshot.ai", "MOONSHOT_API_KEY", names=r"^(kimi|moonshot)-"),
    "perplexity": _service(
        "perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY", names=r"^sonar",
        whole=True,
    ),
    "deepinfra": _service("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    "github": _service("github", "https://models.github.ai/inference", "GITHUB_API_KEY", whole=True),
    "huggingface": _service(
        "huggingface", "https://router.huggingface.co", "HUGGINGFACE_API_KEY", also=("HF_TOKEN",)
    ),
    "nebius": _service("nebius", "https://api.tokenfactory.nebius.com", "NEBIUS_API_KEY"),
    "novita": _service("novita", "https://api.novita.ai/openai", "NOVITA_API_KEY"),
    "hyperbolic": _service("hyperbolic", "https://api.hyperbolic.xyz", "HYPERBOLIC_API_KEY"),
    "lambda_ai": _service("lambda_ai", "https://api.lambda.ai", "LAMBDA_API_KEY"),
    "dashscope": _service(
        "dashscope", "https://dashscope.aliyuncs.com/compatible-mode", "DASHSCOPE_API_KEY", names=r"^(qwen|qwq|qvq)-"
    ),
    "volcengine": _service(
        "volcengine", "https://ark.cn-beijing.volces.com/api/v3", "VOLCENGINE_API_KEY", "ARK_API_KEY",
        names=r"^doubao-",
    ),
    "zai": _service("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", names=r"^glm-"),
    "minimax": _service("minimax", "https://api.minimax.io", "MINIMAX_API_KEY", names=r"^MiniMax-"),
    "ai21": _service("ai21", "https://api.ai21.com/studio", "AI21_API_KEY", names=r"^jamba-"),
    "ai21_chat": _service("ai21", "https://api.ai21.com/studio", "AI21_API_KEY", names=r"^jamba-"),
    "aihubmix": _service("aihubmix", "https://aihubmix.com", "AIHUBMIX_API_KEY"),
    "aiml": _service("aiml", "https://api.aimlapi.com", "AIML_API_KEY", "AIMLAPI_KEY"),
    "amazon_nova": _service("amazon_nova", "https://api.nova.amazon.com", "AMAZON_NOVA_API_KEY"),
    "apertis": _service("apertis", "https://api.stima.tech", "STIMA_API_KEY"),
    "baseten": _service("baseten", "https://inference.baseten.co", "BASETEN_API_KEY"),
    "chutes": _service("chutes", "https://llm.chutes.ai", "CHUTES_API_KEY"),
    "clarifai": _service(
        "clarifai", "https://api.clarifai.com/v2/ext/openai/v1", "CLARIFAI_API_KEY", "CLARIFAI_PAT", whole=True
    ),
    "cometapi": _service("cometapi", "https://api.cometapi.com", "COMETAPI_KEY", "COMETAPI_API_KEY"),
    "compactifai": _service("compactifai", "https://api.compactif.ai", "COMPACTIFAI_API_KEY"),
    "featherless_ai": _service(
        "featherless_ai", "https://api.featherless.ai", "FEATHERLESS_AI_API_KEY", "FEATHERLESS_API_KEY"
    ),
    "friendliai": _service(
        "friendliai", "https://api.friendli.ai/serverless", "FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"
    ),
    "gmi": _service("gmi", "https://api.gmi-serving.com", "GMI_API_KEY"),
    "gradient_ai": _service("gradient_ai", "https://inference.do-ai.run", "GRADIENT_AI_API_KEY"),
    "heroku": _service("heroku", "https://us.inference.heroku.com", "HEROKU_API_KEY", also=("INFERENCE_KEY",)),
    "inception": _service("inception", "https://api.inceptionlabs.ai", "INCEPTION_API_KEY", names=r"^mercury"),
    "jina_ai": _JINA,
    "meta_llama": _service("meta_llama", "https://api.llama.com/compat", "LLAMA_API_KEY"),
    "modelscope": _service("modelscope", "https://api-inference.modelscope.cn", "MODELSCOPE_API_KEY"),
    "morph": _service("morph", "https://api.morphllm.com", "MORPH_API_KEY", names=r"^morph-"),
    "nano-gpt": _service("nano_gpt", "https://nano-gpt.com/api", "NANOGPT_API_KEY"),
    "nano_gpt": _service("nano_gpt", "https://nano-gpt.com/api", "NANOGPT_API_KEY"),
    "nscale": _service("nscale", "https://inference.api.nscale.com", "NSCALE_API_KEY"),
    "ovhcloud": _service("ovhcloud", "https://oai.endpoints.kepler.ai.cloud.ovh.net", "OVHCLOUD_API_KEY"),
    "poe": _service("poe", "https://api.poe.com", "POE_API_KEY"),
    "publicai": _service("publicai", "https://api.publicai.co", "PUBLICAI_API_KEY"),
    "scaleway": _service("scaleway", "https://api.scaleway.ai", "SCW_SECRET_KEY"),
    "synthetic": _service("synthetic", "https://api.synthetic.new/openai", "SYNTHETIC_API_KEY"),
    "v0": _service("v0", "https://api.v0.dev", "V0_API_KEY", names=r"^v0-"),
    "veniceai": _service("veniceai", "https://api.venice.ai/api", "VENICE_AI_API_KEY"),
    "vercel_ai_gateway": _service("vercel_ai_gateway", "https://ai-gateway.vercel.sh", "VERCEL_AI_GATEWAY_API_KEY"),
    "wandb": _service("wandb", "https://api.inference.wandb.ai", "WANDB_API_KEY"),
    "databricks": Prefix(
        "databricks", "databricks", env=("DATABRICKS_API_KEY",), also=("DATABRICKS_TOKEN",),
        base_env="DATABRICKS_API_BASE", hosts=(".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"),
        whole=True, example_url="https://WORKSPACE.cloud.databricks.com/serving-endpoints",
    ),
    "cloudflare": Prefix(
        "cloudflare", "cloudflare", env=("CLOUDFLARE_API_KEY",), base_env="CLOUDFLARE_API_BASE",
        hosts=("api.cloudflare.com",), whole=True,
        example_url="https://api.cloudflare.com/client/v4/accounts/ACCOUNT/ai/v1",
    ),
    "snowflake": Prefix(
        "snowflake", "snowflake", env=("SNOWFLAKE_JWT",), base_env="SNOWFLAKE_API_BASE",
        hosts=(".snowflakecomputing.com",), whole=True,
        example_url="https://ACCOUNT.snowflakecomputing.com/api/v2/cortex/v1",
    ),
}  # fmt: skip

UNSERVED = (frozenset(NOT_YET) - {"google"}) | words(
    """
    aleph_alpha anyscale assemblyai aws_polly bytez chatgpt datarobot deepgram duckduckgo elevenlabs empower fal_ai
    galadriel gigachat github_copilot linkup maritalk nlp_cloud oci ollama_cloud palm petals predibase recraft
    replicate stability text-completion-codestral topaz voyage watsonx watsonx_text auto_router
    """
)
"""Prefixes LiteLLM knows and this version does not serve. (``google/`` is none: it begins names of open models.)"""

PUBLIC_URLS = {prefix.base_url: prefix.kind for prefix in PREFIXES.values() if prefix.public}
"""Addresses that everybody knows, and the kinds that are there."""


def prefix_of(word: str) -> Prefix | None:
    """What a provider's name or kind says of it, in any spelling; None if it says nothing."""
    return PREFIXES.get(kind_of(word) or word)
