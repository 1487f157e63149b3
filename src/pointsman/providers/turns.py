"""OpenAI's messages as the turns of those who only let a user and an assistant speak, by turns: what the system says
stands apart, a tool's result is the user's. Whoever speaks several times in a row has one turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pointsman.providers.shapes import Inexpressible

Block = dict[str, Any]
Turn = dict[str, Any]
Speaker = tuple[str, Callable[[dict[str, Any]], list[Block]]]
"""Whose turn a message is, and the blocks that it is made of."""

SYSTEM = "system"


def turns_of(messages: Any, speakers: Mapping[str, Speaker]) -> tuple[list[Block], list[Turn]]:
    """The system's blocks, and the turns. ``speakers`` are by the role of a message. Raises Inexpressible."""
    if not isinstance(messages, list):
        raise Inexpressible("messages", "a list of messages is needed")
    system: list[Block] = []
    turns: list[Turn] = []
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Inexpressible("messages", "each message is an object with a role")
        role = message["role"]
        if role not in speakers:
            raise Inexpressible("messages", f"the role {role!r} is not known to this provider")
        whose, blocks_of = speakers[role]
        blocks = blocks_of(message)
        if whose == SYSTEM:
            system += blocks
        elif blocks and turns and turns[-1]["role"] == whose:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": whose, "content": blocks})
    return system, turns
