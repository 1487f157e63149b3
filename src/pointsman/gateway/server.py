"""The gateway as a process: uvicorn with our lane in it, garbage collection out of the hot path's way."""

from __future__ import annotations

import gc
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from pointsman.config.files import Files
from pointsman.errors import ConfigurationError
from pointsman.gateway.app import build_app
from pointsman.gateway.drain import Drain
from pointsman.gateway.gateway import Gateway
from pointsman.gateway.signals import heard
from pointsman.runtime import Runtime
from pointsman.wire.lane import lane_for

BACKLOG = 4096
"""Connections that may wait to be accepted."""

MANY = 65_536
"""Open files: enough for 30,000 requests at a time."""

GC_THRESHOLDS = (50_000, 20, 50)
"""The default looks at young objects every 700 allocations, every few requests. Measured: docs/performance.md."""


class GatewayServer(uvicorn.Server):
    """uvicorn's server, which ends by draining (``drain.py``) and listens to our signals (``signals.py``)."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self.gateway = gateway
        self.drain = Drain(self, gateway.inference, gateway.end_background)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """In the place of uvicorn's, which would raise the signal once more when all has ended."""
        with heard(self.drain.signalled, partial(self.gateway.reloader.soon, "signal")):
            yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.drain.close()
        await super().shutdown(sockets)
        self.drain.over()


def server_for(
    runtime: Runtime,
    host: str,
    port: int,
    on_ready: Callable[[], None] | None = None,
    files: Files | None = None,
) -> GatewayServer:
    """A server that has not started. ``on_ready`` is called when it is about to accept; ``files`` are read again when
    the configuration is to be reloaded.
    """
    gateway = Gateway(runtime, host, files, on_ready)
    config = uvicorn.Config(
        build_app(gateway),
        host=host,
        port=port,
        http=lane_for(gateway.inference),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=None,  # the drain's business
        backlog=BACKLOG,
    )
    return GatewayServer(config, gateway)


def settle_memory() -> None:
    """What exists now stays: take it out of the collector's sight, and let it look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def allow_many_connections() -> None:
    """A request takes two sockets: raise the soft limit of open files as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY if hard == resource.RLIM_INFINITY else min(hard, MANY)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens already, so that whoever is told of it can connect.

    Raises ConfigurationError in words if the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio looks for it: TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"can't listen on {host}:{port}: {error.strerror}") from error
    listener.set_inheritable(True)
    return listener
