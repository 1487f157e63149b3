"""OpenAI's Responses API, as the ``openai`` kind speaks it."""

from __future__ import annotations

from pointsman.mock.responses.api import Responses

__all__ = ["Responses"]
