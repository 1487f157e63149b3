"""One question to one deployment: written in its dialect, asked, read, and held for or against it.

The lease on the deployment comes in and is given back here, in the one ``finally``, however the question ends.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf

from pointsman.flow.effects import Call, Effect, Ended, Failed, Opened, Relay, Reply
from pointsman.flow.hedge import OUTRUN, Entrant, hedged, patience
from pointsman.flow.keys import key_delivered, key_failed, next_key
from pointsman.flow.notes import abandoned, charge, figures, told
from pointsman.flow.resume import attended, broke_off, rest_of
from pointsman.flow.reworded import refused, written
from pointsman.flow.trip import Trip
from pointsman.flow.unasked import answered_here
from pointsman.flow.words import dialect_of, natively
from pointsman.model.decision import Leg
from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, StreamReader, Understood
from pointsman.model.outcome import CONSEQUENCES, Attempt, FailureKind
from pointsman.model.request import NO_HINTS, TALKS
from pointsman.providers import DIALECTS
from pointsman.providers.resumed import Resumed
from pointsman.providers.shapes import Inexpressible, bounded
from pointsman.providers.streamed import streamed
from pointsman.routing.fallback import as_wished
from pointsman.state.keys import OF_KEYS
from pointsman.state.scoreboard import Lease

LATE = frozenset({FailureKind.CONNECT_TIMEOUT, FailureKind.TIMEOUT, FailureKind.FIRST_TOKEN_TIMEOUT})
"""Kinds that are the caller's own deadline, if that was the shorter one."""

LONGEST_SILENCE = 300.0
"""Seconds that a stream may be silent where nothing is configured: Envoy's ``stream_idle_timeout``."""

UNSURE = frozenset({502, 504})
"""Statuses of a proxy that lost sight of a server: it may have worked on, and its work be billed."""

DECLINED = frozenset(
    {
        FailureKind.OVERLOADED,
        FailureKind.RATE_LIMITED,
        FailureKind.QUOTA,
        FailureKind.AUTH,
        FailureKind.FORBIDDEN,
        FailureKind.NOT_FOUND,
        FailureKind.CONTEXT,
        FailureKind.BAD_REQUEST,
        FailureKind.INEXPRESSIBLE,
    }
)
"""Kinds that say, wherever they say it, that nothing was made."""


def ask(trip: Trip, leg: Leg, lease: Lease) -> Generator[Effect, Reply, FailureKind | None]:
    """Ask once. What came of it stands in the trip; returned is the kind of failure, None for success."""
    board = trip.core.board
    heard: StreamReader | None = None
    try:
        if trip.request.native is not None and answered_here(trip, leg):
            return None
        try:
            call = _written(trip, leg, lease)
        except Inexpressible as reason:  # nobody was asked, so nothing is known of the deployment
            trip.decision = refused(trip.decision, leg.deployment, reason)
            return told(trip, leg, 0.0, Refusal(FailureKind.INEXPRESSIBLE, str(reason), 400, param=reason.field))
        if trip.router.hedge is None or trip.told is not None:
            reply = yield call
        else:
            asked, reply = yield from _hedged(trip, Entrant(leg, lease, call))
            leg, lease, call = asked.leg, asked.lease, asked.call
        if type(reply) is Answered:
            return _answered(trip, leg, lease, reply, call)
        reader = call.reader
        if type(reply) is Opened and reader is not None:
            _began(trip, lease)
            trip.relayed = True
            heard = reader
            ended = yield Relay(reply, trip.decision, leg, trip.attempts, natively(trip, leg))
            return _relayed(trip, leg, lease, reader, ended)
        if type(reply) is Failed:
            return _failed(trip, leg, lease, reply, reader)
        raise TypeError(f"no reply to a call: {reply!r}")
    except GeneratorExit:
        abandoned(trip, leg, lease, heard)
        raise
    finally:
        board.give_back(lease)


def _written(trip: Trip, leg: Leg, lease: Lease) -> Call:
    """The call that asks ``leg``. Raises Inexpressible."""
    tier, deployment = trip.decision.tiers[leg.tier], leg.deployment
    request = trip.request if tier.fields is None else as_wished(trip.request, tier)
    provider = deployment.provider
    rest = rest_of(trip, leg, request) if trip.told is not None else None
    asked = rest or request
    native = request.native
    dialect = DIALECTS[provider.kind] if native is None else dialect_of(trip, leg)
    if deployment.additional_drop_params or (native is not None and (native.lost or native.idle)):
        asked, wire = written(trip, leg, dialect, asked)
    else:
        try:
            wire = dialect.write(asked, deployment, leg.model)
        except Inexpressible:
            asked, wire = written(trip, leg, dialect, asked)
    reader = dialect.reader(bounded(asked, wire.limit), leg.model) if request.stream else None
    limit = idle = deployment.timeout or trip.router.timeout
    if reader is not None:
        reader = attended(trip, reader, leg, continues=rest is not None)
        limit, idle = _patience(trip, deployment, limit)
    left = trip.deadline - lease.begun
    until = inf if trip.request.timeout is None else left  # only the caller may want an answer cut that is coming
    if provider.keys and lease.key is None:
        lease.key = next_key(trip, leg, lease)
    return Call(provider, wire, min(left, limit), idle, reader, until, lease.key)


def _hedged(trip: Trip, first: Entrant) -> Generator[Effect, Reply, tuple[Entrant, Reply]]:
    """Ask, and somebody else besides if it takes long. What came of the one that did not win is told here."""
    seconds = patience(trip, first.leg)
    if seconds is None or seconds >= first.call.timeout:
        return first, (yield first.call)

    def called(leg: Leg, lease: Lease) -> Call | None:
        try:
            return _written(trip, leg, lease)
        except Inexpressible:
            return None

    def lost(other: Entrant, reply: Reply) -> None:
        trip.asked |= {(other.leg.deployment.id, other.leg.model)}
        if reply is None:
            abandoned(trip, other.leg, other.lease, None)
            return
        if reply is OUTRUN:
            told(
                trip,
                other.leg,
                trip.core.board.clock() - other.lease.begun,
                Refusal(OUTRUN.kind, OUTRUN.detail),
                sent=True,
                key=other.lease.key,
            )
            return
        trip.failed |= {other.leg.deployment.provider.name}
        if type(reply) is Answered:
            _answered(trip, other.leg, other.lease, reply, other.call)
        elif type(reply) is Failed:
            _failed(trip, other.leg, other.lease, reply, other.call.reader)

    return (yield from hedged(trip, first, seconds, called, lost))


def _failed(trip: Trip, leg: Leg, lease: Lease, reply: Failed, reader: StreamReader | None) -> FailureKind:
    """No reply. If the time that the caller gave, or that earlier attempts left, was up first, nobody is to blame."""
    said = reader.refusal if reader is not None else None
    shortened = trip.request.timeout is not None or bool(trip.attempts) or trip.waited > 0
    if reply.kind in LATE and shortened and trip.core.board.clock() >= trip.deadline:
        said = Refusal(FailureKind.DEADLINE, reply.detail)
    return _refused(trip, leg, lease, said or Refusal(reply.kind, reply.detail), sent=reply.sent)


def _patience(trip: Trip, deployment: Deployment, own: float) -> tuple[float, float]:
    """Seconds that a stream may take to its first content, and then be silent. ``own`` limits a whole reply."""
    router, wished = trip.router, trip.request.stream_timeout
    first = wished or deployment.first_token_timeout or deployment.stream_timeout or router.first_token_timeout
    idle = wished or deployment.idle_timeout or deployment.stream_timeout or router.idle_timeout
    return min(first or router.stream_timeout or own, own), idle or router.stream_timeout or min(own, LONGEST_SILENCE)


def _answered(trip: Trip, leg: Leg, lease: Lease, reply: Answered, call: Call) -> FailureKind | None:
    """A whole reply, whether that or a stream was asked for."""
    request, reader, limit = trip.request, call.reader, call.request.limit
    dialect = DIALECTS[leg.deployment.provider.kind] if request.native is None else dialect_of(trip, leg)
    if limit is not None:
        request = bounded(request, limit)
    read = dialect.read(request, leg.model, reply)
    if request.stream and type(read) is Understood and not read.native:
        read = streamed(request, read)
        if isinstance(reader, Resumed) and type(read) is Understood:
            read = reader.instead(read)
    if isinstance(read, Refusal):
        return _refused(trip, leg, lease, read)
    if read.stream:
        _began(trip, lease)
    trip.answer = read
    trip.usage = figures(request, read.usage, len(reply.body) // 4 if request.endpoint in TALKS else 0)
    return _judged(trip, leg, lease)


def _began(trip: Trip, lease: Lease) -> None:
    """A stream's first content is here. Where it goes on with another, that says nothing of its own beginning."""
    if trip.told is not None:
        return
    now = trip.core.board.clock()
    trip.first_token, lease.first_token = now - trip.started, now - lease.begun
    trip.core.board.began(lease)


def _relayed(trip: Trip, leg: Leg, lease: Lease, reader: StreamReader, ended: Reply) -> FailureKind | None:
    """The end of a stream that was passed on."""
    trip.usage = figures(trip.request, reader.usage, reader.deltas)
    if reader.skipped:
        trip.core.board.garbled(lease, reader.skipped)
    failure = _judged(trip, leg, lease, verdict(reader, ended))
    if failure is not None:
        if not trip.usage.estimated:
            charge(trip, leg.deployment)
        broke_off(trip, reader)
        if trip.request.timeout is None:  # a long answer has not used up the time to go on with it
            trip.deadline = trip.core.board.clock() + trip.router.timeout
    return failure


def _judged(trip: Trip, leg: Leg, lease: Lease, refusal: Refusal | None = None) -> FailureKind | None:
    """The end of an answer: it delivered unless there is a refusal."""
    if refusal is not None:
        return _refused(trip, leg, lease, refusal)
    usage = trip.usage
    seconds = trip.core.board.succeeded(lease, usage.total_tokens, usage.completion_tokens)
    if trip.request.hints is not NO_HINTS:
        _remember(trip, leg)
    resumed = trip.told is not None
    trip.attempts += (Attempt(leg.deployment.id, leg.model, None, seconds, 200, "", leg.tier, False, resumed),)
    if lease.key is not None:
        key_delivered(trip, lease)
    if leg.deployment.input_cost is not None:
        charge(trip, leg.deployment)
    return None


def _remember(trip: Trip, leg: Leg) -> None:
    """Where the request's session was served, and what the semantic router took it to be about."""
    session, decision = trip.request.hints.session, trip.decision
    if session is not None:
        label = decision.task if decision.route == "semantic" else None
        trip.core.board.remember(session, home=leg.deployment.id, label=label)


def _refused(trip: Trip, leg: Leg, lease: Lease, refusal: Refusal, *, sent: bool = False) -> FailureKind:
    board, session, key = trip.core.board, trip.request.hints.session, lease.key
    if key is not None and refusal.kind in OF_KEYS:
        seconds, refusal, spared = key_failed(trip, leg, lease, refusal)
    else:
        seconds, spared = board.failed(lease, refusal.kind, refusal.retry_after), False
    if session is not None and CONSEQUENCES[refusal.kind].counts and not spared:
        board.leave(session, leg.deployment.id)
    unsure = sent or refusal.status == 200 or refusal.status in UNSURE
    return told(trip, leg, seconds, refusal, sent=unsure and refusal.kind not in DECLINED, key=key)


def verdict(reader: StreamReader, ended: Reply) -> Refusal | None:
    """A stream that was passed on is a success only if it said that it is complete; else, why it is none."""
    if type(ended) is not Ended:
        raise TypeError(f"no reply to a relay: {ended!r}")
    if reader.refusal is not None:
        return reader.refusal
    if ended.failure is not None:
        return Refusal(ended.failure, ended.detail, 200)
    return None if reader.finished else Refusal(FailureKind.CUT, "the stream ended before it was complete", 200)
