"""The response headers that say which request it was, who answered and how it came about."""

from __future__ import annotations

from urllib.parse import quote

from pointsman.model.decision import Decision, Leg
from pointsman.model.outcome import Attempt, Outcome, fallbacks
from pointsman.model.prices import dollars_told

MOST = 10_000
"""Rendered heads remembered; names come from callers, so there must be an end."""

_SAFE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) != "%") + " "

LONGEST = 1024
"""Characters of one value."""

Key = tuple[str, str, str, str, str, str, int, int]

_heads: dict[Key, bytes] = {}
_litellm_heads: dict[Key, bytes] = {}


def identity(request_id: str, litellm: bool) -> list[tuple[bytes, bytes]]:
    """The headers of every response, of a refusal too."""
    names = (b"x-pointsman-request-id", b"x-litellm-call-id") if litellm else (b"x-pointsman-request-id",)
    return [(name, request_id.encode()) for name in names]


def decision_head(request_id: str, decision: Decision, leg: Leg, earlier: tuple[Attempt, ...], litellm: bool) -> bytes:
    """Header lines of a response that ``leg`` gave after the ``earlier`` attempts, its identity first.

    ``litellm``: also by the names that scripts written for LiteLLM read.
    """
    at, group = leg.deployment, decision.tiers[0].group
    counts = len(earlier) + 1, fallbacks(earlier, leg.tier)
    key = (at.id, at.provider.name, leg.model, decision.route, decision.strategy, group, *counts)
    head = b"x-pointsman-request-id: %b\r\n%b" % (request_id.encode(), _heads.get(key) or _render(key))
    if litellm:
        head += b"x-litellm-call-id: %b\r\n%b" % (request_id.encode(), _litellm_heads[key])
    return head


def cost_head(outcome: Outcome, litellm: bool) -> bytes:
    """Header lines of what a whole answer cost, empty if nobody knows. What is known is told when an answer is whole;
    a stream's head is sent before.
    """
    dollars = outcome.cost
    if dollars is None:
        return b""
    told = dollars_told(dollars).encode()
    head = b"x-pointsman-cost: %b\r\n" % told
    if outcome.usage.estimated:
        head += b"x-pointsman-cost-estimated: true\r\n"
    return head + b"x-litellm-response-cost: %b\r\n" % told if litellm else head


def dropped_head(fields: tuple[str, ...]) -> bytes:
    """The header line of what was left out of the request for who answered, empty if nothing was."""
    return f"x-pointsman-dropped: {safe(', '.join(fields))}\r\n".encode() if fields else b""


def safe(value: str) -> str:
    """A value that can stand in a header: everything but visible ASCII and spaces percent-encoded."""
    found = quote(value, safe=_SAFE)
    while len(found) > LONGEST:  # the name is cut, not its escapes
        value = value[: len(value) * LONGEST // len(found)]
        found = quote(value, safe=_SAFE)
    return found


def _render(key: Key) -> bytes:
    """Both heads of a key, remembered."""
    deployment, provider, model, route, strategy, group, attempts, turns = key
    if len(_heads) >= MOST:
        _heads.clear()
        _litellm_heads.clear()
    head = _heads[key] = _lines(
        "x-pointsman-",
        {
            "deployment": deployment,
            "provider": provider,
            "model": model,
            "route": route,
            "strategy": strategy,
            "attempts": attempts,
            "fallbacks": turns,
            "cache": "bypass",
        },
    )
    _litellm_heads[key] = _lines(
        "x-litellm-",
        {
            "model-id": deployment,
            "model-group": group,
            "attempted-retries": max(attempts - 1 - turns, 0),
            "attempted-fallbacks": turns,
        },
    )
    return head


def _lines(prefix: str, values: dict[str, str | int]) -> bytes:
    return "".join(f"{prefix}{name}: {safe(str(value))}\r\n" for name, value in values.items()).encode()
