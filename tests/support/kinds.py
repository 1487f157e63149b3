"""The kinds of provider that tests/contracts/test_kinds.py is held against, a row each: how one is simulated and set
up, and what of the contract a kind has no words for.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import openai

from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings
from pointsman.mock.dialects import REFUSALS
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.secret import Secret
from pointsman.providers.profiles import OTHERS, PROFILES
from pointsman.testing import MockProvider
from support.serving import Serving, gateway

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once: reading all certificates of the system takes longer than a test."""

KEY = "sk-of-the-provider"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind against its simulated server.

    ``kind`` is the provider's, ``mock`` the simulated server's, ``model`` a name that both take; ``base`` stands behind
    the server's address in the base URL, ``more`` are further fields of the Provider, ``params`` what the deployment
    says. ``says`` is the dialect of pointsman.mock.dialects.REFUSALS that its errors are worded in. What a kind may
    lack: ``embeddings``, ``tools``, ``pictures``, those by their ``addresses``, ``schemas`` of answers, a mark of its
    own where streams end (``marked``), ``figures`` in streams. Not ``limits``: its 429 is an overload. ``cached``: what
    came from a cache is told. ``thoughts``: the field beside the content that they come in, where they are asked for.
    """

    kind: str
    mock: str
    model: str
    says: str
    name: str = ""
    base: str = "/v1"
    more: dict[str, Any] = {}
    params: dict[str, Any] = {}
    embeddings: bool = True
    tools: bool = True
    pictures: bool = True
    addresses: bool = True
    schemas: bool = True
    marked: bool = True
    figures: bool = True
    limits: bool = True
    cached: bool = False
    thoughts: str = ""

    def __str__(self) -> str:
        return self.name or self.kind

    @property
    def troubles(self) -> frozenset[str]:
        """The troubles that such a server tells of by words alone."""
        return frozenset(REFUSALS[self.says])


ROWS = [
    Row(kind="openai", mock="openai", model="gpt-4o", says="openai", base="", cached=True),
    Row(kind="openai_compatible", mock="openai", model="gpt-4o", says="openai"),
    Row(kind="vllm", mock="vllm", model="org/model", says="vllm"),
    Row(kind="llama_cpp_native", mock="llama-cpp", model="a.gguf", says="llama_cpp"),
    Row(kind="llama_cpp_python", mock="llama-cpp", model="a.gguf", says="llama_cpp"),
    Row(kind="ollama", mock="ollama", model="llama3.2:3b", says="ollama", base="", addresses=False),
    Row(
        kind="anthropic",
        mock="anthropic",
        model="claude-opus-5-5",
        says="anthropic",
        embeddings=False,
        cached=True,
        thoughts="reasoning_content",
    ),
    *[
        Row(
            kind="triton",
            mock="triton",
            model=model,
            says="triton",
            name=f"triton-{backend}",
            base="",
            params={"triton_backend": backend, "chat_template": "chatml"},
            tools=False,
            pictures=False,
            addresses=False,
            schemas=backend == "tensorrt_llm",
            marked=backend != "tensorrt_llm",
        )
        for backend, model in (("tensorrt_llm", "ensemble"), ("vllm", "vllm_model"))
    ],
    Row(
        kind="bedrock",
        mock="bedrock",
        model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        says="bedrock",
        base="",
        embeddings=False,
        addresses=False,
        cached=True,
        thoughts="reasoning_content",
    ),
    Row(
        name="azure dated",
        kind="azure",
        mock="azure",
        model="my-gpt",
        says="azure",
        base="",
        more={"api_version": "2024-10-21"},
        cached=True,
    ),
    Row(name="azure v1", kind="azure", mock="azure", model="my-gpt", says="azure", base="/openai/v1", cached=True),
    Row(kind="mistral", mock="mistral", model="mistral-large-latest", says="mistral", base="", cached=True),
    Row(
        kind="deepseek",
        mock="deepseek",
        model="deepseek-chat",
        says="deepseek",
        base="",
        embeddings=False,
        cached=True,
        thoughts="reasoning_content",
    ),
    Row(
        kind="groq",
        mock="groq",
        model="llama-3.3-70b-versatile",
        says="groq",
        base="/openai",
        embeddings=False,
        cached=True,
        thoughts="reasoning",
    ),
    Row(kind="together_ai", mock="together", model="org/model", says="together", base="", thoughts="reasoning"),
    Row(
        kind="openrouter",
        mock="openrouter",
        model="openai/gpt-4o",
        says="openrouter",
        base="/api",
        cached=True,
        thoughts="reasoning",
    ),
    Row(kind="gemini", mock="gemini", model="gemini-2.5-flash", says="gemini", base="/v1beta/openai"),
    Row(kind="cohere", mock="cohere", model="command-a-03-2025", says="openai", base="/compatibility", figures=False),
    Row(kind="perplexity", mock="perplexity", model="sonar", says="openai", base="", embeddings=False),
    Row(kind="sglang", mock="sglang", model="org/m", says="sglang", base="", cached=True, thoughts="reasoning_content"),
    Row(kind="tgi", mock="tgi", model="tgi", says="tgi", base="", embeddings=False, limits=False),
    Row(kind="lm_studio", mock="lm-studio", model="a-model", says="lm_studio", base="", thoughts="reasoning"),
    Row(
        kind="tensorrt_llm",
        mock="tensorrt-llm",
        model="org/m",
        says="tensorrt_llm",
        base="",
        thoughts="reasoning_content",
    ),
]


def rest() -> list[Row]:
    """The kinds without a row that are written to differently from OpenAI, against a server that is asked anywhere."""
    told = {row.kind for row in ROWS} | OTHERS.keys()
    odd = [kind for kind, profile in PROFILES.items() if kind not in told and not profile.plain]
    return [Row(kind=kind, mock="compatible", model="org/model", says="openai", base="") for kind in odd]


class House(msgspec.Struct, frozen=True):
    """A simulated server of a row's kind, a gateway before it, and a client of the gateway. The group is ``m``."""

    mock: MockProvider
    gateway: Serving
    ai: openai.AsyncOpenAI


@asynccontextmanager
async def house(row: Row, *faults: str) -> AsyncIterator[House]:
    """One of them, at work; nothing is retried."""
    async with MockProvider(row.mock, name="one", models=[row.model], api_key=KEY, faults=faults) as mock:
        at = Provider("one", row.kind, f"{mock.base_url}{row.base}", Secret(KEY), **row.more)
        made = settings(Deployment("m@one", "m", at, row.model, row.params), router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            web = httpx.AsyncClient(verify=NO_TLS, timeout=20)
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="any", max_retries=0, http_client=web) as ai:
                yield House(mock, it, ai)
