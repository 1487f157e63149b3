"""What one server is made of: what serves requests, what runs beside them, and how its configuration is renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pointsman.config.files import Files
from pointsman.gateway.inference import Inference
from pointsman.gateway.reload import Reloader
from pointsman.gateway.watches import Watches
from pointsman.runtime import Runtime
from pointsman.wire.perform import World


class Gateway:
    """Opened and closed once, by the event loop that it belongs to."""

    def __init__(
        self,
        runtime: Runtime,
        host: str = "127.0.0.1",
        files: Files | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self.inference = Inference(runtime)
        self.reloader = Reloader(self.inference, host, files)
        self._on_ready = on_ready
        self._watches: Watches | None = None

    def open(self) -> None:
        self.inference.open(World(asyncio.get_running_loop()))
        self._watches = Watches(self.inference.runtime, self.inference.world)
        self.reloader.begin()
        if self._on_ready is not None:
            self._on_ready()

    def end_background(self) -> None:
        """What runs beside requests ends before they do."""
        self.reloader.end()
        if self._watches is not None:
            self._watches.close()

    def close(self) -> None:
        self.end_background()
        self.inference.close()
