"""When a deployment rests and how long things are remembered: the configuration's word on this room."""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.rest import Allowed, BreakerSettings
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.degraded import DegradedSettings
from pointsman.state.queue import QueueSettings


class Rules(msgspec.Struct, frozen=True):
    """Of all deployments, as far as one of them or its provider does not say otherwise.

    ``degraded`` None: errors halve nobody's share. Who delivered within ``idle_reset`` seconds is taken to be warm. For
    ``home`` seconds a session's deployment is remembered, for ``label`` what it is about (0: it is not). ``allowed``:
    failures that are borne. Unless ``rests`` nobody ever rests. ``in_order``: round robin begins with the first of a
    pool, not with one drawn by dice.
    """

    breaker: BreakerSettings = BreakerSettings()
    cooldown: CooldownSettings = CooldownSettings()
    degraded: DegradedSettings | None = None
    idle_reset: float = 600.0
    home: float = 3600.0
    label: float = 0.0
    queue: QueueSettings = QueueSettings()
    allowed: tuple[Allowed, ...] = ()
    rests: bool = True
    in_order: bool = False

    def breaker_at(self, provider: Provider) -> BreakerSettings:
        """Of the provider as a whole."""
        return self.breaker.changed(provider.breaker)

    def breaker_of(self, deployment: Deployment) -> BreakerSettings:
        return self.breaker.changed(deployment.provider.breaker, deployment.breaker)

    def cooldown_of(self, deployment: Deployment) -> CooldownSettings:
        if deployment.cooldown_time is None:
            return self.cooldown
        return msgspec.structs.replace(self.cooldown, seconds=deployment.cooldown_time)

    def allowed_of(self, deployment: Deployment) -> tuple[Allowed, ...]:
        """The deployment's own word counts first."""
        return (*deployment.allowed, *self.allowed)
