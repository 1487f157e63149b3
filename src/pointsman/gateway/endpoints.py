"""Everything off the hot path: models, health, statistics, dry run, records. Thin: ask the runtime, render."""

from __future__ import annotations

import asyncio
import math
from typing import Any, cast

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from pointsman.errors import (
    ConfigurationError,
    InvalidBody,
    ModelNotFound,
    PayloadTooLarge,
    PointsmanError,
    UnknownDecision,
)
from pointsman.flow.drive import arun
from pointsman.flow.explain import Wish
from pointsman.gateway.body import AUTO, read_body, read_fields
from pointsman.gateway.catalogue import entry, info
from pointsman.gateway.doors import read_at
from pointsman.gateway.errors import error_response
from pointsman.gateway.form import is_form
from pointsman.gateway.gateway import Gateway
from pointsman.gateway.pages import card, is_anthropic, page
from pointsman.model.request import Endpoint
from pointsman.providers.lacking import without
from pointsman.routing.explain import as_data, hints_data, steps_data
from pointsman.routing.topology import Topology
from pointsman.state.breaker import State
from pointsman.telemetry.metrics import CONTENT_TYPE
from pointsman.wire.exchange import joined

_encode = msgspec.json.Encoder().encode


class Endpoints:
    """One method a path. Those behind ``_admit`` need the key."""

    def __init__(self, gateway: Gateway) -> None:
        self._inference = gateway.inference
        self._reloader = gateway.reloader
        self._runtime = gateway.inference.runtime

    async def models(self, http: HttpRequest) -> Response:
        self._admit(http)
        topology = self._runtime.topology
        names = names_of(topology)
        if is_anthropic(http.headers):
            return _json(page(names, http.query_params))
        return _json({"object": "list", "data": [entry(name, topology) for name in names]})

    async def model(self, http: HttpRequest) -> Response:
        self._admit(http)
        name = http.path_params["id"]
        topology = self._runtime.topology
        if name not in topology.public_names and name not in topology.aliases and name not in _entries(topology):
            raise ModelNotFound(f"model {name[:200]!r} is not listed here", param="model")
        return _json(card(name) if is_anthropic(http.headers) else entry(name, topology))

    async def model_info(self, http: HttpRequest) -> Response:
        """All deployments as LiteLLM lists them, or the one with this id."""
        self._admit(http)
        wanted = http.query_params.get("litellm_model_id")
        listed = [d for d in self._runtime.topology.deployments if d.model is not None and wanted in (None, d.id)]
        if wanted is not None and not listed:
            raise ModelNotFound(f"deployment {wanted[:200]!r} is not listed here", param="litellm_model_id")
        return _json({"data": [info(deployment) for deployment in listed]})

    async def route(self, http: HttpRequest) -> Response:
        """Decide for the body and headers of a request, send nothing on."""
        self._admit(http)
        headers = joined(http.headers.raw)
        body, about = _why_not(await self._body(http), headers)
        path, asked_by = http.query_params.get("path"), http.state.request_id
        if path is None:
            request = read_body(_endpoint_of(body), body, headers, asked_by)
        else:
            request = read_at(path, body, headers, asked_by, self._runtime.topology.serves)
        verbose = http.query_params.get("verbose") in ("1", "true")
        flow = self._runtime.explain(request, Wish(verbose, about))
        account = await arun(flow, self._inference.perform, asyncio.get_running_loop().create_future())
        more: dict[str, Any] = {"hints": hints_data(request.hints)}
        if verbose:
            more["candidates"] = account.candidates
        if account.why_not is not None:
            more["why_not"] = account.why_not
        if account.decision is not None:
            return _json({**as_data(account.decision), **more})
        error = account.error or PointsmanError("a dry run without an end")
        status, more_headers, shown = error_response(error, steps=steps_data(error.steps), **more)
        return Response(shown, status, more_headers, media_type="application/json")

    async def reload(self, http: HttpRequest) -> Response:
        """Read the configuration again: what changed, or everything that is wrong with it."""
        self._admit(http)
        told = await self._reloader.reload("request")
        if told.refused is None:
            return _json({"result": told.result, "changes": told.changes, "findings": told.findings})
        status, headers, shown = error_response(ConfigurationError(told.refused), findings=told.findings)
        return Response(shown, status, headers, media_type="application/json")

    async def decision(self, http: HttpRequest) -> Response:
        self._admit(http)
        found = self._runtime.records.find(http.path_params["request_id"])
        if found is None:
            raise UnknownDecision("no decision is recorded under this id, or it is too long ago")
        return _json(found)

    async def stats(self, http: HttpRequest) -> Response:
        self._admit(http)
        return _json(self._runtime.stats())

    async def metrics(self, http: HttpRequest) -> Response:
        if self._runtime.topology.server.require_auth_for_metrics:
            self._admit(http)
        return Response(self._runtime.metrics.render(), media_type=CONTENT_TYPE)

    async def health(self, http: HttpRequest) -> Response:
        """All deployments as the next decision will see them."""
        self._admit(http)
        rows = self._deployments()
        fit = [row for row in rows if row["fit"]]
        status = "healthy" if len(fit) == len(rows) else "degraded" if fit else "unhealthy"
        shown = {
            "status": status,
            "healthy_count": len(fit),
            "unhealthy_count": len(rows) - len(fit),
            "deployments": rows,
        }
        return _json(shown)

    async def alive(self, _http: HttpRequest) -> Response:
        return _json("I'm alive!")

    async def ready(self, _http: HttpRequest) -> Response:
        """200 if at least one deployment would be asked now, in need or not; else 503 with the time to wait. 503 too as
        soon as the gateway is told to end.
        """
        if self._inference.leaving:
            return _json({"status": "draining"}, 503, {"retry-after": "1"})
        board, everybody = self._runtime.board, self._runtime.topology.deployments
        with board.lock:
            if not all(board.told_to_rest(deployment) for deployment in everybody):
                return _json({"status": "healthy"})
            wait = min((board.wait(deployment) for deployment in everybody), default=1.0)
        return _json({"status": "unhealthy"}, 503, {"retry-after": str(max(1, math.ceil(wait)))})

    def _deployments(self) -> list[dict[str, Any]]:
        board = self._runtime.board
        rows = []
        with board.lock:
            for deployment in self._runtime.topology.deployments:
                record = board.record(deployment)
                reason = board.fitness(deployment)
                rows.append(
                    {
                        "id": deployment.id,
                        "model_name": deployment.model_name,
                        "provider": deployment.provider.name,
                        "upstream_model": deployment.model,
                        "fit": reason is None,
                        "reason": reason,
                        "degraded": deployment.id in board.degraded,
                        "share": board.reduced.get(deployment.id, 1.0),
                        "warm": board.warm(deployment),
                        "breaker": record.breaker.state.value,
                        "half_open": record.breaker.state is State.HALF_OPEN,
                        "in_flight": record.in_flight,
                        "successes": record.successes,
                        "failures": record.failures,
                    }
                )
        return rows

    def _admit(self, http: HttpRequest) -> None:
        self._inference.keys.check(dict(http.headers.raw))

    async def _body(self, http: HttpRequest) -> bytes:
        body = bytearray()
        async for part in http.stream():
            body += part
            if len(body) > self._runtime.topology.server.max_request_bytes:
                raise PayloadTooLarge("the request body is too large")
        return bytes(body)


class _Shape(msgspec.Struct, gc=False):
    messages: msgspec.Raw = msgspec.Raw()
    prompt: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()


def _endpoint_of(body: bytes) -> Endpoint:
    """Which question a body asks: it has messages, a prompt, or an input."""
    try:
        shape = msgspec.json.decode(body, type=_Shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "chat"  # read_body says what is wrong with it
    found = "chat" if shape.messages else "completions" if shape.prompt else "embeddings" if shape.input else None
    if found is None:
        raise InvalidBody("the request body has no messages, prompt or input")
    return cast("Endpoint", found)


_decode_name = msgspec.json.Decoder(str | None).decode


def _why_not(body: bytes, headers: dict[bytes, bytes]) -> tuple[bytes, str | None]:
    """A body without the deployment that the dry run is asked about, and that."""
    if b"why_not" not in body or is_form(headers):
        return body, None
    fields, _ = read_fields(body)
    if "why_not" not in fields:
        return body, None
    try:
        about = _decode_name(fields["why_not"])
    except (msgspec.DecodeError, RecursionError):
        raise InvalidBody("why_not must be the id of a deployment", param="why_not") from None
    return _encode(without(fields, ("why_not",))), about


def names_of(topology: Topology) -> tuple[str, ...]:
    """What is listed for callers."""
    return (*topology.public_names, *_entries(topology))


def _entries(topology: Topology) -> tuple[str, ...]:
    """Names that leave the choice to content, where something reads it."""
    return (AUTO, *topology.entries) if topology.entries else ()


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_encode(content), status, headers, media_type="application/json")
