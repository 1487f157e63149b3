"""When a deployment rests and how long things are remembered: the configuration's word on this room."""

from __future__ import annotations

import msgspec

from pointsman.state.breaker import BreakerSettings
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.degraded import DegradedSettings
from pointsman.state.queue import QueueSettings


class Rules(msgspec.Struct, frozen=True):
    """Of all deployments, as far as one does not say otherwise.

    ``degraded`` None: errors halve nobody's share. Who delivered within ``idle_reset`` seconds is taken to be warm. For
    ``home`` seconds a session's deployment is remembered, for ``label`` what it is about (0: it is not).
    """

    breaker: BreakerSettings = BreakerSettings()
    cooldown: CooldownSettings = CooldownSettings()
    degraded: DegradedSettings | None = None
    idle_reset: float = 600.0
    home: float = 3600.0
    label: float = 0.0
    queue: QueueSettings = QueueSettings()
