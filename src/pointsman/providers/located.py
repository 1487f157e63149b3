"""Where a provider's endpoints are: paths below its base URL, by its kind's profile."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from pointsman.model.deployment import Provider
from pointsman.providers.profiles import PROFILES
from pointsman.providers.shapes import Inexpressible, names_version

MODEL = "{model}"
NO_NAMES = frozenset({"", ".", ".."})
"""What stands in a path for another place, quoted or not."""


def located(provider: Provider, path: str, model: str = "") -> str:
    """Where the provider has what OpenAI has at this path below ``/v1``. ``model`` is what the provider calls it; some
    have it in their paths. Raises Inexpressible for a name that is none there.
    """
    found = _template(provider.kind, provider.base_url, provider.api_version, path)
    return found.replace(MODEL, part_of_path(model)) if MODEL in found else found


def part_of_path(model: str) -> str:
    """A model's name as one part of a path, whatever is in it. Raises Inexpressible."""
    if model in NO_NAMES:
        raise Inexpressible("model", "no model has such a name")
    return quote(model, safe="")


@lru_cache(4096)
def _template(kind: str, base_url: str, api_version: str | None, path: str) -> str:
    profile = PROFILES[kind]
    prefix = "" if names_version(base_url) else profile.prefixes.get(path, profile.prefix)
    query = f"?api-version={quote(api_version)}" if profile.versions and api_version else ""
    return f"{prefix}{path}{query}"
