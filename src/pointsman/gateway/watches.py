"""Watches of servers on the gateway's event loop: one a server that may load models, as long as the topology wants."""

from __future__ import annotations

from pointsman.flow.drive import Cancel, Drive, Flow
from pointsman.flow.effects import Effect
from pointsman.flow.watch import watch
from pointsman.routing.topology import Topology
from pointsman.runtime import Runtime
from pointsman.telemetry.log import logger
from pointsman.wire.perform import World


class Watches:
    """Begun when it is made, and begun anew with every topology."""

    def __init__(self, runtime: Runtime, world: World) -> None:
        self._board = runtime.board
        self._world = world
        self._under_way: list[Watching] = []
        self._begin(runtime.topology)
        runtime.on_swap(self._begin)

    def close(self) -> None:
        """End them all."""
        for watching in self._under_way:
            watching.cancel()
        self._under_way = []

    def _begin(self, topology: Topology) -> None:
        self.close()
        settings = topology.warm
        if settings is None:
            return
        providers = {deployment.provider.name: deployment.provider for deployment in topology.deployments}
        self._under_way = [
            Watching(watch(provider, settings, self._board), self._world) for provider in providers.values()
        ]
        for watching in self._under_way:
            watching.resume()


class Watching(Drive[None]):
    """One watch."""

    __slots__ = ("_world",)

    def __init__(self, flow: Flow[None], world: World) -> None:
        super().__init__(flow)
        self._world = world

    def perform(self, effect: Effect, /) -> Cancel | None:
        return self._world.perform(effect, self.resume)

    def done(self, _result: None, error: BaseException | None, /) -> None:
        if error is not None:
            logger().error("watch_ended", kind=type(error).__name__, exc_info=error)
