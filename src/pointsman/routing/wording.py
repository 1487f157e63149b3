"""What of a request can be said to whom: fields that a deployment's provider is known to have no words for."""

from __future__ import annotations

from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.lacking import FIRM, lacking
from pointsman.providers.spoken import speaks, translating

CHOOSY = frozenset([kind for kind, dialect in DIALECTS.items() if dialect.lacks or dialect.takes is not None])
"""Kinds that are known to have no words for some fields."""


def unworded(deployment: Deployment, request: Request) -> tuple[str, ...]:
    """The request's fields that its provider has no words for, as far as they would be sent to it. Those of another
    protocol come first.
    """
    kind, native = deployment.provider.kind, request.native
    if kind not in CHOOSY and native is None:
        return ()
    if native is not None and speaks(deployment, native.protocol):
        return ()
    dialect = DIALECTS[kind] if native is None else translating(deployment)
    found = lacking(request.body, dialect.lacks, dialect.takes)
    if native is not None and native.lost:
        found = (*native.lost, *found)
    out = deployment.additional_drop_params
    return tuple([name for name in found if name not in out]) if out else found


def may_drop(deployment: Deployment, request: Request) -> bool:
    """May fields be left out for it? The caller's word counts first."""
    wished = request.drop_params
    return bool(deployment.drop_params if wished is None else wished)


def wordless(deployment: Deployment, request: Request) -> str | None:
    """What of the request can't be said to the deployment, nor be left out; None if it can be asked."""
    fields, native = unworded(deployment, request), request.native
    if fields and may_drop(deployment, request):
        fields = tuple([name for name in fields if name in FIRM])
    if not fields:
        return None
    if native is not None and fields[0] in native.lost:
        told = ", ".join([what or name for name, what in native.lost.items()])
        return f"only a provider that speaks the {native.protocol} protocol can take {told}"
    return f"{deployment.provider.kind} has no words for {', '.join(fields)}"
