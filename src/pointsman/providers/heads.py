"""What a provider's key is sent as, and what else the head of every request to it says: a row a kind."""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Provider
from pointsman.model.secret import Key


class Head(msgspec.Struct, frozen=True):
    """``key`` is the line that carries the key, in the place of ``{}``; ``more`` are lines that are always there."""

    key: str = "authorization: Bearer {}"
    more: tuple[str, ...] = ()


USUAL = Head()

AZURE = Head("api-key: {}")

HEADS: dict[str, Head] = {
    "azure": AZURE,
    "azure_ai": AZURE,
    "anthropic": Head("x-api-key: {}", ("anthropic-version: 2023-06-01",)),
}
"""Kinds that differ from ``USUAL``. Anthropic's version is the last that has a temperature."""


def head_lines(provider: Provider, key: Key | None = None) -> str:
    """Ready header lines, each with its CRLF; the key is in the clear among them: ``key``, or else the first."""
    head = HEADS.get(provider.kind, USUAL)
    secret = key.secret if key is not None else provider.api_key
    sent = (head.key.format(secret.reveal()),) if secret else ()
    return "".join(f"{line}\r\n" for line in (*head.more, *sent))
