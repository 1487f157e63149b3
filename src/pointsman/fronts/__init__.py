"""The protocols that callers speak besides OpenAI's, by the paths at which they do."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.fronts.anthropic import MESSAGES, TOKENS
from pointsman.fronts.ollama import PATHS
from pointsman.fronts.ollama.errors import error
from pointsman.fronts.responses import RESPONSES
from pointsman.fronts.shapes import Front

FRONTS: dict[str, Front] = {
    "/v1/messages": MESSAGES,
    "/v1/messages/count_tokens": TOKENS,
    "/v1/responses": RESPONSES,
    "/responses": RESPONSES,
    **PATHS,
}

ELSEWHERE = {"/api/": error}
"""How errors are told below a path that belongs to another protocol as a whole."""


def telling(path: str) -> Callable[[int, bytes, str], bytes] | None:
    """How errors are told at a path; None for OpenAI's shape."""
    front = FRONTS.get(path)
    if front is not None:
        return front.error
    return next((tell for start, tell in ELSEWHERE.items() if path.startswith(start)), None)
