"""OpenAI's endpoints for pictures, sound and moderation, as the ``openai`` kind has them."""

from __future__ import annotations

from pointsman.mock.media.api import Media

__all__ = ["Media"]
