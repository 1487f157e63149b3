"""The response headers that say who answered and how it came about."""

from __future__ import annotations

from urllib.parse import quote

from pointsman.model.decision import Decision, Leg

MOST = 10_000
"""Rendered heads remembered; names come from callers, so there must be an end."""

_SAFE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) != "%") + " "

ATTEMPTS = [b"x-pointsman-attempts: %d\r\nx-pointsman-fallbacks: 0\r\n" % n for n in range(16)]

_heads: dict[tuple[str, str, str, str], bytes] = {}


def decision_head(request_id: str, decision: Decision, leg: Leg, attempts: int, litellm: bool) -> bytes:
    """Header lines of a response that ``leg`` gave at the ``attempts``-th attempt."""
    key = (leg.deployment.id, leg.model, decision.route, decision.strategy)
    known = _heads.get(key) or _render(key, leg, decision)
    counts = (
        ATTEMPTS[attempts]
        if leg.tier == 0 and attempts < len(ATTEMPTS)
        else b"x-pointsman-attempts: %d\r\nx-pointsman-fallbacks: %d\r\n" % (attempts, leg.tier)
    )
    head = b"x-pointsman-request-id: %b\r\n%b%b" % (request_id.encode(), known, counts)
    return head + _litellm_head(request_id, decision, leg, attempts) if litellm else head


def safe(value: str) -> str:
    """A value that can stand in a header: everything but visible ASCII and spaces percent-encoded."""
    return quote(value, safe=_SAFE)[:1024]


def _render(key: tuple[str, str, str, str], leg: Leg, decision: Decision) -> bytes:
    values = {
        "deployment": leg.deployment.id,
        "provider": leg.deployment.provider.name,
        "model": leg.model,
        "route": decision.route,
        "strategy": decision.strategy,
        "cache": "bypass",
    }
    head = "".join(f"x-pointsman-{name}: {safe(value)}\r\n" for name, value in values.items()).encode()
    if len(_heads) >= MOST:
        _heads.clear()
    _heads[key] = head
    return head


def _litellm_head(request_id: str, decision: Decision, leg: Leg, attempts: int) -> bytes:
    """The names that scripts written for LiteLLM read."""
    values = {
        "call-id": request_id,
        "model-id": leg.deployment.id,
        "model-group": decision.tiers[0].group,
        "attempted-retries": str(attempts - 1),
        "attempted-fallbacks": str(leg.tier),
    }
    return "".join(f"x-litellm-{name}: {safe(value)}\r\n" for name, value in values.items()).encode()
