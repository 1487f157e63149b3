"""What can be told of a router, in its typed words. Reads, and changes nothing."""

from __future__ import annotations

from pointsman.errors import NoCandidate, PointsmanError, TooManyTokens
from pointsman.library.choice import Asked
from pointsman.library.desk import Desk
from pointsman.library.models import Model
from pointsman.library.results import BreakerStatus, Candidate, Explanation, ModelMetrics
from pointsman.model.decision import Step
from pointsman.routing.shapes import Sight


def metrics_of(desk: Desk, model: Model) -> ModelMetrics:
    board, record = desk.board, model.record
    with board.lock:
        good, bad = record.successes, model.failures
        return ModelMetrics(
            model.id,
            good + bad,
            good,
            bad,
            model.routed,
            record.in_flight,
            model.latency / model.timed if model.timed else 0.0,
            board.standing(model.deployment).latency,
            good / (good + bad) if good + bad else None,
            bool(status_of(desk, model)),
            {task: good / (good + bad) for task, (good, bad, _) in board.evidence(model.deployment).items()},
        )


def status_of(desk: Desk, model: Model) -> BreakerStatus:
    board = desk.board
    with board.lock:
        reading, why = board.breaker_of(model.deployment), board.fitness(model.deployment)
        wait = board.wait(model.deployment) if why is not None else 0.0
        return BreakerStatus(model.id, reading.state.value, reading.failures, reading.successes, wait, why)


def explained(desk: Desk, asked: Asked, why: str) -> Explanation:
    """The very decision that a task would get, with everybody's figures; nothing is counted. ``why``: it is of its
    category.
    """
    sights: list[Sight] = []
    size = len(desk.models)
    category = Step("category", size, size, f"{asked.category.value}: {why}")
    with desk.board.lock:
        try:
            choice, terms = desk.chooser.explain(asked, sights)
        except PointsmanError as error:
            if not isinstance(error, (NoCandidate, TooManyTokens)):
                raise
            return Explanation(
                None,
                asked.category.value,
                desk.chooser.strategy.value,
                (category, *error.steps),
                _left_out(sights),
                error.message,
            )
    left = tuple(
        Candidate(deployment.id, None, figures) for deployment, figures in zip(choice.pool, terms, strict=True)
    )
    out = _left_out(sights, {d.id for d in choice.pool})
    return Explanation(
        choice.deployment.id,
        asked.category.value,
        desk.chooser.strategy.value,
        (category, *choice.steps),
        (*left, *out),
    )


def _left_out(sights: list[Sight], kept: frozenset[str] | set[str] = frozenset()) -> tuple[Candidate, ...]:
    reasons = {name: f"{s.stage}: {why}" for s in reversed(sights) for name, why in s.excluded.items()}
    return tuple(Candidate(name, why) for name, why in reasons.items() if name not in kept)
