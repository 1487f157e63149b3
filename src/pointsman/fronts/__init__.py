"""The protocols that callers speak besides OpenAI's, by the paths at which they do."""

from __future__ import annotations

from pointsman.fronts.anthropic import MESSAGES, TOKENS
from pointsman.fronts.responses import RESPONSES
from pointsman.fronts.shapes import Front

FRONTS: dict[str, Front] = {
    "/v1/messages": MESSAGES,
    "/v1/messages/count_tokens": TOKENS,
    "/v1/responses": RESPONSES,
    "/responses": RESPONSES,
}
