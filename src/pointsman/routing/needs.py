"""What a request needs of a model, and whom that is known to be beyond. What nobody said of a model excludes it from
nothing.
"""

from __future__ import annotations

from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.routing import features


def too_long(deployment: Deployment, request: Request) -> bool:
    """Is the request known to be longer than the deployment's context?"""
    context = deployment.context
    return context is not None and request.tokens > context and features.text_tokens(request) > context


def beyond(deployment: Deployment, request: Request) -> str | None:
    """Why the request is known to be beyond the deployment; None if it is not."""
    if too_long(deployment, request):
        tokens = features.text_tokens(request)
        return f"a request of about {tokens} tokens is beyond its context of {deployment.window_told}"
    if deployment.vision is False and features.has_images(request):
        return "it takes no images"
    if deployment.tools is False and features.has_tools(request):
        return "it takes no tools"
    return None


def unfit(deployment: Deployment, request: Request) -> str | None:
    """``beyond``, for deployments of which anything is known at all."""
    return beyond(deployment, request) if deployment.picky else None
