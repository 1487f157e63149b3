"""The ``ollama`` kind: Ollama's own API and its OpenAI-compatible paths over the same models in memory."""

from pointsman.mock.ollama.api import MODELS, Ollama

__all__ = ["MODELS", "Ollama"]
