"""What is known of a deployment beyond its configuration: by its provider's own list, and by tables of prices.

The configuration counts first, then the server's own word, then a table's.
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
from pointsman.model.prices import MILLION, Price, PriceTable


def known(
    deployment: Deployment, prices: Sequence[PriceTable], lists: Mapping[Provider, Listing], router: RouterSettings
) -> Deployment:
    """With what is known of its model. A context that is not configured binds only where that is wished for. Of the two
    prices there are none or both: one that is not given beside the other is nothing.
    """
    changed = _priced(deployment, prices) if prices and deployment.model is not None else {}
    card = _card(deployment, lists, changed.get("listed", deployment.listed))
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


def _card(deployment: Deployment, lists: Mapping[Provider, Listing], table: Card | None) -> Card | None:
    """What its provider lists of it; a context that is not listed, as the table tells it."""
    listing = lists.get(deployment.provider) if lists else None
    card = listing.card(deployment.model) if listing is not None else None
    if card is None or table is None or card.context is not None:
        return card or table
    return Card(card.size, table.context, table.source)


def _priced(deployment: Deployment, prices: Sequence[PriceTable]) -> dict[str, Any]:
    """What changes by the first table that has its model at its provider's address. A server of one's own is billed by
    nobody.
    """
    if deployment.provider.kind in UNBILLED:
        return {}
    host = urlsplit(deployment.provider.base_url).netloc
    for table in prices:
        found = table.hosts.get(host)
        price = found.price(deployment.model or "") if found is not None else None
        if found is not None and price is not None:
            return {**_charges(deployment, price, found.told), **_traits(deployment, price, found.told)}
    return {}


def _charges(deployment: Deployment, price: Price, source: str) -> dict[str, Any]:
    """Prices: all of them the table's, or none of them."""
    if deployment.input_cost is not None or deployment.output_cost is not None:
        return {}
    cached = None if price.cached is None else price.cached / MILLION
    return {
        "input_cost": price.input / MILLION,
        "output_cost": price.output / MILLION,
        "cached_cost": cached if deployment.cached_cost is None else deployment.cached_cost,
        "price_up_to": price.up_to,
        "price_source": source,
    }


def _traits(deployment: Deployment, price: Price, source: str) -> dict[str, Any]:
    traits: dict[str, Any] = {}
    if price.context is not None:
        traits["listed"] = Card(context=price.context, source=source)
    if deployment.vision is None and price.vision is not None:
        traits["vision"] = price.vision
    if deployment.tools is None and price.tools is not None:
        traits["tools"] = price.tools
    return traits
