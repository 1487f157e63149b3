"""What a server's own list says of its models. Facts, as they were told; who asks for them is ``flow/watch.py``."""

from __future__ import annotations

import msgspec

MOST = 1000
"""Models of one list; those behind them are not heard."""

LONGEST = 200
"""Characters of a model's name."""


class Card(msgspec.Struct, frozen=True, gc=False):
    """One model: ``size`` in billions of parameters, ``context`` and ``max_output`` in tokens of a prompt and of an
    answer, prices in dollars a token, whether it takes images and tools; None where the list does not say.

    ``source``: who tells the context, if it is not the server itself.
    """

    size: float | None = None
    context: int | None = None
    source: str | None = None
    max_output: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    input_cost: float | None = None
    output_cost: float | None = None
    cached_cost: float | None = None
    written_cost: float | None = None


class Listing(msgspec.Struct, frozen=True):
    """A whole list: ``cards`` by the models' names, in the server's order; ``spellings`` are other words for them.

    ``any_name``: the server has one model, and answers with it whatever it is asked for. ``editions``: words that
    change when a model under the same name does, where the server has such words.
    """

    cards: dict[str, Card] = {}
    spellings: dict[str, str] = {}
    any_name: bool = False
    editions: dict[str, str] = {}

    def name(self, model: str | None) -> str | None:
        """The listed name that a word means."""
        return self.spellings.get(model, model) if model is not None else None

    def card(self, model: str | None) -> Card | None:
        """What is said of a model; of None, of every model there."""
        if self.any_name:
            return next(iter(self.cards.values()), None)
        if model is not None:
            return self.cards.get(self.spellings.get(model, model))
        contexts = {card.context for card in self.cards.values()}
        return Card(context=contexts.pop()) if len(contexts) == 1 else None


def usable(name: object) -> bool:
    """True for what can be a model's name here: text, printable, of sensible length, no wildcard."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable() and "*" not in name
