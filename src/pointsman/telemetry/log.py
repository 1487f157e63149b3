"""The log: one line for what went wrong, and with debugging on, the steps of every decision.

Values that callers choose are printed as ASCII or JSON where they are not plain, so no line break of theirs makes a
line of ours, and no terminal obeys them.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

from pointsman.routing.explain import as_text, plain
from pointsman.telemetry.events import Finished

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


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
    """A warning for every request that failed, and one for each that needed more than one attempt."""

    def __call__(self, event: Finished) -> None:
        outcome = event.outcome
        failed = outcome.failure is not None or outcome.status >= 400  # an outage: nobody could be asked
        if not failed and len(outcome.attempts) <= 1:
            return
        tried = [f"{a.deployment}: {a.failure.value if a.failure is not None else 'ok'}" for a in outcome.attempts]
        word = "request_failed" if failed else "request_rescued"
        logger().warning(
            word,
            request_id=event.request_id,
            model=event.model,
            failure=outcome.failure.value if outcome.failure is not None else None,
            status=outcome.status,
            attempts=tried,
        )


class DecisionLog:
    """Every decision with its steps, and the ``[ROUTER]`` lines of the routing configuration document."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._out = stream or sys.stderr

    def __call__(self, event: Finished) -> None:
        decision = event.decision
        if decision is None:
            return
        asked = plain(decision.model or "(none)")
        first = decision.choice.provider.name
        lines = [f"[ROUTER] Model: {asked} -> Provider: {first} ({decision.route} match)"]
        if event.provider != first:
            lines.append(f"[ROUTER] Fallback triggered: {first} -> {event.provider}")
        lines += [f"[ROUTER]   {line}" for line in as_text(decision).splitlines()[1:]]
        self._out.write("\n".join(lines) + "\n")
        self._out.flush()
