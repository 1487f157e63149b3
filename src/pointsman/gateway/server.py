"""The gateway as a process: uvicorn with our lane in it, garbage collection out of the hot path's way."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
from collections.abc import Callable

import uvicorn

from pointsman.errors import ConfigurationError
from pointsman.gateway.app import build_app
from pointsman.gateway.auth import LOOPBACK, Keys, weakness
from pointsman.gateway.inference import Inference
from pointsman.gateway.watches import Watches
from pointsman.runtime import Runtime
from pointsman.telemetry.log import logger
from pointsman.wire.lane import lane_for
from pointsman.wire.perform import World

BACKLOG = 4096
"""Connections that may wait to be accepted."""

MANY = 65_536
"""Open files: enough for 30,000 requests at a time."""

GC_THRESHOLDS = (50_000, 20, 50)
"""The default looks at young objects every 700 allocations, every few requests. Measured: docs/performance.md."""


def check_exposure(runtime: Runtime, host: str) -> None:
    """A weak key is warned of on loopback and refuses to start anywhere else."""
    weak = weakness(runtime.topology.server.master_key)
    if weak is None:
        return
    if host not in LOOPBACK:
        raise ConfigurationError(f"{weak}; on {host} everybody could use it. Set a long random one to listen there")
    logger().warning("weak_master_key", reason=weak, host=host)


def server_for(runtime: Runtime, host: str, port: int, on_ready: Callable[[], None] | None = None) -> uvicorn.Server:
    """A uvicorn server that has not started. ``on_ready`` is called when it is about to accept."""
    inference = Inference(runtime, Keys(runtime.topology.server.master_key))
    watches: list[Watches] = []

    def open_world() -> None:
        inference.open(World(asyncio.get_running_loop()))
        watches.append(Watches(runtime, inference.world))
        if on_ready is not None:
            on_ready()

    def close_world() -> None:
        for each in watches:
            each.close()
        inference.close()

    config = uvicorn.Config(
        build_app(inference, open_world, close_world),
        host=host,
        port=port,
        http=lane_for(inference),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=30,
        backlog=BACKLOG,
    )
    return uvicorn.Server(config)


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
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"can't listen on {host}:{port}: {error.strerror}") from error
    listener.set_inheritable(True)
    return listener
