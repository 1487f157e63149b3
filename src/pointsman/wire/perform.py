"""Performs effects on an event loop: asks through the pools, waits on timers, leaves relaying to who has the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from pointsman.flow.drive import Cancel
from pointsman.flow.effects import Call, Effect, Reply, Sleep
from pointsman.model.deployment import Provider
from pointsman.wire.pool import Pool
from pointsman.wire.sweeper import Sweeper

Resume = Callable[[Reply], None]


class World:
    """The outside, as one event loop reaches it. One for all requests."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.sweeper = Sweeper(loop)
        self._pools: dict[str, Pool] = {}

    def perform(self, effect: Effect, resume: Resume) -> Cancel | None:
        """Call and Sleep. Relay needs the caller's connection, so the gateway performs it."""
        if type(effect) is Call:
            provider = effect.provider
            pool = self._pools.get(provider.name)
            if pool is None or pool.provider is not provider:
                pool = self._pool(provider, pool)
            return pool.ask(effect, resume)
        if type(effect) is Sleep:
            return self.loop.call_later(effect.seconds, resume, None).cancel
        raise TypeError(f"no way to perform {effect!r} here")

    def keep_only(self, providers: Iterable[Provider]) -> None:
        """After a swap: close the idle connections of providers that are gone."""
        names = {provider.name for provider in providers}
        for name in [name for name in self._pools if name not in names]:
            self._pools.pop(name).close()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()

    def _pool(self, provider: Provider, known: Pool | None) -> Pool:
        """A pool for a provider seen for the first time, or changed by a swap."""
        if known is not None and known.provider == provider:
            known.provider = provider
            return known
        if known is not None:
            known.close()
        pool = self._pools[provider.name] = Pool(provider, self.loop, self.sweeper)
        return pool
