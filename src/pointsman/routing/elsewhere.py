"""Nobody in the group asked for is fit: who takes its place, and what is said if nobody does."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.errors import AtLimit, InvalidBody, NoCandidate, PointsmanError, TooManyTokens
from pointsman.model.decision import Pool, Step, Tier
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.providers.lacking import FIRM
from pointsman.routing.conditions import Facts, compiled
from pointsman.routing.fallback import PURPOSES, as_wished
from pointsman.routing.needs import too_long, unfit
from pointsman.routing.shapes import Sight, Strategy
from pointsman.routing.topology import Topology
from pointsman.routing.wording import unworded, wordless

Ready = Callable[[Tier, Pool], Strategy]


Place = tuple[int, Pool, int, tuple[Step, ...]]
"""The tier's number, who was left in it, the index of the choice, and all steps so far."""


class Elsewhere:
    """Over one topology. ``ready`` makes a tier's strategy ready for some of its members."""

    def __init__(self, topology: Topology, ready: Ready) -> None:
        self._topology = topology
        self._ready = ready

    def find(
        self,
        request: Request,
        tiers: tuple[Tier, ...],
        steps: tuple[Step, ...],
        view: View,
        dice: Dice,
        sights: list[Sight] | None,
    ) -> Place:
        """The first tier with somebody fit takes the group's place. If there is none, one of those who rest is asked
        all the same, by one request at a time: a guess about health must not end a service. Raises NoCandidate,
        AtLimit, TooManyTokens or InvalidBody (beyond everybody).
        """
        out = providers_of(tiers[0])
        turned = open_to(request, tiers)
        for in_need in (False, True):
            for number, tier in turned:
                if number == 0 and not in_need:
                    continue
                if not admits(tier, Facts(request, self._topology, view, tier.name, out)):
                    over = _passed_over(tier)
                    steps += (over,)
                    if sights is not None:
                        sights.append(Sight(over.stage, (), dict.fromkeys([d.id for d in tier.pool], over.reason)))
                    continue
                wished = as_wished(request, tier)
                excluded = left_out(tier.pool, wished, view)
                fit = tuple(d for d in tier.pool if d.id not in excluded)
                fit = tuple(d for d in fit if not unworded(d, wished)) or fit
                pool = needed(tier.pool, tiers, wished, view) if in_need else fit
                begun = _begun(tier, pool, in_need)
                steps += (begun,)
                if pool:
                    index, step = self._ready(tier, pool).pick(wished, view, dice)
                    return number, pool, index, (*steps, step)
                out |= providers_of(tier)
                if sights is not None:
                    sights.append(Sight(begun.stage, pool, excluded))
        reachable = tuple(
            tier for _, tier in turned if admits(tier, Facts(request, self._topology, view, tier.name, out))
        )
        raise _empty(request, reachable, steps, view)


def open_to(request: Request, tiers: tuple[Tier, ...]) -> list[tuple[int, Tier]]:
    """The tiers that a request may turn to at first, with their numbers. If it is too long for everybody in the group
    asked for, those are the ones for such requests, if there are any.
    """
    numbered = list(enumerate(tiers))
    special = [(number, tier) for number, tier in numbered if tier.on is FailureKind.CONTEXT]
    own = [(number, tier) for number, tier in numbered if tier.on is None and tier.group == tiers[0].group]
    if special and all(too_long(d, as_wished(request, tier)) for _, tier in own for d in tier.pool):
        return [*own, *special]
    return [(number, tier) for number, tier in numbered if tier.on is None]


def admits(tier: Tier, facts: Facts) -> bool:
    """False for a member of a chain whose condition does not hold."""
    condition = tier.link.condition if tier.link is not None else None
    return condition is None or compiled(condition)(facts)


def providers_of(tier: Tier) -> frozenset[str]:
    """Where its members are: to a request that finds none of them fit these places are unavailable."""
    return frozenset([deployment.provider.name for deployment in tier.pool])


def why_not(deployment: Deployment, request: Request, view: View) -> str | None:
    """Why a deployment can't be asked now; None if it can."""
    return unfit(deployment, request) or view.fitness(deployment) or view.room(deployment, request.tokens)


def left_out(pool: Pool, request: Request, view: View) -> dict[str, str]:
    """Who can't be asked now, and why."""
    reasons = {d.id: why_not(d, request, view) for d in pool}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def needed(pool: Pool, tiers: tuple[Tier, ...], request: Request, view: View) -> Pool:
    """Whom of a pool to ask although it rests, when nobody else of these tiers is left; at most one, and nobody while
    another request is asking one of their members so.
    """
    able = [d for d in pool if unfit(d, request) is None and view.room(d, request.tokens) is None]
    found = view.in_need([d for tier in tiers for d in tier.pool], able)
    return () if found is None else (found,)


def _begun(tier: Tier, pool: Pool, in_need: bool) -> Step:
    """The step that begins a new pool after the one before was empty."""
    if in_need:
        why = "asked although it rests" if pool else "nobody may be asked, not even in need"
    else:
        why = "turned to" if pool else "nobody fit in fallback group"
    return Step("need" if in_need else "fallback", len(tier.pool), len(pool), f"{why}: {_told(tier)}")


def _passed_over(tier: Tier) -> Step:
    text = tier.link.condition.text if tier.link is not None and tier.link.condition is not None else ""
    return Step("fallback", len(tier.pool), 0, f"passed over: {_told(tier)}, for {text!r} does not hold")


def _told(tier: Tier) -> str:
    group = repr(tier.group) if tier.link is None else f"{tier.group!r} of chain {tier.link.chain!r}"
    return group if tier.on is None else f"{group}, for {PURPOSES[tier.on]}"


def _empty(request: Request, tiers: tuple[Tier, ...], steps: tuple[Step, ...], view: View) -> PointsmanError:
    """Nobody is left. The 'no candidate' error prints the same steps as every other explanation."""
    first, tokens = tiers[0], request.tokens
    everybody = [d for tier in tiers for d in tier.pool]
    beyond = {d.id: reason for d in everybody if (reason := unfit(d, request)) is not None}
    able = [d for d in everybody if d.id not in beyond]
    if not able:
        told = "; ".join(f"{name}: {reason}" for name, reason in list(beyond.items())[:8])
        lacks = next((fields for d in everybody if wordless(d, request) and (fields := unworded(d, request))), ())
        hint = "; drop_params leaves such fields out" if lacks and FIRM.isdisjoint(lacks) else ""
        return InvalidBody(
            f"the request is beyond everybody who serves {first.group!r}: {told}{hint}",
            param=lacks[0] if lacks else None,
            steps=steps,
        )
    able = [d for d in able if d.could_take(tokens)]
    if not able:
        most = max(d.tpm or 0 for d in everybody)
        return TooManyTokens(
            f"the request is estimated at {tokens} tokens; the most that a deployment of {first.group!r}"
            f" or its fallbacks may take is {most} a minute",
            steps=steps,
        )
    at_limit = all(view.fitness(d) is None or view.at_limit(d) for d in first.pool)
    wait = min(view.wait(d, tokens) for d in able)
    told = "; ".join(f"[{step.stage}] {step.reason}" for step in steps if step.after < step.before)
    kind = AtLimit if at_limit else NoCandidate
    error = kind(
        f"no deployment of {first.group!r} can take the request now: {told}",
        retry_after=max(wait, 0.0),
        steps=steps,
    )
    error.crowded = tuple(dict.fromkeys([d.id for d in able if view.crowded(d, tokens)]))
    return error
