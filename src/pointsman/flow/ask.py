"""One question to one deployment: written in its dialect, asked, read, and held for or against it.

The lease on the deployment comes in and is given back here, in the one ``finally``, however the question ends.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from pointsman.flow.effects import Call, Effect, Ended, Failed, Opened, Relay, Reply
from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.model.exchange import Answered, Refusal, StreamReader, Understood
from pointsman.model.outcome import Attempt, Estimate, FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.shapes import Inexpressible, scrubbed
from pointsman.providers.streamed import streamed
from pointsman.state.scoreboard import Lease


def ask(trip: Trip, leg: Leg, lease: Lease) -> Generator[Effect, Reply, FailureKind | None]:
    """Ask once. What came of it stands in the trip; returned is the kind of failure, None for success."""
    board = trip.core.board
    begun = board.clock()
    try:
        request, deployment = trip.request, leg.deployment
        dialect = DIALECTS[deployment.provider.kind]
        try:
            wire = dialect.write(request, deployment, leg.model)
        except Inexpressible as reason:  # nobody was asked, so nothing is known of the deployment
            return _told(trip, leg, begun, Refusal(FailureKind.BAD_REQUEST, str(reason), 400))
        reader = dialect.reader(request, leg.model) if request.stream else None
        router = trip.core.pipeline.topology.router
        own = deployment.timeout or router.timeout
        idle = (deployment.stream_timeout or router.stream_timeout or own) if reader is not None else own
        reply = yield Call(deployment.provider, wire, min(trip.deadline - begun, own), idle, reader)
        if type(reply) is Answered:
            return _answered(trip, leg, lease, begun, reply)
        if type(reply) is Opened and reader is not None:
            trip.relayed = True
            trip.first_token = board.clock() - trip.started
            ended = yield Relay(reply, trip.decision, leg, trip.attempts)
            trip.usage = _figures(request, reader.usage, reader.deltas)
            return _relayed(trip, leg, lease, begun, _verdict(reader, ended))
        if type(reply) is Failed:
            refusal = reader.refusal if reader is not None else None
            return _refused(trip, leg, lease, begun, refusal or Refusal(reply.kind, reply.detail))
        raise TypeError(f"no reply to a call: {reply!r}")
    finally:
        board.give_back(lease)


def _answered(trip: Trip, leg: Leg, lease: Lease, begun: float, reply: Answered) -> FailureKind | None:
    """A whole reply, whether that or a stream was asked for."""
    board, request = trip.core.board, trip.request
    read = DIALECTS[leg.deployment.provider.kind].read(request, leg.model, reply)
    if request.stream and type(read) is Understood:
        read = streamed(request, read)
    if isinstance(read, Refusal):
        return _refused(trip, leg, lease, begun, read)
    if read.stream:
        trip.first_token = board.clock() - trip.started
    trip.answer = read
    trip.usage = _figures(request, read.usage, 0 if request.endpoint == "embeddings" else len(reply.body) // 4)
    board.succeeded(lease, trip.usage.total_tokens)
    _note(trip, leg, begun, None, 200)
    return None


def _refused(trip: Trip, leg: Leg, lease: Lease, begun: float, refusal: Refusal) -> FailureKind:
    trip.core.board.failed(lease, refusal.kind, refusal.retry_after)
    return _told(trip, leg, begun, refusal)


def _told(trip: Trip, leg: Leg, begun: float, refusal: Refusal) -> FailureKind:
    refusal = trip.refusal = scrubbed(refusal, leg.deployment.provider)
    _note(trip, leg, begun, refusal, refusal.status)
    return refusal.kind


def _figures(request: Request, told: Usage, completion: int) -> Usage:
    """A deployment's figures, added up if it did not; where it told none, the request's own and ``completion``."""
    if told.total_tokens:
        return told
    if told.prompt_tokens or told.completion_tokens:
        return msgspec.structs.replace(told, total_tokens=told.prompt_tokens + told.completion_tokens)
    return Estimate(request.tokens, completion, request.tokens + completion)


def _verdict(reader: StreamReader, ended: Reply) -> StreamReader | Refusal:
    """A stream that was passed on is a success only if it said that it is complete."""
    if type(ended) is not Ended:
        raise TypeError(f"no reply to a relay: {ended!r}")
    if reader.refusal is not None:
        return reader.refusal
    if ended.failure is not None:
        return Refusal(ended.failure, ended.detail, 200)
    if not reader.finished:
        return Refusal(FailureKind.CUT, "the stream ended before it was complete", 200)
    return reader


def _relayed(trip: Trip, leg: Leg, lease: Lease, begun: float, verdict: StreamReader | Refusal) -> FailureKind | None:
    if isinstance(verdict, Refusal):
        return _refused(trip, leg, lease, begun, verdict)
    trip.core.board.succeeded(lease, trip.usage.total_tokens)
    _note(trip, leg, begun, None, 200)
    return None


def _note(trip: Trip, leg: Leg, begun: float, refusal: Refusal | None, status: int) -> None:
    seconds = trip.core.board.clock() - begun
    kind, detail = (None, "") if refusal is None else (refusal.kind, refusal.detail)
    trip.attempts += (Attempt(leg.deployment.id, leg.model, kind, seconds, status, detail, leg.tier),)
