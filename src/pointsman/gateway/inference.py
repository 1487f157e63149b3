"""Inference requests, from the lane to the core and back. One Passage a request; nothing here decides anything.

The short way of the hot path: key, body, flow, response, telemetry, in one call stack as far as the upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

import msgspec

from pointsman.errors import PointsmanError, QueueFull
from pointsman.flow.attempt import Trip, serve
from pointsman.flow.drive import Cancel, Drive
from pointsman.flow.effects import Call, Effect, Relay, Reply
from pointsman.fronts import FRONTS
from pointsman.gateway.auth import Keys
from pointsman.gateway.doors import HOT, READERS
from pointsman.gateway.errors import error_content, error_response, head_lines
from pointsman.gateway.headers import cost_head, decision_head, dropped_head, identity
from pointsman.gateway.interpreter import Interpreter
from pointsman.gateway.pulse import Pulse
from pointsman.model.decision import Decision, Leg
from pointsman.model.exchange import OCTETS, Refusal
from pointsman.model.outcome import Attempt, FailureKind, Outcome
from pointsman.model.request import SOUNDS, TALKS
from pointsman.routing.topology import Topology
from pointsman.runtime import Runtime
from pointsman.telemetry.events import Finished, Refused
from pointsman.telemetry.log import logger
from pointsman.wire.exchange import Exchange
from pointsman.wire.outbox import Outbox
from pointsman.wire.perform import World
from pointsman.wire.sweeper import Sweeper
from pointsman.wire.upstream import Upstream

CLIENT_CLOSED = 499
"""nginx's word for a caller that left before the answer. Nobody reads it but the record."""

_encode = msgspec.json.Encoder().encode


class Inference:
    """Implements ``wire.lane.Service``. Belongs to one event loop, once ``world`` is set."""

    hot: Mapping[bytes, str]

    def __init__(self, runtime: Runtime) -> None:
        self.hot = {path.encode(): endpoint for path, endpoint in HOT.items()}
        self.runtime = runtime
        self.world: World = None  # type: ignore[assignment]  # set by ``open`` before the first connection
        self.leaving = False
        self._go_by(runtime.topology)

    def _go_by(self, topology: Topology) -> None:
        """What requests that come from now on are held to."""
        server = topology.server
        self.keepalive = topology.router.keepalive
        self.keys = Keys(server.master_key)
        self.max_body = server.max_request_bytes
        self.litellm = server.litellm_headers
        self._most = server.max_parallel_requests

    def open(self, world: World) -> None:
        self.world = world
        self._go_by(self.runtime.topology)  # it may be another by now
        self.runtime.on_swap(self._follow)

    def _follow(self, topology: Topology) -> None:
        self._go_by(topology)
        self.world.keep_only(topology.called, topology.encoder)

    def close(self) -> None:
        self.world.close()

    def perform(self, effect: Effect, resume: Callable[[Reply], None]) -> Cancel | None:
        """What a flow that is no request asks of the world."""
        return self.world.perform(effect, resume)

    @property
    def sweeper(self) -> Sweeper:
        return self.world.sweeper

    @property
    def outbox(self) -> Outbox:
        return self.world.outbox

    def handle(self, exchange: Exchange) -> None:
        """Take a whole request. Whatever goes wrong is answered."""
        request_id = self.runtime.new_id()
        endpoint = exchange.endpoint
        read = READERS.get(endpoint)
        if read is None:
            exchange = interpreter = Interpreter(exchange, FRONTS[endpoint], request_id, self.runtime.topology.serves)
            read = interpreter.read
        try:
            if self._most is not None:
                self._shed(self._most)
            self.keys.check(exchange.headers)
            request = read(endpoint, exchange.body, exchange.headers, request_id)  # type: ignore[arg-type]
            Passage(self, exchange, self.runtime.trip(request)).resume()
        except PointsmanError as error:
            self.runtime.refused(error.code)
            self.refuse(exchange, error, request_id)
        except Exception as error:  # noqa: BLE001  a bug of ours must not take the connection's other requests along
            self.broken(exchange, error, request_id)

    def _shed(self, most: int) -> None:
        """Raises QueueFull while more than so many requests are under way. Nothing is read of them."""
        if self.world.outbox.crowd > most:
            raise QueueFull(f"{most} requests are under way, which is the most that may be", retry_after=1.0)

    def refusal(self, error: PointsmanError, endpoint: str = "") -> tuple[int, bytes, bytes]:
        """About a request that was not even read; it gets an id of its own."""
        request_id = self.runtime.new_id()
        status, head, body = self._refusal(error, request_id)
        front = FRONTS.get(endpoint)
        return (status, head, body) if front is None else (status, head, front.error(status, body, request_id))

    def _refusal(self, error: PointsmanError, request_id: str) -> tuple[int, bytes, bytes]:
        status, headers, body = error_response(error)
        return status, head_lines(headers) + self._identity(request_id), body

    def pulse(self, exchange: Exchange, every: float, request_id: str) -> Pulse:
        """What keeps the caller's connection alive from now on."""
        return Pulse(exchange, self._identity(request_id), every, self.sweeper)

    def _identity(self, request_id: str) -> bytes:
        return b"".join(b"%b: %b\r\n" % header for header in identity(request_id, self.litellm))

    def refuse(self, exchange: Exchange, error: PointsmanError, request_id: str) -> None:
        """Answer with an error: in a response, or where a stream has begun in its last frame."""
        if exchange.started:
            exchange.break_off(_encode(error_content(error)))
        else:
            exchange.respond(*self._refusal(error, request_id))

    def broken(self, exchange: Exchange, error: BaseException, request_id: str) -> None:
        """A bug: told in the log, not to the caller."""
        logger().error("internal_error", request_id=request_id, kind=type(error).__name__, exc_info=error)
        self.refuse(exchange, PointsmanError("internal error; the log knows more"), request_id)


class Passage(Drive[Trip]):
    """One request on its way: performs what its flow asks and writes what came of it."""

    __slots__ = ("_exchange", "_house", "_pulse", "_trip")

    def __init__(self, house: Inference, exchange: Exchange, trip: Trip) -> None:
        super().__init__(serve(trip))
        self._house = house
        self._exchange = exchange
        self._trip = trip
        exchange.on_gone = self._gone
        self._pulse: Pulse | None = None
        if house.keepalive is not None and trip.request.stream and trip.request.endpoint in TALKS:
            self._pulse = house.pulse(exchange, house.keepalive, trip.request.id)

    def perform(self, effect: Effect, /) -> Cancel | None:
        world = self._house.world
        if type(effect) is Call:
            return world.ask(effect, self.resume)
        if type(effect) is not Relay:
            return world.perform(effect, self.resume)
        exchange = self._exchange
        upstream: Upstream = effect.opened.stream
        if effect.native:
            exchange.as_is()
        if not exchange.started:  # another stream may have broken off
            head = self._head(effect.decision, effect.leg, effect.attempts)
            if self._trip.request.endpoint in SOUNDS:
                exchange.begin(head, upstream.kind or OCTETS)
            else:
                exchange.begin(head)
        exchange.on_full, exchange.on_room = upstream.pause, upstream.unpause
        if exchange.full:
            upstream.pause()
        upstream.relay(self._pulse or exchange, self._relayed)
        return upstream.abort

    def _relayed(self, reply: Reply) -> None:
        """A stream has ended; its connection is no longer ours to hold back."""
        self._exchange.on_full = self._exchange.on_room = None
        self.resume(reply)

    def done(self, trip: Trip | None, error: BaseException | None, /) -> None:
        exchange = self._exchange
        if self._pulse is not None:
            self._pulse.stop()
        if trip is None:
            if not isinstance(error, PointsmanError):
                self._house.broken(exchange, error or RuntimeError("a flow without an end"), self._trip.request.id)
                return
            self._house.refuse(exchange, error, self._trip.request.id)
            self._tell_unserved(error)
            return
        answer = trip.answer
        if answer is not None:
            head = self._head(trip.decision, trip.leg, trip.attempts[:-1])
            if answer.native:
                exchange.as_is()
            if not answer.stream:
                if trip.charged:
                    head += cost_head(trip.outcome, self._house.litellm)
                exchange.respond(200, head, answer.body, answer.kind)
            else:
                if not exchange.started:
                    exchange.begin(head)
                exchange.write(answer.body)
                exchange.finish()
        elif trip.error is not None:
            self._respond_error(trip, trip.error)
        else:
            exchange.finish()
        self._tell(trip.outcome, trip.error.message if trip.error is not None else None)

    def _respond_error(self, trip: Trip, error: PointsmanError) -> None:
        status, headers, body = error_response(error)
        if trip.cause is not None and trip.cause.body is not None:
            body = trip.cause.body
        if self._exchange.started:
            self._exchange.break_off(body)
            return
        head = self._head(trip.decision, trip.leg, trip.attempts[:-1])
        self._exchange.respond(status, head_lines(headers) + head, body)

    def _gone(self, stopped: PointsmanError | None) -> None:
        """The caller has left, or the gateway can wait no longer and says so: what is under way is cancelled, its lease
        given back.
        """
        trip = self._trip
        if stopped is not None:
            trip.parting = Refusal(FailureKind.DEADLINE, stopped.message)
        self.cancel()
        if self._pulse is not None:
            self._pulse.stop()
        seconds = self._house.runtime.board.clock() - trip.started
        if stopped is None:
            gone = FailureKind.CLIENT_GONE
            self._tell(Outcome(gone, CLIENT_CLOSED, trip.attempts, trip.usage, seconds, trip.first_token), None)
            return
        self._house.refuse(self._exchange, stopped, trip.request.id)
        outcome = Outcome(None, stopped.status, trip.attempts, trip.usage, seconds, trip.first_token)
        self._tell(outcome, stopped.message)

    def _head(self, decision: Decision, leg: Leg, earlier: tuple[Attempt, ...]) -> bytes:
        trip = self._trip
        head = decision_head(trip.request.id, decision, leg, earlier, self._house.litellm)
        return head if not trip.dropped else head + dropped_head(trip.dropped.get(leg.deployment.id, ()))

    def _tell(self, outcome: Outcome, error: str | None) -> None:
        trip = self._trip
        request, decision = trip.request, getattr(trip, "decision", None)  # none if it was still being decided
        at = trip.leg.deployment if decision is not None else None
        self._house.runtime.finished(
            Finished(
                request.id,
                request.endpoint,
                request.model,
                decision,
                outcome,
                at.id if at is not None else "",
                at.provider.name if at is not None else "",
                request.at,
                error,
                trip.decided,
                request.hints,
            )
        )

    def _tell_unserved(self, error: PointsmanError) -> None:
        """Nobody could be asked. What was not understood is a refusal; an outage is a request that failed."""
        runtime, trip = self._house.runtime, self._trip
        request = trip.request
        refused = None if error.retryable else Refused(request.id, request.model, error.message, error.steps)
        runtime.refused(error.code, refused)
        if error.retryable:
            outcome = Outcome(None, error.status, (), seconds=monotonic() - trip.started)
            accepted, hints = request.at, request.hints
            runtime.finished(
                Finished(
                    request.id,
                    request.endpoint,
                    request.model,
                    None,
                    outcome,
                    "",
                    "",
                    accepted,
                    error.message,
                    0.0,
                    hints,
                )
            )
