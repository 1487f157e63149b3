"""Every kind of provider and the wire format it speaks. A kind is data: no code elsewhere asks which one it is."""

from __future__ import annotations

import msgspec

from pointsman.providers.anthropic import DIALECT as ANTHROPIC
from pointsman.providers.any_llm import DIALECT as ANY_LLM
from pointsman.providers.bedrock import DIALECT as BEDROCK
from pointsman.providers.ollama import DIALECT as OLLAMA
from pointsman.providers.openai import DIALECT as _CHAT
from pointsman.providers.passing import DIALECT as PASSING
from pointsman.providers.profiled import dialect_of
from pointsman.providers.profiles import OTHERS, PROFILES
from pointsman.providers.responses import DIALECT as RESPONSES
from pointsman.providers.shapes import Dialect
from pointsman.providers.triton import DIALECT as TRITON

OPENAI = msgspec.structs.replace(_CHAT, natives={"openai": PASSING, "responses": RESPONSES, **ANTHROPIC.natives})

DIALECTS: dict[str, Dialect] = {
    **{kind: dialect_of(profile, OPENAI) for kind, profile in PROFILES.items() if kind not in OTHERS},
    "ollama": OLLAMA,
    "anthropic": ANTHROPIC,
    "triton": TRITON,
    "bedrock": BEDROCK,
    "any_llm": ANY_LLM,
}
