"""Assembly of the admin room: paths to endpoints. The gateway mounts the list; errors are rendered there."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request as HttpRequest
from starlette.routing import BaseRoute, Route

from pointsman.admin.api import Api
from pointsman.admin.page import page_routes
from pointsman.runtime import Runtime


def admin_routes(runtime: Runtime, admit: Callable[[HttpRequest], None]) -> list[BaseRoute]:
    """Routes of the page and its API. ``admit`` raises Unauthorized; the page itself holds no data and needs no key."""
    api = Api(runtime, admit)
    return [*page_routes(), Route("/v1/decisions", api.decisions, methods=["GET"])]
