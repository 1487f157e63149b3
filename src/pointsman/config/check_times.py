"""Timeouts that never end anything, because a shorter one does."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.remarks import DEPLOYMENT, Remark
from pointsman.config.settings import RouterSettings, Settings
from pointsman.model.deployment import Deployment

FIRST, IDLE, BOTH = "first_token_timeout", "idle_timeout", "stream_timeout"


def timeouts_behind_others(settings: Settings) -> Iterator[Remark]:
    """A stream's first content is waited for no longer than a whole reply, and its silences no longer than a request.
    Callers may give a request more time than is configured, so that it is a doubt only.
    """
    router = settings.router
    for key, limit in _longer(router, router.timeout, router.timeout):
        yield Remark("warning", ("router_settings", key), f"is longer than the {limit:g} s that a whole request has")
    for deployment in settings.deployments:
        if deployment.model is not None:
            for key, limit in _longer(deployment, deployment.timeout or router.timeout, router.timeout):
                text = f"its {key} is longer than the {limit:g} s that are waited for an answer of it"
                yield Remark("warning", (DEPLOYMENT, deployment.id), text)


def _longer(said: RouterSettings | Deployment, whole: float, request: float) -> Iterator[tuple[str, float]]:
    """Which of the times that are said here is cut short, and by how many seconds of another."""
    for key, limit in ((FIRST, whole), (IDLE, request), (BOTH, min(whole, request))):
        value = getattr(said, key)
        if value is not None and value > limit:
            yield key, limit
