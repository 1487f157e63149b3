"""What a simulated provider can be told at its start. Facts only; faults alone change while it runs."""

from __future__ import annotations

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``name`` is printed in every answer, so that a test sees who spoke; empty means the kind's name.

    ``voice`` is who speaks instead: providers of one voice answer the same question word by word alike.
    ``models`` empty means the kind's usual ones, ``"*"`` among them accepts any name. ``latency_ms`` passes before
    the first token, ``tokens_per_second`` 0 means at once. ``context_length`` and ``embedding_size`` 0 mean the
    kind's own. ``parameters`` is what lists tell of every model, in billions; 0 means what its name says, else the
    kind's usual. ``load_ms`` is the extra wait of a model that is not in memory (ollama). ``strict`` makes the openai
    kind refuse unknown arguments as OpenAI does. ``seed`` throws the dice of ``rate=`` faults. ``api_keys`` are further
    keys that are taken beside ``api_key``; with none of either, any is, and none too.
    """

    name: str = ""
    voice: str = ""
    models: tuple[str, ...] = ()
    api_key: str | None = None
    api_keys: tuple[str, ...] = ()
    latency_ms: float = 0.0
    tokens_per_second: float = 0.0
    faults: tuple[str, ...] = ()
    seed: int = 0
    context_length: int = 0
    parameters: float = 0.0
    embedding_size: int = 0
    load_ms: float = 0.0
    strict: bool = False
    ledger_size: int = 1000

    def __repr__(self) -> str:
        keys = {0: "no key", 1: "a key"}.get(len(self.keys), f"{len(self.keys)} keys")
        return f"Options({self.name or 'unnamed'}: {', '.join(self.models) or 'usual models'}, {keys})"

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that are taken; faults name them by their numbers, from 1."""
        return (*filter(None, (self.api_key,)), *self.api_keys)

    def accepts(self, model: str) -> bool:
        return model in self.models or "*" in self.models

    def listed(self) -> tuple[str, ...]:
        """The models a listing shows: all but the wildcard."""
        return tuple(model for model in self.models if model != "*")

    @property
    def speaker(self) -> str:
        """Whose name the answers begin with."""
        return self.voice or self.name

    @property
    def step(self) -> float:
        """Seconds from one token to the next."""
        return 1.0 / self.tokens_per_second if self.tokens_per_second > 0 else 0.0
