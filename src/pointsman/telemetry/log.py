"""The log: one line for what went wrong, and with debugging on, the steps of every decision.

Values that callers choose are printed as ASCII or JSON where they are not plain, so no line break of theirs makes a
line of ours, and no terminal obeys them.
"""

from __future__ import annotations

import logging
import sys
from http.client import responses
from itertools import groupby
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

from pointsman.model.decision import Decision
from pointsman.model.deployment import Provider
from pointsman.model.outcome import Attempt, FailureKind
from pointsman.model.secret import Key
from pointsman.routing.explain import as_text, plain, steps_text
from pointsman.telemetry.events import Finished, Refused

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

REFUSED = frozenset({FailureKind.AUTH, FailureKind.FORBIDDEN})
"""What a key meets that somebody has to do something about."""


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Set up structlog: readable lines on a terminal, JSON elsewhere."""
    out = stream or sys.stderr
    readable = out.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _tame,
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def _tame(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Every text on one line; only a traceback has its own."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = plain(value)
    return event


def logger() -> Any:
    return structlog.get_logger("pointsman")


class FailureLog:
    """A warning for every request that failed, and one for each that needed more than one attempt. Of several keys each
    that is refused is told once, by its name, until it is good again.
    """

    def __init__(self) -> None:
        self._refused: set[tuple[str, Key]] = set()

    def __call__(self, event: Finished | Refused) -> None:
        if isinstance(event, Refused):
            return
        outcome = event.outcome
        if self._refused or len(outcome.attempts) > 1 or outcome.failure in REFUSED:
            self._tell_keys(event)
        failed = outcome.failure is not None or outcome.status >= 400  # an outage: nobody could be asked
        if not failed and len(outcome.attempts) <= 1:
            return
        tried = [_told(attempt) for attempt in outcome.attempts]
        word = "request_failed" if failed else "request_rescued"
        logger().warning(
            word,
            request_id=event.request_id,
            model=event.model,
            failure=outcome.failure.value if outcome.failure is not None else None,
            status=outcome.status,
            attempts=tried,
        )

    def _tell_keys(self, event: Finished) -> None:
        """Of those that the attempts were made with."""
        tiers = event.decision.tiers if event.decision is not None else ()
        for attempt in event.outcome.attempts:
            places = (d.provider for tier in tiers for d in tier.pool if d.id == attempt.deployment)
            place = next(places, None) if attempt.key else None
            key = next((key for key in place.keys if key.name == attempt.key), None) if place is not None else None
            if place is None or key is None:
                continue
            if attempt.failure is None:
                self._refused -= {(place.name, key), (attempt.deployment, key)}
            elif attempt.failure in REFUSED:
                where = place.name if attempt.failure is FailureKind.AUTH else attempt.deployment
                if (where, key) not in self._refused:
                    self._refused.add((where, key))
                    _tell_refused(attempt, place, key)


def _tell_refused(attempt: Attempt, place: Provider, key: Key) -> None:
    number = place.keys.index(key) + 1
    own = "" if key.name == str(number) else f" ({key.name})"
    logger().warning(
        "key_refused",
        provider=place.name,
        deployment=attempt.deployment,
        key=f"key {number} of {len(place.keys)}{own}",
        failure=attempt.failure.value if attempt.failure is not None else None,
    )


def _told(attempt: Attempt) -> str:
    key = f" (key {attempt.key})" if attempt.key else ""
    return f"{attempt.deployment}{key}: {attempt.failure.value if attempt.failure is not None else 'ok'}"


class DecisionLog:
    """Every request's decision, or why there was none: what its task became, the ``[ROUTER]`` lines, its steps, and the
    call it ended in.

    The words are those of the documents on task routing and on the routing configuration, for those who grep for them.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._out = stream or sys.stderr

    def __call__(self, event: Finished | Refused) -> None:
        lines = _refused(event) if isinstance(event, Refused) else [*_converted(event), *_routed(event)]
        self._out.write("".join(f"{plain(line)}\n" for line in lines))
        self._out.flush()


CALLS: dict[str, str] = {
    "chat": "acompletion",
    "completions": "atext_completion",
    "embeddings": "aembedding",
    "count_tokens": "acount_tokens",
    "rerank": "arerank",
    "moderations": "amoderation",
    "images": "aimage_generation",
    "image_edits": "aimage_edit",
    "image_variations": "aimage_variation",
    "speech": "aspeech",
    "transcriptions": "atranscription",
    "translations": "atranslation",
}
"""LiteLLM's names of what was asked."""


def _converted(event: Finished) -> list[str]:
    """A body's task that became a tag."""
    task = event.hints.task
    tags = event.decision.tags if event.decision is not None else ()
    if task is None or task not in tags[len(event.hints.tags) :]:
        return []
    return [f"NovaTaskRoutingHook: Converting task {task!r} to tag", f"Updated metadata tags: {list(tags)!r}"]


def _refused(event: Refused) -> list[str]:
    """Why nobody was asked, and how far the stages came."""
    steps = steps_text(event.steps).splitlines()
    return [f"[ROUTER] Model: {event.model or '(none)'} -> no provider: {event.error}", *map(_indented, steps)]


def _indented(line: str) -> str:
    return f"[ROUTER]   {line}"


def _routed(event: Finished) -> list[str]:
    decision = event.decision
    asked = event.model or "(none)"
    if decision is None:
        return [f"[ROUTER] Model: {asked} -> no provider: {event.error}"]
    first, *others = _places(event, decision)
    lines = [f"[ROUTER] Model: {asked} -> Provider: {first} ({decision.route} match)"]
    lines += map(_indented, as_text(decision).splitlines()[1:])
    for place in others:
        lines.append(f"[ROUTER] Fallback triggered: {first} -> {place}")
        first = place
    return [*lines, _called(event, decision)]


def _places(event: Finished, decision: Decision) -> list[str]:
    """The provider that the name leads to, then each one that was turned to."""
    tiers = decision.tiers
    asked = tiers[0].pool[0] if decision.tier and tiers[0].pool else decision.choice
    at = {d.id: d.provider.name for tier in tiers for d in tier.pool} if len(event.outcome.attempts) > 1 else {}
    tried = [at.get(attempt.deployment, event.provider) for attempt in event.outcome.attempts]
    return [place for place, _ in groupby([asked.provider.name, *tried])]


def _called(event: Finished, decision: Decision) -> str:
    outcome = event.outcome
    model = outcome.attempts[-1].model if outcome.attempts else decision.upstream_model
    phrase = responses.get(outcome.status, "")
    return f"litellm.{CALLS[event.endpoint]}(model={model}) {outcome.status} {phrase}".rstrip()
