"""Whether a deployment's limits leave room for another request: at the same time, and within a minute. Pure reading."""

from __future__ import annotations

from pointsman.model.deployment import Deployment
from pointsman.state.record import Record


def beside(record: Record, deployment: Deployment) -> str | None:
    """Why it can't serve another request beside those under way; None if it can."""
    most = deployment.max_parallel_requests
    if most is not None and record.in_flight >= most:
        return f"{most} parallel requests reached"
    if record.limit is not None and record.in_flight >= int(record.limit.limit):
        return f"{int(record.limit.limit)} parallel requests reached, as many as it was found to bear"
    most = deployment.provider.max_parallel_requests
    if most is not None and record.place.in_flight >= most:
        return f"{most} parallel requests reached at provider {deployment.provider.name}"
    return None


def within(record: Record, deployment: Deployment, tokens: int, now: float) -> str | None:
    """Why it can't serve another request in this minute; None if it can."""
    if deployment.rpm is not None and record.requests.advance(now) + 1 > deployment.rpm:
        return f"{deployment.rpm} requests a minute reached"
    if not deployment.could_take(tokens):
        return f"{tokens} tokens are more than its {deployment.tpm} a minute"
    if deployment.tpm is not None and record.tokens.advance(now) + tokens > deployment.tpm:
        return f"{deployment.tpm} tokens a minute reached"
    return None


def until(record: Record, deployment: Deployment, tokens: int, now: float) -> float:
    """Seconds until the minute leaves room, if nothing else happens."""
    wait = 0.0
    if deployment.rpm is not None:
        wait = record.requests.until_below(now, deployment.rpm)
    if deployment.tpm is not None:
        wait = max(wait, record.tokens.until_below(now, deployment.tpm - tokens + 1))
    return wait
