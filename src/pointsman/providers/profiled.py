"""OpenAI's wire format as a profile has it: other paths, fields under other names, and fields left out.

What a profile says is looked at once, when the dialect is made. Kinds without differences have OpenAI's own dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers import openai
from pointsman.providers.lacking import lacking, refuse, without
from pointsman.providers.located import located
from pointsman.providers.profiles import PATHS, Profile
from pointsman.providers.shapes import Dialect

V = TypeVar("V")


def dialect_of(profile: Profile, usual: Dialect) -> Dialect:
    """The dialect of one kind. ``usual`` is that of OpenAI's own API."""
    dialect = usual
    if not profile.plain:
        dialect = msgspec.structs.replace(usual, write=partial(_write, profile), lacks=profile.lacking)
    other = profile.translated
    if other is None:
        return dialect
    write = partial(_translate, other, dialect.write)
    lacks = dialect.lacks | other.lacking
    return msgspec.structs.replace(dialect, translated=msgspec.structs.replace(dialect, write=write, lacks=lacks))


def _write(profile: Profile, request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible for what it lacks; of that, what asks for nothing is left out."""
    wire = openai.write(*_worded(profile, request, deployment), model)
    return msgspec.structs.replace(wire, path=located(deployment.provider, PATHS[request.endpoint], model))


def _translate(
    profile: Profile, write: Callable[..., WireRequest], request: Request, deployment: Deployment, model: str
) -> WireRequest:
    """Completions have kept the older names. Raises Inexpressible."""
    if request.endpoint != "chat":
        profile = msgspec.structs.replace(profile, renamed={})
    return write(*_worded(profile, request, deployment), model)


def _worded(profile: Profile, request: Request, deployment: Deployment) -> tuple[Request, Deployment]:
    """With the fields that there are, by the names that they have. Raises Inexpressible for others."""
    refuse(lacking(request.body, profile.lacking))
    odd = profile.renamed.keys() | profile.needless
    if not (odd | profile.lacking).isdisjoint(request.body):
        body = _reworded(profile, without(request.body, profile.lacking))
        request = msgspec.structs.replace(request, body=body)
    if not odd.isdisjoint(deployment.params):
        deployment = msgspec.structs.replace(deployment, params=_reworded(profile, deployment.params))
    return request, deployment


def _reworded(profile: Profile, fields: Mapping[str, V]) -> dict[str, V]:
    """The fields by their names here; one that is there under both counts by the name that it has here."""
    kept = {name: value for name, value in fields.items() if name not in profile.needless}
    return {new: kept.get(new, value) for name, value in kept.items() if (new := profile.renamed.get(name, name))}
