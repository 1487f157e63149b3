"""``pointsman serve``: load, check, bind, run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from rich.console import Console

from pointsman.cli.found import find_settings
from pointsman.config.load import load, load_or_raise
from pointsman.config.settings import Settings
from pointsman.errors import ConfigurationError
from pointsman.gateway.server import allow_many_connections, bind, check_exposure, server_for, settle_memory
from pointsman.runtime import Runtime
from pointsman.telemetry import log
from pointsman.telemetry.log import DecisionLog, FailureLog

console = Console(stderr=True, highlight=False)


def run(paths: Sequence[Path], host: str, port: int, *, debug_router: bool = False, begun: float | None = None) -> int:
    """Load what ``--config`` names, or look for it, or discover local servers; then serve."""
    begun = begun or monotonic()
    try:
        settings = _loaded(paths) if paths else find_settings(console)
    except ConfigurationError as error:
        console.print(
            f"pointsman: the configuration is not fit to serve\n{error}", style="red", markup=False, soft_wrap=True
        )
        return 1
    return serve(settings, host, port, debug_router=debug_router, begun=begun)


def _loaded(paths: Sequence[Path]) -> Settings:
    """Load, and tell what there is to warn of."""
    loaded = load(paths, environ=os.environ)
    if loaded.settings is None:
        return load_or_raise(paths, environ=os.environ)
    for finding in loaded.findings:
        console.print(f"pointsman: {finding}", style="yellow", markup=False, soft_wrap=True)
    return loaded.settings


def serve(settings: Settings, host: str, port: int, *, debug_router: bool = False, begun: float | None = None) -> int:
    """Run the gateway until SIGINT or SIGTERM. Returns the exit code."""
    level = os.environ.get("POINTSMAN_LOG", "info").lower()
    log.configure(level)
    try:
        runtime = Runtime(settings)
        check_exposure(runtime, host)
        listener = bind(host, port)
    except ConfigurationError as error:
        console.print(f"pointsman: {error}", style="red", markup=False)
        return 1
    runtime.listeners.append(FailureLog())
    if debug_router or settings.router.debug_router or level == "debug":
        runtime.listeners.append(DecisionLog())
    port = listener.getsockname()[1]

    def told() -> None:
        settle_memory()
        shown = f"[{host}]" if ":" in host else host
        since = f" in {monotonic() - begun:.2f} s" if begun is not None else ""
        names = ", ".join(runtime.topology.public_names[:8]) or "(any name, by provider)"
        console.print(
            f"pointsman: ready on http://{shown}:{port}{since}, "
            f"{len(runtime.topology.deployments)} deployments, serving {names}",
            markup=False,
            soft_wrap=True,
        )

    allow_many_connections()
    server = server_for(runtime, host, port, told)
    server.run(sockets=[listener])
    return 0
