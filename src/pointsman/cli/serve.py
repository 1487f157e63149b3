"""``pointsman serve``: load, check, bind, run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from rich.console import Console

from pointsman.config.settings import Settings
from pointsman.errors import ConfigurationError
from pointsman.gateway.server import bind, check_exposure, server_for, settle_memory
from pointsman.runtime import Runtime
from pointsman.telemetry import log
from pointsman.telemetry.log import DecisionLog, FailureLog

console = Console(stderr=True, highlight=False)


def run(paths: Sequence[Path], host: str, port: int, *, debug_router: bool = False, begun: float | None = None) -> int:
    """Load what ``--config`` names, or look for it, or discover local servers; then serve."""
    begun = begun or monotonic()
    try:
        settings = load_or_raise(paths, environ=os.environ) if paths else _found()
    except ConfigurationError as error:
        console.print(
            f"pointsman: the configuration is not fit to serve\n{error}", style="red", markup=False, soft_wrap=True
        )
        return 1
    return serve(settings, host, port, debug_router=debug_router, begun=begun)


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
        )

    server = server_for(runtime, host, port, told)
    server.run(sockets=[listener])
    return 0
