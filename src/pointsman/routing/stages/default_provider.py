"""Default: takes every name that nobody else settled, and requests that name none if the provider has a model.

The default provider comes first; without one, the first of ``default_fallbacks`` that anybody serves catches a name
that is served nowhere, and leads where it always leads.
"""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.tagging import suited
from pointsman.routing.topology import Topology


def default_provider(asked: Asked, found: Found, topology: Topology) -> Settled | str:
    name = found.name if found.name not in topology.entries else None
    provider = topology.default_provider
    if provider is None or provider not in topology.providers:
        return _default_fallback(name, topology)
    if name is not None:
        reason = f"default provider {provider} serves {name!r}"
        return Settled(name, reason, topology.served_by(provider, name))
    model = next((d.model_name for d in topology.house(provider)), None)
    if model is None:
        return f"default provider {provider} has no default_model and the request names none"
    pool = suited(topology.served_by(provider, model), asked.tags, asked.agent, topology)
    return Settled(model, f"default provider {provider} serves {model!r}", pool)


def _default_fallback(name: str | None, topology: Topology) -> Settled | str:
    """A name that is served nowhere; a request without one is not caught."""
    for group in topology.default_fallbacks if name is not None else ():
        if topology.named(group):
            return Settled(name, f"no default provider; default fallback {group!r}", model=group)
    return "no default provider configured"
