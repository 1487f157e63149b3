"""What is known of a deployment beyond its configuration: by its provider's own list, and by tables of prices.

The configuration counts first, then the server's own word, then a table's; but a table of one's own says what is
charged before the server does. Prices are all of one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pointsman.config.kinds import UNBILLED
from pointsman.config.settings import RouterSettings
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.listing import Card, Listing
from pointsman.model.outcome import MOST_TOKENS
from pointsman.model.prices import MILLION, Price, PriceTable


def known(
    deployment: Deployment, prices: Sequence[PriceTable], lists: Mapping[Provider, Listing], router: RouterSettings
) -> Deployment:
    """With what is known of its model. A context that is not configured binds only where that is wished for. Of the two
    prices there are none or both: one that is not given beside the other is nothing.
    """
    listing = lists.get(deployment.provider) if lists else None
    listed = listing.card(deployment.model) if listing is not None else None
    changed = _told(deployment, listed, prices) if deployment.model is not None else {}
    card = _card(deployment, listed, changed.get("listed", deployment.listed))
    if card is not None:
        changed["listed"] = card
        if router.pre_call_checks and deployment.context is None:
            changed["context"] = card.context
    if (deployment.input_cost is None) != (deployment.output_cost is None):
        changed |= {"input_cost": deployment.input_cost or 0.0, "output_cost": deployment.output_cost or 0.0}
    if not changed:
        return deployment
    found: Deployment = msgspec.structs.replace(deployment, **changed)
    return found


def _card(deployment: Deployment, card: Card | None, table: Card | None) -> Card | None:
    """What its provider lists of it; a context that is not listed, as the table tells it. A context that its requests
    ask for is the one that it gets, whatever is listed.
    """
    if card is not None and card.context is not None:
        own = _asked_for(deployment)
        return card if own is None else msgspec.structs.replace(card, context=own, source="its num_ctx")
    if card is None or table is None:
        return card or table
    found: Card = msgspec.structs.replace(card, context=table.context, source=table.source)
    return found


def _asked_for(deployment: Deployment) -> int | None:
    """Ollama's ``num_ctx``, among the parameters or the options."""
    options = deployment.params.get("options")
    for fields in (deployment.params, options if isinstance(options, dict) else {}):
        told = fields.get("num_ctx")
        if deployment.provider.kind == "ollama" and type(told) is int and 0 < told <= MOST_TOKENS:
            return told
    return None


def _told(deployment: Deployment, listed: Card | None, prices: Sequence[PriceTable]) -> dict[str, Any]:
    """What changes by its provider's list and by a table."""
    table, price, source = _row(deployment, prices)
    changed = _traits(deployment, price, source) if price is not None else {}
    for trait in ("vision", "tools"):
        if listed is not None and getattr(listed, trait) is not None:
            changed.pop(trait, None)
    if _billed(deployment):
        return changed
    if listed is not None and listed.input_cost is not None and (table is None or table is prices[-1]):
        return changed | _listed_charges(deployment, listed)
    return changed | _charges(deployment, price, source) if price is not None else changed


def _row(deployment: Deployment, prices: Sequence[PriceTable]) -> tuple[PriceTable | None, Price | None, str]:
    """The first table that has its model at its provider's address, what it says, and whose word that is. A server of
    one's own is billed by nobody.
    """
    if prices and deployment.provider.kind not in UNBILLED:
        host = urlsplit(deployment.provider.base_url).netloc
        for table in prices:
            found = table.hosts.get(host)
            price = found.price(deployment.model or "") if found is not None else None
            if found is not None and price is not None:
                return table, price, found.told
    return None, None, ""


def _listed_charges(deployment: Deployment, card: Card) -> dict[str, Any]:
    """Prices, all of them the list's."""
    return {
        "input_cost": card.input_cost,
        "output_cost": card.output_cost,
        "cached_cost": _first(deployment.cached_cost, card.cached_cost),
        "written_cost": _first(deployment.written_cost, card.written_cost),
        "price_source": deployment.lister,
    }


def _charges(deployment: Deployment, price: Price, source: str) -> dict[str, Any]:
    """Prices, all of them the table's; but the configuration may say one of a cache alone."""
    return {
        "input_cost": price.input / MILLION,
        "output_cost": price.output / MILLION,
        "cached_cost": _first(deployment.cached_cost, _a_token(price.cached)),
        "written_cost": _first(deployment.written_cost, _a_token(price.written)),
        "written_hour_cost": _first(deployment.written_hour_cost, _a_token(price.written_hour)),
        "price_up_to": price.up_to,
        "price_source": source,
    }


def _billed(deployment: Deployment) -> bool:
    """Does the configuration say what it charges?"""
    return deployment.input_cost is not None or deployment.output_cost is not None


def _a_token(dollars: float | None) -> float | None:
    return None if dollars is None else dollars / MILLION


def _first(said: float | None, told: float | None) -> float | None:
    return told if said is None else said


def _traits(deployment: Deployment, price: Price, source: str) -> dict[str, Any]:
    traits: dict[str, Any] = {}
    if price.context is not None:
        traits["listed"] = Card(context=price.context, source=source)
    if deployment.vision is None and price.vision is not None:
        traits["vision"] = price.vision
    if deployment.tools is None and price.tools is not None:
        traits["tools"] = price.tools
    return traits
