"""Going on with an answer that broke off: when that may be, how the rest is asked for, what the caller has so far."""

from __future__ import annotations

import msgspec

from pointsman.flow.trip import Told, Trip
from pointsman.model.decision import Leg
from pointsman.model.exchange import StreamReader
from pointsman.model.request import Request
from pointsman.providers.prefill import continued
from pointsman.providers.resumed import Resumed
from pointsman.providers.shapes import choices_of

TOOLS = frozenset({"tools", "functions"})
"""Where these are offered, nobody is given a text to go on from: models then write on where a call should follow."""

DELICATE = frozenset(
    {
        "audio",
        "best_of",
        "format",
        "grammar",
        "guided_choice",
        "guided_grammar",
        "guided_json",
        "guided_regex",
        "json_schema",
        "logprobs",
        "modalities",
        "prompt_logprobs",
        "response_format",
        "structured_outputs",
        "top_logprobs",
    }
)
"""Fields that make an answer more than text, or a text that has to be of one piece."""

NOTHING = frozenset({b"null", b"false", b'""', b"{}", b"[]"})
TEXT: tuple[object, ...] = ({"type": "text"}, ["text"])
"""What these may say without making it so."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_decode = msgspec.json.Decoder().decode


def attended(trip: Trip, reader: StreamReader, leg: Leg, *, continues: bool) -> StreamReader:
    """The reader of a stream: one that goes on with what was told, if something was, and one that remembers, if yet
    another deployment may have to.
    """
    if trip.told is not None:
        reader = Resumed(reader, trip.told.texts, continues=continues)
    if resumable(trip, leg):
        reader.remember()
    return reader


def resumable(trip: Trip, leg: Leg) -> bool:
    """May somebody go on with this answer, should it break off?"""
    router, request, tiers = trip.router, trip.request, trip.decision.tiers
    if not router.resume or not router.retries.sent or request.disable_fallbacks:
        return False
    if len(tiers) == 1 and len(tiers[0].pool) == 1:
        return False
    return (
        choices_of(request) == 1
        and DELICATE.isdisjoint(leg.deployment.params)
        and (DELICATE.isdisjoint(request.body) or all(map(_plain, (request.body.get(name) for name in DELICATE))))
    )


def rest_of(trip: Trip, leg: Leg, request: Request) -> Request | None:
    """The request for what follows what was told; None if the deployment is to say all of it again."""
    told = trip.told
    if told is None or not leg.deployment.prefill or not TOOLS.isdisjoint(request.body):
        return None
    return continued(request, leg.deployment.provider.kind, told.texts, told.tokens)


def broke_off(trip: Trip, reader: StreamReader) -> None:
    """A stream failed when the caller had a part of it. What the caller has is kept if it can be gone on with."""
    if trip.broke is None:
        trip.broke = len(trip.attempts) - 1
    before = trip.told.tokens if trip.told is not None and isinstance(reader, Resumed) and reader.continues else 0
    said = reader.said()
    trip.told = Told(said, before + reader.deltas) if said else None


def _plain(said: msgspec.Raw | None) -> bool:
    try:
        return said is None or bytes(said) in NOTHING or _decode(said) in TEXT
    except UNREADABLE:
        return False
