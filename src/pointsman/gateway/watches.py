"""Watches of servers on the gateway's event loop: those that the topology has a use for, as long as it has."""

from __future__ import annotations

from pointsman.flow.drive import Cancel, Drive, Flow
from pointsman.flow.effects import Effect
from pointsman.flow.watch import watches
from pointsman.routing.topology import Topology
from pointsman.runtime import Runtime
from pointsman.telemetry.log import logger
from pointsman.wire.perform import World


class Watches:
    """Begun when it is made, and begun anew with every topology."""

    def __init__(self, runtime: Runtime, world: World) -> None:
        self._runtime = runtime
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
        flows = watches(topology, self._runtime.board, self._learn)
        self._under_way = [Watching(flow, self._world) for flow in flows]
        for watching in self._under_way:
            watching.resume()

    def _learn(self) -> None:
        if self._runtime.learn():
            lists = self._runtime.topology.lists
            logger().info("models_listed", models={place.name: len(listing.cards) for place, listing in lists.items()})


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
