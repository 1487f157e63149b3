"""The ``anthropic`` kind: Anthropic's Messages API with its named events, its errors and its rate-limit headers."""

from pointsman.mock.anthropic.api import MODELS, Anthropic

__all__ = ["MODELS", "Anthropic"]
