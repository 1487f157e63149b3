"""Default: takes every name that nobody else settled, and requests that name none if the provider has a model.

The default provider comes first; without one, the first of ``default_fallbacks`` that anybody serves catches a name
that is served nowhere, and leads where it always leads.
"""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology


def default_provider(_asked: Asked, found: Found, topology: Topology) -> Settled | str:
    name = found.name if found.name not in topology.entries else None
    provider = topology.providers.get(topology.default_provider or "")
    if provider is None:
        caught = (other for other in topology.default_fallbacks if name is not None and topology.named(other))
        group = next(caught, None)
        if group is None:
            return "no default provider configured"
        return Settled(name, f"no default provider; default fallback {group!r}", model=group)
    own = topology.owned(provider.name) if name is None else ()
    wanted = name or provider.default_model or (own[0].model_name if own else None)
    if wanted is None:
        return f"default provider {provider.name} has no default_model and the request names none"
    reason = f"default provider {provider.name} serves {wanted!r}"
    return Settled(wanted, reason, topology.served_by(provider.name, wanted))
