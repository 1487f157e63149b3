"""Performs effects on an event loop: asks through the pools, waits on timers, leaves relaying to who has the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from pointsman.config.kinds import LIBRARIES
from pointsman.config.settings import EncoderSettings
from pointsman.flow.drive import Cancel
from pointsman.flow.effects import Call, Effect, Embed, Join, Patiently, Reply, Sleep, Wait
from pointsman.model.deployment import Provider
from pointsman.wire.outbox import Outbox
from pointsman.wire.pool import Pool
from pointsman.wire.race import Race
from pointsman.wire.signing import SignedPool
from pointsman.wire.sweeper import Sweeper

if TYPE_CHECKING:
    from pointsman.wire.embedder import Embedders

GRAIN = 0.002
"""Seconds by which uvloop's timers, which count whole milliseconds, may be early. Whoever sleeps until a rest is over
must not wake while it lasts.
"""

Resume = Callable[[Reply], None]


class Place(Protocol):
    """Where calls to one provider go."""

    provider: Provider

    def ask(self, call: Call, resume: Resume, /) -> Cancel: ...

    def close(self) -> None: ...


class World:
    """The outside, as one event loop reaches it. One for all requests."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.sweeper = Sweeper(loop)
        self.outbox = Outbox(loop)
        self._embedders: Embedders | None = None
        self._pools: dict[int, Place] = {}  # by the identity of the provider, which its pool keeps alive

    def perform(self, effect: Effect, resume: Resume) -> Cancel | None:
        """All but Relay, which needs the caller's connection, so the gateway performs it."""
        if type(effect) is Call:
            return self.ask(effect, resume)
        if type(effect) is Sleep:
            return self.loop.call_later(effect.seconds + GRAIN, resume, None).cancel
        if type(effect) is Embed:
            return self._encoders().perform(effect, resume)
        if type(effect) is Wait:
            return self._wait(effect, resume)
        if type(effect) is Patiently:
            return Race(self.loop, self.ask).begin(effect.call, effect.seconds, resume)
        if type(effect) is Join:
            race: Race = effect.race
            return race.join(effect.call, resume)
        raise TypeError(f"no way to perform {effect!r} here")

    def _wait(self, wait: Wait, resume: Resume) -> Cancel:
        """Resume when the ticket is woken or the time is up, whichever comes first."""
        ticket = wait.ticket

        def go_on() -> None:
            ticket.wake = None
            resume(None)

        timer = self.loop.call_later(wait.seconds, go_on)

        def wake() -> None:
            ticket.wake = None
            timer.cancel()
            self.loop.call_soon(resume, None)

        def cancel() -> None:
            ticket.wake = None
            timer.cancel()

        ticket.wake = wake
        return cancel

    def ask(self, call: Call, resume: Resume) -> Cancel:
        """Ask through the provider's pool."""
        pool = self._pools.get(id(call.provider)) or self._pool(call.provider)
        return pool.ask(call, resume)

    def keep_only(self, providers: Iterable[Provider], encoder: EncoderSettings | None = None) -> None:
        """After a swap: a provider that stays keeps its connections; idle connections of the others are closed. An
        encoder that stays keeps its model and its vectors.
        """
        if self._embedders is not None:
            self._embedders.keep_only(encoder)
        before = {pool.provider: pool for pool in self._pools.values()}
        self._pools = {}
        for provider in providers:
            pool = before.pop(provider, None)
            if pool is not None:
                pool.provider = provider
                self._pools[id(provider)] = pool
        for pool in before.values():
            pool.close()

    def close(self) -> None:
        if self._embedders is not None:
            self._embedders.keep_only(None)
        for pool in self._pools.values():
            pool.close()

    def _encoders(self) -> Embedders:
        """Made when first asked: what they are made of takes 16 MB."""
        if self._embedders is None:
            from pointsman.wire.embedder import Embedders  # noqa: PLC0415  as said

            self._embedders = Embedders(self.loop, self.ask)
        return self._embedders

    def _pool(self, provider: Provider) -> Place:
        pool: Place
        if provider.kind in LIBRARIES:
            from pointsman.wire.any_llm import AnyLlm  # noqa: PLC0415  few need it

            pool = AnyLlm(provider, self.loop)
        elif provider.aws is None:
            pool = Pool(provider, self.loop, self.sweeper, self.outbox)
        else:
            pool = SignedPool(provider, provider.aws, self.loop, self.sweeper, self.outbox)
        self._pools[id(provider)] = pool
        return pool
