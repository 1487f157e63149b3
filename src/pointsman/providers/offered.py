"""Which endpoints a deployment's provider has: what the configuration says of it, else its service's reference."""

from __future__ import annotations

from pointsman.model.deployment import Deployment, Provider
from pointsman.providers.profiles import PATHS, SERVICES

OFFICIAL = "https://api.openai.com"
"""Where the kind ``openai`` is OpenAI itself; elsewhere it is any server that takes its format."""


def offered(deployment: Deployment, endpoint: str) -> bool | None:
    """Whether an endpoint of PATHS is there; None: nobody knows. Of servers that people run themselves it depends on
    the version, so only the configuration says it (``model_info.supported_endpoints``, a list of paths).
    """
    told, at = deployment.info.get("supported_endpoints"), deployment.provider
    if isinstance(told, list):
        return f"/v1{PATHS[endpoint]}" in told
    profile = SERVICES.get(at.kind)
    if profile is None or profile.endpoints is None or not hosted(at):
        return None
    return endpoint in profile.endpoints and not _older(at.api_version, profile.since.get(endpoint))


def _older(version: str | None, since: str | None) -> bool:
    """Versions begin with their day; those that don't (``preview``) are the newest."""
    return version is not None and since is not None and "" < version[: len(since)] < since


def hosted(provider: Provider) -> bool:
    """False if it is somebody else's server that takes OpenAI's format."""
    return provider.kind != "openai" or provider.base_url == OFFICIAL or provider.base_url.startswith(f"{OFFICIAL}/")
