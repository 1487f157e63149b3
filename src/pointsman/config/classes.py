"""The well-known kinds of work: understood by name alone, in ``tasks`` and as the semantic router's categories."""

from __future__ import annotations

CLASSES: dict[str, tuple[str, ...]] = {
    "vision": ("image", "images", "multimodal"),
    "tool_calling": ("tools", "tool", "tool_use", "function_calling", "functions", "action", "actions"),
    "memory": ("recall", "retrieval"),
    "reasoning": ("logic", "thinking", "planning"),
    "code": ("coding", "programming", "code_generation", "software", "development"),
    "math": ("maths", "mathematics"),
    "knowledge": ("facts", "factual", "qa", "trivia"),
    "chat": ("conversation", "small_talk", "smalltalk", "chitchat"),
}
"""Class -> other words for it."""

_KNOWN = {word: name for name, words in CLASSES.items() for word in (name, *words)}


def class_of(name: str) -> str | None:
    """The well-known class that a task or category is named after: in any case, with any sign between words."""
    return _KNOWN.get(name.strip().lower().replace("-", "_").replace(" ", "_"))
