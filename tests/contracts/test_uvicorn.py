"""What the lane relies on in uvicorn. If one fails after an upgrade, read wire/lane.py with the new source."""

from __future__ import annotations

import asyncio
import inspect

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from pointsman.fakes import deployment, settings
from pointsman.wire.exchange import Exchange
from pointsman.wire.lane import Lane
from support.serving import gateway, post, send

OVERRIDDEN = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "on_message_begin": ["self"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "_start_asgi_task": ["self", "cycle", "app"],
    "pause_writing": ["self"],
    "resume_writing": ["self"],
    "shutdown": ["self"],
}


def test_every_method_we_override_is_still_there_with_its_parameters():
    """A renamed hook would silently never be called."""
    for name, parameters in OVERRIDDEN.items():
        assert list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters) == parameters, name
        assert name in vars(Lane), name


def test_uvicorn_asks_a_cycle_nothing_that_an_exchange_does_not_answer():
    """The attributes of ``self.cycle`` that uvicorn's protocol touches are those our exchange has."""
    source = inspect.getsource(HttpToolsProtocol)
    touched = {part.split("(")[0].split()[0].strip(".:,)=+") for part in source.split("self.cycle.")[1:]}
    touched |= {part.split("(")[0].split()[0].strip(".:,)=+") for part in source.split("existing_cycle.")[1:]}
    touched = {name.split(".")[0] for name in touched}
    exchange = Exchange(None, "chat", {}, keep_alive=True, old=False)
    assert {name for name in touched if not hasattr(exchange, name)} == set()


def test_the_state_we_read_and_set_is_still_there():
    """Attributes that the lane shares with uvicorn."""

    async def made() -> HttpToolsProtocol:
        config = uvicorn.Config(lambda: None, lifespan="off", log_config=None)
        config.load()
        return HttpToolsProtocol(config, uvicorn.server.ServerState(), {}, asyncio.get_running_loop())

    protocol = asyncio.run(made())
    names = (
        "parser transport flow cycle pipeline headers scope expect_100_continue server_state app tasks connections "
        "timeout_keep_alive_task _unset_keepalive_if_required on_header on_url"
    )
    assert [name for name in names.split() if not hasattr(protocol, name)] == []
    assert isinstance(protocol.parser, httptools.HttpRequestParser)
    assert hasattr(protocol.server_state, "total_requests")
    assert {"pause_reading", "resume_reading"} <= set(dir(uvicorn.protocols.http.flow_control.FlowControl))
    assert not uvicorn.protocols.http.flow_control.FlowControl(None).write_paused


def test_a_cycle_still_says_when_it_started_and_ended():
    """The lane drops what the application says after a refusal, by these."""
    source = inspect.getsource(RequestResponseCycle.__init__)
    for name in ("disconnected", "response_started", "response_complete", "message_event", "more_body", "body"):
        assert f"self.{name}" in source


def test_the_server_can_be_ended_as_we_do():
    """The methods that ours overrides, the states that the drain reads and sets, and that nothing ends it but us."""
    server = uvicorn.Server(uvicorn.Config(lambda: None, lifespan="off", log_config=None))
    assert list(inspect.signature(server.shutdown).parameters) == ["sockets"]
    assert list(inspect.signature(server.capture_signals).parameters) == []
    assert (server.should_exit, server.started) == (False, False)
    assert (server.server_state.connections, server.server_state.tasks) == (set(), set())
    assert server.config.timeout_graceful_shutdown is None


def test_a_shutdown_stops_listening_then_tells_the_connections_then_waits_for_all_of_them():
    """In this order: what we do in ``Lane.shutdown`` is right only then."""
    source = inspect.getsource(uvicorn.Server.shutdown)
    steps = ("server.close()", "connection.shutdown()", "self._wait_tasks_to_complete()", "self.lifespan.shutdown()")
    assert [step for step in steps if step not in source] == []
    assert sorted(steps, key=source.index) == list(steps)
    assert "while self.server_state.connections" in inspect.getsource(uvicorn.Server._wait_tasks_to_complete)
    assert "with self.capture_signals():" in inspect.getsource(uvicorn.Server.serve)


def test_a_request_of_uvicorns_closes_its_connection_if_it_is_told_to():
    """``keep_alive`` may be taken back until the response begins, and is looked at when it is complete."""
    source = inspect.getsource(RequestResponseCycle.send)
    assert "if not self.keep_alive and not has_connection_close" in source
    assert "self.transport.close()" in source


async def test_inference_never_becomes_asgi_and_the_rest_does():
    """The short way is taken, and uvicorn's own way still works beside it."""
    async with gateway(settings(deployment("d"))) as it:
        called = []
        original = Lane._leave_to_uvicorn
        Lane._leave_to_uvicorn = lambda self: (called.append(self.url), original(self))[1]
        try:
            await send(it.port, post("/v1/chat/completions", b"x"))
            await send(it.port, b"GET /health/liveliness HTTP/1.1\r\nhost: x\r\n\r\n")
        finally:
            Lane._leave_to_uvicorn = original
    assert called == [b"/health/liveliness"]
