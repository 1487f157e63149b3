"""Which models Ollama has on disk: those it was started with, less those deleted and more those pulled since."""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.mock.ollama.shapes import full_name

ANY = "*"


class Library:
    def __init__(self, models: Iterable[str]) -> None:
        self._models = dict.fromkeys(models)

    def listed(self) -> tuple[str, ...]:
        """All but the wildcard."""
        return tuple(model for model in self._models if model != ANY)

    def serves(self, model: str) -> bool:
        return ANY in self._models or full_name(model) in map(full_name, self._models)

    def pull(self, model: str) -> None:
        """Bring it to disk: the newest stands first."""
        self.delete(model)
        self._models = {model: None, **self._models}

    def delete(self, model: str) -> bool:
        """Whether it was there."""
        before = len(self._models)
        self._models = {known: None for known in self._models if full_name(known) != full_name(model)}
        return len(self._models) < before
