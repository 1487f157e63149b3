"""What a deployment charges, by the prices of the configuration, in dollars a token. A price not given is nothing."""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.request import TALKS, Request

USUAL_COMPLETION = 300
"""Tokens expected of an answer whose length the caller does not bound."""

_decode = msgspec.json.Decoder(int).decode


def price(deployment: Deployment, prompt: float, completion: float) -> float | None:
    """Dollars for so many tokens; None if nobody said."""
    if deployment.input_cost is None and deployment.output_cost is None:
        return None
    return prompt * (deployment.input_cost or 0.0) + completion * (deployment.output_cost or 0.0)


def blended(deployment: Deployment) -> float | None:
    """Dollars a token where three in four are the prompt's: the usual mix of a conversation."""
    return price(deployment, 0.75, 0.25)


def expected(request: Request) -> tuple[int, int]:
    """Tokens of prompt and completion that a request is likely to be charged for."""
    if request.endpoint not in TALKS:
        return max(request.tokens, 1), 0
    bounds = (_bound(request, field) for field in ("max_completion_tokens", "max_tokens"))
    return request.tokens, min(USUAL_COMPLETION, *bounds)


def _bound(request: Request, field: str) -> int:
    raw = request.body.get(field)
    try:
        count = _decode(raw) if raw is not None else 0
    except msgspec.DecodeError:
        count = 0
    return count if count > 0 else USUAL_COMPLETION
