"""Why nobody gets a task: one error that names everybody asked, and what keeps each from it."""

from __future__ import annotations

from pointsman.errors import AtLimit, NoCandidate, TooManyTokens
from pointsman.library.lineup import Lineup
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.elsewhere import left_out

MOST_TOLD = 8


def refusal(found: Lineup, request: Request, steps: tuple[Step, ...], view: View) -> NoCandidate | TooManyTokens:
    """``steps`` is what was said until nobody was left. Whoever waits waits for those that are only crowded, or else
    for anybody.
    """
    everybody: Pool = tuple(d for row in found.rows for d in row.pool)
    if not everybody:
        last = found.steps[-1]
        return NoCandidate(f"no registered model is {last.reason}: register one, or ask for less", steps=steps)
    able = [d for d in everybody if d.could_take(request.tokens)]
    if not able:
        most = max(d.tpm or 0 for d in everybody)
        return TooManyTokens(
            f"the prompt is estimated at {request.tokens} tokens; the most that a model may take is {most} a minute",
            steps=steps,
        )
    reasons = left_out(everybody, request, view)
    told = "; ".join(f"{name}: {reason}" for name, reason in list(reasons.items())[:MOST_TOLD])
    more = f"; and {len(reasons) - MOST_TOLD} more" if len(reasons) > MOST_TOLD else ""
    kind = AtLimit if all(view.fitness(d) is None for d in everybody) else NoCandidate
    wait = min(view.wait(d, request.tokens) for d in able)
    error = kind(f"nobody can take the task now: {told}{more}", retry_after=max(wait, 0.0), steps=steps)
    error.crowded = tuple([d.id for d in able if view.crowded(d, request.tokens)] or [d.id for d in able])
    return error
