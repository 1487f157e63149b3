"""What a request needs of a model, and whom that is known to be beyond. What nobody said of a model excludes it from
nothing; what its server's list says, and how long its answers get at most, only lets others come first.
"""

from __future__ import annotations

from functools import cached_property

from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.routing import features
from pointsman.routing.wording import wordless


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
    """Why the deployment can't serve the request, however it is: it is beyond it, or there are no words for it."""
    reason = beyond(deployment, request) if deployment.picky else None
    return reason or wordless(deployment, request)


class Wants:
    """What a request asks for beyond an answer."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.length = features.answer_tokens(request)

    def any_of(self, words: frozenset[str]) -> bool:
        """Is any of these asked for: vision, tools?"""
        return ("vision" in words and self.images) or ("tools" in words and self.tools)

    @cached_property
    def images(self) -> bool:
        return features.has_images(self._request)

    @cached_property
    def tools(self) -> bool:
        return features.has_tools(self._request)


def short_of(deployment: Deployment, wants: Wants) -> str | None:
    """Why a deployment is known to give less than is wanted of it, though it may be asked; None if it is not."""
    longest, lacking = deployment.longest, deployment.lacking
    if longest is not None and wants.length is not None and wants.length > longest:
        return f"its answers have at most {deployment.longest_told} tokens, and {wants.length} are asked for"
    if "vision" in lacking and wants.images:
        return f"{deployment.lister} says that it takes no images"
    if "tools" in lacking and wants.tools:
        return f"{deployment.lister} says that it takes no tools"
    return None
