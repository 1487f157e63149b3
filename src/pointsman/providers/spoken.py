"""Which protocols a deployment speaks beside its own: what the configuration says of it, else what its kind does."""

from __future__ import annotations

from pointsman.model.deployment import Deployment
from pointsman.providers import DIALECTS
from pointsman.providers.offered import hosted, offered
from pointsman.providers.shapes import Dialect

ENDPOINTS = {"responses": "responses", "anthropic": "messages"}
"""Protocols that some who take OpenAI's format speak as well -> the endpoint that is theirs."""


def speaks(deployment: Deployment, protocol: str) -> bool:
    """Whether a request in that protocol may go to the deployment as it is. Services do if their reference says so; of
    servers that people run themselves it depends on the version, so the configuration says it
    (``model_info.supported_endpoints``): asked in chat's words they answer in any case.
    """
    at = deployment.provider
    if protocol not in DIALECTS[at.kind].natives:
        return False
    endpoint = ENDPOINTS.get(protocol)
    if endpoint is None or protocol == at.kind:
        return True
    return bool(offered(deployment, endpoint))


def translating(deployment: Deployment) -> Dialect:
    """How it is asked what came in a protocol's words that it does not speak."""
    dialect = DIALECTS[deployment.provider.kind]
    return dialect.translated if dialect.translated is not None and hosted(deployment.provider) else dialect
