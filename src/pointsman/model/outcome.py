"""What an attempt came to. A failure is a kind, not a status code; its kind says what may be done about it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, ClassVar

import msgspec


class FailureKind(Enum):
    """Why an attempt did not deliver. The value is the word used in logs, metrics and errors."""

    REFUSED = "refused"
    RESET = "reset"
    CONNECT_TIMEOUT = "connect_timeout"
    TIMEOUT = "timeout"
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"  # noqa: S105  no password
    IDLE_TIMEOUT = "idle_timeout"
    DEADLINE = "deadline"
    OVERLOADED = "overloaded"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONTEXT = "context"
    FILTERED = "filtered"
    SERVER_ERROR = "server_error"
    GARBAGE = "garbage"
    CUT = "cut"
    DIFFERS = "differs"
    BAD_REQUEST = "bad_request"
    INEXPRESSIBLE = "inexpressible"
    CLIENT_GONE = "client_gone"
    OUTRUN = "outrun"


class Scope(Enum):
    """Whose failure it is: the request's own, one deployment's, or that of everybody behind the same key or address."""

    REQUEST = "request"
    DEPLOYMENT = "deployment"
    KEY = "key"
    PROVIDER = "provider"


class Consequence(msgspec.Struct, frozen=True, gc=False):
    """What a failure of a kind means.

    ``here``: the same deployment may be asked again; ``elsewhere``: another may; ``counts``: it is held against whom
    ``scope`` says; ``rests``: at once, without waiting for a second one; ``status`` and ``code``: what the caller is
    told when nobody else delivered.
    """

    scope: Scope
    here: bool
    elsewhere: bool
    counts: bool
    rests: bool
    status: int
    code: str


_REQUEST, _DEPLOYMENT, _KEY, _PROVIDER = Scope

CONSEQUENCES: dict[FailureKind, Consequence] = {
    FailureKind.REFUSED: Consequence(_PROVIDER, True, True, True, False, 502, "upstream_unreachable"),
    FailureKind.RESET: Consequence(_DEPLOYMENT, True, True, True, False, 502, "upstream_connection_lost"),
    FailureKind.CONNECT_TIMEOUT: Consequence(_PROVIDER, False, True, True, False, 504, "upstream_connect_timeout"),
    FailureKind.TIMEOUT: Consequence(_DEPLOYMENT, False, True, True, False, 504, "upstream_timeout"),
    FailureKind.FIRST_TOKEN_TIMEOUT: Consequence(
        _DEPLOYMENT, False, True, True, False, 504, "upstream_first_token_timeout"
    ),
    FailureKind.IDLE_TIMEOUT: Consequence(_DEPLOYMENT, False, True, True, False, 504, "upstream_idle_timeout"),
    FailureKind.DEADLINE: Consequence(_REQUEST, False, False, False, False, 504, "request_timeout"),
    FailureKind.OVERLOADED: Consequence(_DEPLOYMENT, True, True, True, False, 503, "upstream_overloaded"),
    FailureKind.RATE_LIMITED: Consequence(_DEPLOYMENT, True, True, True, True, 429, "upstream_rate_limited"),
    FailureKind.QUOTA: Consequence(_KEY, False, True, True, True, 429, "upstream_quota_exceeded"),
    FailureKind.AUTH: Consequence(_KEY, False, True, True, True, 502, "upstream_refused_credentials"),
    FailureKind.FORBIDDEN: Consequence(_DEPLOYMENT, False, True, True, True, 502, "upstream_refused_credentials"),
    FailureKind.NOT_FOUND: Consequence(_DEPLOYMENT, False, True, False, False, 404, "model_not_found"),
    FailureKind.CONTEXT: Consequence(_REQUEST, False, True, False, False, 400, "context_length_exceeded"),
    FailureKind.FILTERED: Consequence(_REQUEST, False, False, False, False, 400, "content_filter"),
    FailureKind.SERVER_ERROR: Consequence(_DEPLOYMENT, True, True, True, False, 502, "upstream_error"),
    FailureKind.GARBAGE: Consequence(_DEPLOYMENT, True, True, True, False, 502, "upstream_invalid_response"),
    FailureKind.CUT: Consequence(_DEPLOYMENT, False, True, True, False, 502, "upstream_stream_cut"),
    FailureKind.DIFFERS: Consequence(_REQUEST, False, False, False, False, 502, "upstream_stream_cut"),
    FailureKind.BAD_REQUEST: Consequence(_REQUEST, False, False, False, False, 400, "invalid_request"),
    FailureKind.INEXPRESSIBLE: Consequence(_REQUEST, False, True, False, False, 400, "invalid_body"),
    FailureKind.CLIENT_GONE: Consequence(_REQUEST, False, False, False, False, 499, "client_closed_request"),
    FailureKind.OUTRUN: Consequence(_REQUEST, False, False, False, False, 499, "outrun"),
}
"""Sources and reasons, row by row: docs/concepts/failures.md."""


MOST_TOKENS = 2**53

Tokens = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
"""A count that can be believed, added up and shown as a float."""


class PromptDetails(msgspec.Struct, frozen=True, gc=False):
    """What of a prompt came from the upstream's cache, and what was put into it: ``cache_creation_tokens``, which some
    call ``cache_write_tokens``, ``hour_tokens`` of them for an hour. A count that makes no sense is none.
    """

    cached_tokens: Any = 0
    cache_creation_tokens: Any = msgspec.UNSET
    cache_write_tokens: Any = msgspec.UNSET
    hour_tokens: Any = msgspec.UNSET


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens as the deployment counted them. Cached ones are among the prompt's; DeepSeek calls them cache hits."""

    estimated: ClassVar[bool] = False

    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0
    total_tokens: Tokens = 0
    prompt_tokens_details: PromptDetails | msgspec.UnsetType | None = msgspec.UNSET
    prompt_cache_hit_tokens: Any = msgspec.UNSET

    @property
    def cached_tokens(self) -> int:
        """How many tokens of the prompt came from the upstream's cache, as far as it tells."""
        details = self.prompt_tokens_details
        return _counted(details.cached_tokens if isinstance(details, PromptDetails) else self.prompt_cache_hit_tokens)

    @property
    def written_tokens(self) -> int:
        """How many tokens of the prompt were put into the upstream's cache, as far as it tells."""
        details = self.prompt_tokens_details
        if not isinstance(details, PromptDetails):
            return 0
        return _counted(details.cache_creation_tokens) or _counted(details.cache_write_tokens)

    @property
    def written_hour_tokens(self) -> int:
        """How many of those are kept there for an hour."""
        details = self.prompt_tokens_details
        return _counted(details.hour_tokens) if isinstance(details, PromptDetails) else 0


def _counted(told: Any) -> int:
    return told if type(told) is int and 0 < told <= MOST_TOKENS else 0


class Estimate(Usage, frozen=True, gc=False):
    """Tokens as they are guessed where the deployment did not tell."""

    estimated: ClassVar[bool] = True


NO_USAGE = Usage()


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try: whom, for which model, what came of it (None: success), after how many seconds.

    ``status`` is the upstream's HTTP status, 0 if none arrived. ``detail`` names no address and no key. ``sent``: it
    failed, but may have been worked on, and billed, all the same. ``resumed``: it was to go on with an answer that had
    broken off. ``cost`` is dollars (None: nobody knows). ``key`` is the name of the key it was asked with, where there
    are several; ``rekeyed``: another of them was asked with next, so that it is no try of the deployment.
    """

    deployment: str
    model: str
    failure: FailureKind | None
    seconds: float
    status: int = 0
    detail: str = ""
    tier: int = 0
    sent: bool = False
    resumed: bool = False
    cost: float | None = None
    key: str = ""
    rekeyed: bool = False


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
    def resumed(self) -> str | None:
        """What came of going on with an answer that broke off: completed, differed or failed; None if nobody tried."""
        if not any(attempt.resumed for attempt in self.attempts):
            return None
        if self.failure is None:
            return "completed"
        differed = any(attempt.failure is FailureKind.DIFFERS for attempt in self.attempts)
        return "differed" if differed else "failed"

    @property
    def cost(self) -> float | None:
        """Dollars, of all attempts of which they are known; None if they are of none."""
        if len(self.attempts) == 1:
            return self.attempts[0].cost
        known = [attempt.cost for attempt in self.attempts if attempt.cost is not None]
        return sum(known) if known else None

    @property
    def fallbacks(self) -> int:
        """How many further tiers were asked."""
        return fallbacks(self.attempts)
