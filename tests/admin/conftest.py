"""The admin room on a runtime of its own: a client that speaks to its routes, and requests that have happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.testclient import TestClient

from pointsman.admin import admin_routes
from pointsman.errors import PointsmanError, Unauthorized
from pointsman.fakes import deployment, request, settings
from pointsman.gateway.errors import error_response
from pointsman.model.outcome import Attempt, FailureKind, Outcome
from pointsman.runtime import Runtime
from pointsman.telemetry.events import Finished

KEY = {"authorization": "Bearer sk-admin-0123456789"}


def admit(http: HttpRequest) -> None:
    if http.headers.get("authorization") != KEY["authorization"]:
        raise Unauthorized("the API key is not known here")


async def refused(_http: HttpRequest, error: Exception) -> Response:
    status, headers, body = error_response(error)
    return Response(body, status, headers, media_type="application/json")


@pytest.fixture
def key() -> dict[str, str]:
    return KEY


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(settings(deployment("a"), deployment("b")))


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    app = Starlette(routes=admin_routes(runtime, admit), exception_handlers={PointsmanError: refused})
    with TestClient(app) as speaking:
        yield speaking


Happen = Callable[..., Finished]


@pytest.fixture
def happen(runtime: Runtime) -> Happen:
    """Let a request be over: ``happen("r1", failure=FailureKind.TIMEOUT)``."""

    def happened(
        request_id: str, model: str | None = "m", failure: FailureKind | None = None, *, asked: bool = True
    ) -> Finished:
        status = 200 if failure is None and asked else 503
        tried = (Attempt("a", "m", failure, 0.25, status, "", 0),) if asked else ()
        event = Finished(
            request_id,
            "chat",
            model,
            runtime.decide(request("m")) if asked else None,
            Outcome(failure, status, tried, seconds=0.5),
            "a" if asked else "",
            "up" if asked else "",
            1_700_000_000.0,
            None if asked else "nobody is fit",
        )
        runtime.finished(event)
        return event

    return happened
