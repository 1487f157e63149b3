"""Models that a library asks for us: OpenAI's format towards it, and only those models that the configuration names.

The name of a model says which service is asked, and the provider's key goes there: no caller may choose that.
"""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers import openai
from pointsman.providers.shapes import Inexpressible


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible."""
    if deployment.model is None:
        raise Inexpressible("model", "this provider serves only what the configuration lists of it")
    return openai.write(request, deployment, model)


DIALECT = msgspec.structs.replace(openai.DIALECT, write=write)
