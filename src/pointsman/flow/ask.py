"""One question to one deployment: written in its dialect, asked, read, and held for or against it.

The lease on the deployment comes in and is given back here, in the one ``finally``, however the question ends.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from pointsman.flow.effects import Answered, Call, Effect, Ended, Failed, Opened, Relay, Reply
from pointsman.model.decision import Decision, Leg
from pointsman.model.exchange import Refusal, StreamReader, Understood
from pointsman.model.outcome import NO_USAGE, Attempt, FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.shapes import Inexpressible
from pointsman.state.scoreboard import Lease, Scoreboard


class Question(msgspec.Struct, gc=False):
    """Everything about one question: ``since`` is when the request was accepted, ``deadline`` when it must be over;
    ``timeout`` and ``idle`` are seconds that a deployment without figures of its own has.
    """

    board: Scoreboard
    request: Request
    decision: Decision
    leg: Leg
    lease: Lease
    before: tuple[Attempt, ...]
    since: float
    deadline: float
    timeout: float
    idle: float | None


class Tried(msgspec.Struct, gc=False):
    """What came of it. ``relayed``: the caller has seen part of it, so nobody else can be asked."""

    attempt: Attempt
    answer: Understood | None = None
    refusal: Refusal | None = None
    usage: Usage = NO_USAGE
    first_token: float | None = None
    relayed: bool = False


def ask(question: Question) -> Generator[Effect, Reply, Tried]:
    """Ask once."""
    board, request, leg = question.board, question.request, question.leg
    deployment = leg.deployment
    begun = board.clock()
    dialect = DIALECTS[deployment.provider.kind]
    try:
        try:
            wire = dialect.write(request, deployment, leg.model)
        except Inexpressible as reason:
            return _refused(question, begun, Refusal(FailureKind.BAD_REQUEST, str(reason), 400))
        reader = dialect.reader(request, leg.model) if request.stream else None
        own = deployment.timeout or question.timeout
        left = question.deadline - begun
        idle = deployment.stream_timeout or question.idle or own
        reply = yield Call(deployment.provider, wire, min(left, own), idle, reader)
        if type(reply) is Answered:
            read = dialect.read(request, leg.model, reply)
            if isinstance(read, Refusal):
                return _refused(question, begun, read)
            board.succeeded(question.lease, read.usage.total_tokens)
            return Tried(_told(question, begun, None, 200), read, None, read.usage)
        if type(reply) is Opened and reader is not None:
            first = board.clock() - question.since
            ended = yield Relay(reply, question.decision, leg, question.before)
            return _relayed(question, begun, reader, ended, first)
        if type(reply) is Failed:
            return _refused(question, begun, reader.refusal if reader and reader.refusal else _as_refusal(reply))
        raise TypeError(f"no reply to a call: {reply!r}")
    finally:
        board.give_back(question.lease)


def _refused(question: Question, begun: float, refusal: Refusal) -> Tried:
    question.board.failed(question.lease, refusal.kind, refusal.retry_after)
    return Tried(_told(question, begun, refusal, refusal.status), refusal=refusal)


def _relayed(question: Question, begun: float, reader: StreamReader, ended: Reply, first: float) -> Tried:
    """A stream that was passed on counts as a success only if it said that it is complete."""
    if type(ended) is not Ended:
        raise TypeError(f"no reply to a relay: {ended!r}")
    refusal = reader.refusal
    if refusal is None and ended.failure is not None:
        refusal = Refusal(ended.failure, ended.detail, 200)
    if refusal is None and not reader.finished:
        refusal = Refusal(FailureKind.CUT, "the stream ended before it was complete", 200)
    if refusal is None:
        question.board.succeeded(question.lease, reader.usage.total_tokens)
    else:
        question.board.failed(question.lease, refusal.kind, refusal.retry_after)
    return Tried(_told(question, begun, refusal, 200), None, refusal, reader.usage, first, relayed=True)


def _told(question: Question, begun: float, refusal: Refusal | None, status: int) -> Attempt:
    leg = question.leg
    seconds = question.board.clock() - begun
    kind = refusal.kind if refusal is not None else None
    detail = refusal.detail if refusal is not None else ""
    return Attempt(leg.deployment.id, leg.model, kind, seconds, status, detail, leg.tier)


def _as_refusal(failed: Failed) -> Refusal:
    return Refusal(failed.kind, failed.detail)
