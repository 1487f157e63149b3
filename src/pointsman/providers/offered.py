"""Which endpoints a deployment's provider has: what the configuration says of it, else its service's reference."""

from __future__ import annotations

from pointsman.model.deployment import Deployment
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
    known = SERVICES[at.kind].endpoints if at.kind in SERVICES else None
    if known is None or (at.kind == "openai" and at.base_url != OFFICIAL):
        return None
    return endpoint in known
