"""What an attempt came to. A failure is a kind, not a status code; its kind says what may be done about it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

import msgspec


class FailureKind(Enum):
    """Why an attempt did not deliver. The value is the word used in logs, metrics and errors."""

    REFUSED = "refused"
    RESET = "reset"
    CONNECT_TIMEOUT = "connect_timeout"
    TIMEOUT = "timeout"
    OVERLOADED = "overloaded"
    RATE_LIMITED = "rate_limited"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    SERVER_ERROR = "server_error"
    GARBAGE = "garbage"
    CUT = "cut"
    BAD_REQUEST = "bad_request"
    CLIENT_GONE = "client_gone"


class Consequence(msgspec.Struct, frozen=True, gc=False):
    """What a failure of a kind means.

    ``here``: the same deployment may be asked again; ``elsewhere``: another may; ``counts``: it is held against
    the deployment; ``status`` and ``code``: what the caller is told when nobody else delivered.
    """

    here: bool
    elsewhere: bool
    counts: bool
    status: int
    code: str


CONSEQUENCES: dict[FailureKind, Consequence] = {
    FailureKind.REFUSED: Consequence(True, True, True, 502, "upstream_unreachable"),
    FailureKind.RESET: Consequence(True, True, True, 502, "upstream_connection_lost"),
    FailureKind.CONNECT_TIMEOUT: Consequence(False, True, True, 504, "upstream_timeout"),
    FailureKind.TIMEOUT: Consequence(False, True, True, 504, "upstream_timeout"),
    FailureKind.OVERLOADED: Consequence(True, True, True, 503, "upstream_overloaded"),
    FailureKind.RATE_LIMITED: Consequence(True, True, True, 429, "upstream_rate_limited"),
    FailureKind.AUTH: Consequence(False, True, True, 502, "upstream_refused_credentials"),
    FailureKind.NOT_FOUND: Consequence(False, True, False, 404, "model_not_found"),
    FailureKind.SERVER_ERROR: Consequence(True, True, True, 502, "upstream_error"),
    FailureKind.GARBAGE: Consequence(True, True, True, 502, "upstream_invalid_response"),
    FailureKind.CUT: Consequence(False, False, True, 502, "upstream_stream_cut"),
    FailureKind.BAD_REQUEST: Consequence(False, False, False, 400, "invalid_request"),
    FailureKind.CLIENT_GONE: Consequence(False, False, False, 499, "client_closed_request"),
}
"""Sources and reasons, row by row: docs/concepts/failures.md."""


MOST_TOKENS = 2**53

Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
"""A count that can be believed, added up and shown as a float."""


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens as the deployment counted them."""

    estimated: ClassVar[bool] = False

    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0
    total_tokens: Tokens = 0


class Estimate(Usage, frozen=True, gc=False):
    """Tokens as they are guessed where the deployment did not tell."""

    estimated: ClassVar[bool] = True


NO_USAGE = Usage()


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try: whom, for which model, what came of it (None: success), after how many seconds.

    ``status`` is the upstream's HTTP status, 0 if none arrived. ``detail`` names no address and no key.
    """

    deployment: str
    model: str
    failure: FailureKind | None
    seconds: float
    status: int = 0
    detail: str = ""
    tier: int = 0


def fallbacks(attempts: tuple[Attempt, ...], last: int = 0) -> int:
    """How many further tiers were asked: fallback groups, or the next level of an ``order``. ``last`` is the tier of an
    attempt under way.
    """
    if not attempts:
        return int(last > 0)
    return len({last, *(attempt.tier for attempt in attempts)} - {0})


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How a request ended. Times are seconds since it was accepted; ``first_token`` is the first content sent."""

    failure: FailureKind | None
    status: int
    attempts: tuple[Attempt, ...]
    usage: Usage = NO_USAGE
    seconds: float = 0.0
    first_token: float | None = None

    @property
    def fallbacks(self) -> int:
        """How many further tiers were asked."""
        return fallbacks(self.attempts)
