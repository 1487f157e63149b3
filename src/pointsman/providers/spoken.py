"""Which protocols a deployment speaks beside its own: what the configuration says of it, else what its kind does."""

from __future__ import annotations

from pointsman.model.deployment import Deployment
from pointsman.providers import DIALECTS

PATHS = {"responses": "/v1/responses", "anthropic": "/v1/messages"}
"""Protocols that some OpenAI-compatible servers speak, by the paths that ``model_info.supported_endpoints`` has for
them.
"""

OFFICIAL = {"responses": frozenset({"https://api.openai.com"})}
"""Where one is spoken for certain. Other servers are asked in their own words, which always works."""


def speaks(deployment: Deployment, protocol: str) -> bool:
    """Whether a request in that protocol may go to the deployment as it is."""
    at = deployment.provider
    if protocol not in DIALECTS[at.kind].natives:
        return False
    if protocol not in PATHS or protocol == at.kind:
        return True
    told = deployment.info.get("supported_endpoints")
    if isinstance(told, list):
        return PATHS[protocol] in told
    return at.base_url in OFFICIAL.get(protocol, ())
