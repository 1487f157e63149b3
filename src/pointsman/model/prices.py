"""What hosted models charge, as lists say it, and what a request comes to. Facts and arithmetic; who reads the lists is
``config/prices.py``.
"""

from __future__ import annotations

import re
from datetime import date

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.outcome import Usage

MILLION = 1_000_000

DATED = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})$")
"""The end of a snapshot's name: it is charged as the name without it, unless it has a row of its own."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model: dollars a million tokens of prompt, of prompt from a cache (None: as any other) and of completion;
    ``written``: of prompt that is put into a cache (None: likewise), ``written_hour``: for an hour (None: as that).

    Prompts of more than ``up_to`` tokens are charged otherwise, which no list here tells. ``context`` is in tokens;
    None where the list does not say.
    """

    input: float
    output: float = 0.0
    cached: float | None = None
    written: float | None = None
    written_hour: float | None = None
    up_to: int | None = None
    context: int | None = None
    vision: bool | None = None
    tools: bool | None = None

    def __post_init__(self) -> None:
        if min(self.input, self.output, self.cached or 0.0, self.written or 0.0, self.written_hour or 0.0) < 0:
            raise ValueError("a price is not below 0")


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The models of one service, as its own page ``source`` said on that day."""

    as_of: date
    models: dict[str, Price]
    source: str = ""

    @property
    def told(self) -> str:
        """Whose word it is."""
        return f"table of {self.as_of.isoformat()}"

    def price(self, model: str) -> Price | None:
        """Of a model by its name, or of the one that it is a snapshot of."""
        return self.models.get(model) or self.models.get(DATED.sub("", model))


class PriceTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lists by the service's host, with its port if it has one."""

    hosts: dict[str, PriceList]


def cost(deployment: Deployment, usage: Usage) -> float | None:
    """Dollars that a deployment charges for an answer; None if nobody knows. A price not given is nothing.

    What is no prompt of all its tokens is completion: some count thoughts in the total alone.
    """
    into, out = deployment.input_cost, deployment.output_cost
    if into is None and out is None:
        return None
    into, prompt = into or 0.0, usage.prompt_tokens
    if deployment.price_up_to is not None and prompt > deployment.price_up_to:
        return None
    completion = max(usage.completion_tokens, usage.total_tokens - prompt)
    dollars = prompt * into + completion * (out or 0.0)
    if deployment.cached_cost is not None:
        dollars += min(usage.cached_tokens, prompt) * (deployment.cached_cost - into)
    return dollars + _for_writing(deployment, usage, into)


def _for_writing(deployment: Deployment, usage: Usage, into: float) -> float:
    """What tokens that were put into a cache cost beyond what they cost as a prompt's."""
    written = min(usage.written_tokens, max(usage.prompt_tokens - usage.cached_tokens, 0))
    if not written:
        return 0.0
    hour = min(usage.written_hour_tokens, written)
    short = into if deployment.written_cost is None else deployment.written_cost
    long = short if deployment.written_hour_cost is None else deployment.written_hour_cost
    return (written - hour) * (short - into) + hour * (long - into)


def dollars_told(dollars: float) -> str:
    """As a plain decimal, without an exponent."""
    return f"{dollars:.12f}".rstrip("0").rstrip(".")
