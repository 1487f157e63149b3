"""Every error Pointsman raises, and what a caller is told of it.

    PointsmanError
    ├── ConfigurationError          the files are wrong; nothing was started, or what was goes on
    ├── RequestRefused              the caller can mend it (4xx)
    │   ├── InvalidBody  InvalidHeader  PayloadTooLarge  HeadTooLarge  UnsupportedMedia  SlowRequest
    │   ├── Unauthorized
    │   ├── UnknownPath  MethodNotAllowed  UnknownDecision
    │   ├── ModelNotFound
    │   ├── NoTag
    │   └── TooManyTokens
    ├── NoCandidate  AtLimit  QueueFull   a name was understood, nobody fit is left (503, 429)
    │   ├── NoModels                nobody was registered at all
    │   └── DeadlineMissed          nobody had room before the caller's time was up
    ├── Draining                    the gateway ends (503)
    ├── NotManaged                  models are changed where they are, not here (501)
    ├── Misuse                      a call of the library that can't be meant; nothing was changed by it
    │   ├── UnknownModel  DuplicateModel
    │   ├── UnknownStrategy  UnknownCategory
    │   ├── InvalidResult
    │   └── InstanceBusy  InstanceClosed  NothingSent   an instance can't be asked just so
    ├── DetectorFailed              a task category detector raised, or did not answer with a category
    ├── StoreFailed                 metrics could not be kept or read back; routing goes on without
    ├── StillWorking                an instance has not answered yet; it works on
    └── UpstreamFailed              somebody was asked and did not deliver (502, 504, or the upstream's own 4xx)
        └── InstanceFailed          the same of an instance of the library
            └── ProgramFailed

Each class answers three questions: which HTTP status, which code, may the caller try again.
Messages name public things only: no key, no address of an upstream.
"""

from __future__ import annotations

from typing import Any


class PointsmanError(Exception):
    """The root. ``status`` is the HTTP status, ``code`` the stable word, ``retryable`` a promise to the caller.

    ``retry_after`` is seconds. ``steps`` is what the stages of a decision said before it ended in this error.
    """

    status: int = 500
    type: str = "api_error"
    code: str = "internal_error"
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after: float | None = None,
        steps: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.steps = steps

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.status} {self.code}: {self.message})"


class ConfigurationError(PointsmanError):
    """The configuration has findings of severity error. ``str()`` lists all of them, one a line."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_configuration"


class RequestRefused(PointsmanError):  # noqa: N818  named for what it says to the caller
    """The request can't be served as it is; sending it again unchanged gives the same answer."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"


class InvalidBody(RequestRefused):
    code = "invalid_body"


class InvalidHeader(RequestRefused):
    code = "invalid_header"


class PayloadTooLarge(RequestRefused):
    status = 413
    code = "payload_too_large"


class HeadTooLarge(RequestRefused):
    status = 431
    code = "headers_too_large"


class UnsupportedMedia(RequestRefused):
    status = 415
    code = "unsupported_media_type"


class SlowRequest(RequestRefused):
    status = 408
    code = "request_timeout"
    retryable = True


class Unauthorized(RequestRefused):
    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class UnknownPath(RequestRefused):
    status = 404
    code = "unknown_path"


class UnknownDecision(RequestRefused):
    status = 404
    code = "decision_not_found"


class MethodNotAllowed(RequestRefused):
    """``allow`` lists the methods that are."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, *, param: str | None = None, allow: str = "") -> None:
        super().__init__(message, param=param)
        self.allow = allow


class ModelNotFound(RequestRefused):
    status = 404
    code = "model_not_found"


class NoTag(RequestRefused):
    """Nobody who serves the name carries the request's tags. ``unauthorized``: told as LiteLLM does, with a 401."""

    code = "no_deployment_with_tag"

    def __init__(self, message: str, *, param: str = "tags", unauthorized: bool = False) -> None:
        super().__init__(message, param=param)
        if unauthorized:
            self.status = 401


class TooManyTokens(RequestRefused):
    """More tokens than anybody who serves the name may take in a whole minute: waiting does not help."""

    status = 413
    code = "too_many_tokens"


class NoCandidate(PointsmanError):  # noqa: N818  as above
    """Nobody fit is left. 503 when they are down, 429 when they are at their limits; always with ``retry_after``.
    ``crowded`` are those (by id) who would do but for the requests that they are serving now.
    """

    status = 503
    type = "service_unavailable"
    code = "no_candidate"
    retryable = True
    crowded: tuple[str, ...] = ()


class AtLimit(NoCandidate):
    status = 429
    type = "rate_limit_error"
    code = "deployments_at_limit"


class QueueFull(NoCandidate):
    """Nobody has room, and it is no use to wait for it."""

    code = "queue_full"


class NoModels(NoCandidate):
    """There is nobody to choose from: register a model first."""

    code = "no_models"
    retryable = False


class DeadlineMissed(NoCandidate, TimeoutError):  # noqa: N818  as above
    """Nobody had room before the time was up that the caller gave it."""

    status = 504
    code = "deadline_missed"


class Draining(PointsmanError):  # noqa: N818  as above
    """The gateway is ending: it takes no more of this, or could not wait any longer for what was under way."""

    status = 503
    type = "service_unavailable"
    code = "draining"
    retryable = True


class NotManaged(PointsmanError):  # noqa: N818  as above
    """A model is to be brought, made, copied or taken away."""

    status = 501
    type = "invalid_request_error"
    code = "not_managed"


class Misuse(PointsmanError, ValueError):  # noqa: N818  as above
    """What was called makes no sense as it is. The message says what would; nothing was changed."""

    status = 400
    type = "invalid_request_error"
    code = "misuse"


class UnknownModel(Misuse):
    status = 404
    code = "unknown_model"


class DuplicateModel(Misuse):
    code = "duplicate_model"


class UnknownStrategy(Misuse):
    code = "unknown_strategy"


class UnknownCategory(Misuse):
    code = "unknown_category"


class InstanceBusy(Misuse):
    """The prompt that was sent before is still being worked on."""

    status = 409
    code = "instance_busy"


class InstanceClosed(Misuse):
    status = 409
    code = "instance_closed"


class NothingSent(Misuse):
    """A result was asked for before any prompt was sent."""

    status = 409
    code = "nothing_sent"


class StoreFailed(PointsmanError):  # noqa: N818  as above
    """Where a router's metrics are kept can't be read or written. The message names it, without a password, and says
    what to do; what it holds is as it was.
    """

    code = "store_failed"


class InvalidResult(Misuse):
    code = "invalid_result"


class DetectorFailed(PointsmanError):  # noqa: N818  as above
    """The detector of task categories did not say one; ``__cause__`` is what it raised, if it did."""

    code = "detector_failed"


class StillWorking(PointsmanError, TimeoutError):  # noqa: N818  as above
    """There is no answer yet; the work goes on, and may be waited for again."""

    status = 504
    type = "timeout_error"
    code = "still_working"
    retryable = True


class UpstreamFailed(PointsmanError):  # noqa: N818  as above
    """Deployments were asked and none delivered. ``status`` and ``code`` come from the first cause. ``final``: trying
    again was done already, as often as it may be, so the caller should not do it all over.
    """

    status = 502
    type = "upstream_error"
    code = "upstream_failed"

    def __init__(
        self,
        message: str,
        *,
        status: int = 502,
        code: str = "upstream_failed",
        retry_after: float | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.final = final
        self.status = status
        self.code = code
        self.retryable = status >= 500 or status == 429


class InstanceFailed(UpstreamFailed):
    """An instance did not answer. ``kind`` is the word of a ``model.outcome.FailureKind``: "refused", "timeout" …"""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "server_error",
        status: int = 502,
        code: str = "upstream_failed",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, retry_after=retry_after)
        self.kind = kind


class ProgramFailed(InstanceFailed):
    """A local program did not start, or ended instead of answering. ``exit_code`` is None if it never ran, and the
    negative number of the signal that ended it; ``stderr`` is the end of what it complained of.
    """

    exit_code: int | None = None
    stderr: str = ""
