"""The core's questions to the world, and the world's answers. Frozen, small; what performs them is in ``wire/``.

Call    ask a deployment          -> Answered (whole reply) | Opened (a stream's first content) | Failed
Relay   pass an opened stream on  -> Ended
Sleep   wait                      -> None
Wait    wait for a place in line  -> None, with the place or without it
Patiently  call, but hear if it takes long  -> what Call gets | Late
Join    ask another one besides, or wait on    -> Raced
Embed   make vectors of texts     -> Embedded
"""

from __future__ import annotations

from math import inf
from typing import Any

import msgspec

from pointsman.config.settings import EncoderSettings
from pointsman.model.decision import Decision, Leg
from pointsman.model.deployment import Provider
from pointsman.model.exchange import Answered, StreamReader, WireRequest
from pointsman.model.outcome import Attempt, FailureKind
from pointsman.model.secret import Key
from pointsman.state.queue import Ticket


class Call(msgspec.Struct, frozen=True):
    """Ask. ``reader`` is set for streams. ``timeout`` is seconds for a whole reply, or to a stream's first content;
    ``idle`` is how long a stream may then be silent, ``until`` when even one that goes on has no more time. ``key`` is
    the one to send, where the provider has several.
    """

    provider: Provider
    request: WireRequest
    timeout: float
    idle: float
    reader: StreamReader | None = None
    until: float = inf
    key: Key | None = None


class Opened(msgspec.Struct, frozen=True):
    """A stream whose first content has come; ``stream`` is the performer's own handle on it."""

    stream: Any


class Failed(msgspec.Struct, frozen=True, gc=False):
    """No reply. ``sent``: the request may have reached the upstream."""

    kind: FailureKind
    detail: str
    sent: bool = False


class Relay(msgspec.Struct, frozen=True):
    """Pass the stream on to the caller; the rest says who answers and what came before. ``native``: it is in the words
    that the request came in.
    """

    opened: Opened
    decision: Decision
    leg: Leg
    attempts: tuple[Attempt, ...]
    native: bool = False


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The stream is over. ``failure`` None: the upstream ended it and all was passed on."""

    failure: FailureKind | None
    detail: str = ""


class Sleep(msgspec.Struct, frozen=True, gc=False):
    """Wait ``seconds``."""

    seconds: float


class Wait(msgspec.Struct, frozen=True):
    """Wait until the ticket is woken, for ``seconds`` at most. Whoever performs it sets the ticket's ``wake``."""

    ticket: Ticket
    seconds: float


class Patiently(msgspec.Struct, frozen=True):
    """Ask as ``call`` says, and be told when nothing has come after so many seconds; the call goes on."""

    call: Call
    seconds: float


class Late(msgspec.Struct, frozen=True):
    """Nothing has come yet; ``race`` is the performer's own handle on the call."""

    race: Any


class Join(msgspec.Struct, frozen=True):
    """Wait on, with another call beside the first, if there is one: whoever delivers first ends it."""

    race: Any
    call: Call | None


class Embed(msgspec.Struct, frozen=True, gc=False):
    """Make a vector of a text, by the encoder that the configuration names, within its timeout.

    ``examples`` are the texts that it will be compared with: the same ones every time, so their vectors are kept.
    """

    encoder: EncoderSettings
    text: str
    examples: tuple[str, ...]


class Embedded(msgspec.Struct, frozen=True, gc=False):
    """The text's vector and a row for each example; or why there are none: then the request is decided without."""

    vector: Any = None
    examples: Any = None
    detail: str = ""


class Raced(msgspec.Struct, frozen=True):
    """``reply`` is the winner's, or the last one if both failed; ``second``: it is the other call's. ``other``: what
    came of the one that did not win, None if it was cancelled.
    """

    second: bool
    reply: Answered | Opened | Failed
    other: Answered | Opened | Failed | None = None


Effect = Call | Relay | Sleep | Wait | Patiently | Join | Embed
Reply = Answered | Opened | Failed | Ended | Late | Raced | Embedded | None
