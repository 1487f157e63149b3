"""Assembly of the ASGI side: paths to endpoints, errors to responses. Inference never comes here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from pointsman.admin import admin_routes
from pointsman.errors import MethodNotAllowed, PointsmanError, RequestRefused, UnknownPath
from pointsman.fronts import telling
from pointsman.fronts.anthropic import MESSAGES
from pointsman.gateway.doors import HOT
from pointsman.gateway.endpoints import Endpoints
from pointsman.gateway.errors import error_response
from pointsman.gateway.gateway import Gateway
from pointsman.gateway.headers import identity
from pointsman.gateway.inference import Inference
from pointsman.gateway.ollama_api import ollama_routes
from pointsman.gateway.pages import is_anthropic
from pointsman.telemetry.log import logger

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


class App(Starlette):
    """Every request has an id, ``state.request_id``, and every response says it, whatever became of the request."""

    def __init__(self, inference: Inference, **more: Any) -> None:
        super().__init__(**more)
        self._inference = inference

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request_id = self._inference.runtime.new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def identified(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *identity(request_id, self._inference.litellm)]
            await send(message)

        await super().__call__(scope, receive, identified)


def build_app(gateway: Gateway) -> Starlette:
    """The application that uvicorn hosts."""
    inference, ends = gateway.inference, Endpoints(gateway)
    get = ["GET"]
    routes = [
        *admin_routes(inference.runtime, lambda http: inference.keys.check(dict(http.headers.raw))),
        Route("/v1/models", ends.models, methods=get),
        Route("/models", ends.models, methods=get),
        Route("/v1/models/{id:path}", ends.model, methods=get),
        Route("/v1/model/info", ends.model_info, methods=get),
        Route("/model/info", ends.model_info, methods=get),
        Route("/v1/route", ends.route, methods=["POST"]),
        Route("/config/reload", ends.reload, methods=["POST"]),
        Route("/v1/decisions/{request_id}", ends.decision, methods=get),
        Route("/stats", ends.stats, methods=get),
        Route("/metrics", ends.metrics, methods=get),
        Route("/health", ends.health, methods=get),
        Route("/health/liveliness", ends.alive, methods=get),
        Route("/health/liveness", ends.alive, methods=get),
        Route("/health/readiness", ends.ready, methods=get),
        *ollama_routes(gateway),
        *[Route(path, _only_post, methods=["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "POST"]) for path in HOT],
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        gateway.open()
        yield
        gateway.close()

    handlers = {PointsmanError: _refused, HTTPException: _unrouted, ClientDisconnect: _gone, Exception: _broken}
    app = App(inference, routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a redirect would repeat the caller's Host header back to him
    return app


async def _only_post(http: HttpRequest) -> Response:
    if http.method == "POST":  # the lane takes it only as it is written in the list
        raise UnknownPath("write the path without escapes")
    raise MethodNotAllowed("this path takes POST", allow="POST")


def _render(http: HttpRequest, error: PointsmanError) -> Response:
    status, headers, body = error_response(error)
    tell = MESSAGES.error if is_anthropic(http.headers) else telling(http.url.path)
    if tell is not None:
        body = tell(status, body, http.state.request_id)
    return Response(body, status, headers, media_type="application/json")


async def _refused(http: HttpRequest, error: Exception) -> Response:
    if not isinstance(error, PointsmanError):
        raise error
    return _render(http, error)


async def _unrouted(http: HttpRequest, error: Exception) -> Response:
    """Starlette's own 404 and 405, in our shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        allowed = (error.headers or {}).get("Allow", "") if isinstance(error, HTTPException) else ""
        allow = ", ".join(sorted(allowed.split(", ")))
        return _render(http, MethodNotAllowed(f"this path takes {allow}, not {http.method}", allow=allow))
    if status == 404:
        return _render(http, UnknownPath("there is nothing at this path"))
    refused = RequestRefused("the request can't be served")
    refused.status = status
    return _render(http, refused)


async def _gone(_http: HttpRequest, _error: Exception) -> Response:
    """Nobody reads this: the caller left within the body, or was told already that nobody waits for it any more."""
    return Response(status_code=499)


async def _broken(http: HttpRequest, error: Exception) -> Response:
    logger().error("internal_error", request_id=http.state.request_id, kind=type(error).__name__, exc_info=error)
    return _render(http, PointsmanError("internal error; the log knows more"))
