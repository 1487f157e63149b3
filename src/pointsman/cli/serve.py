"""``pointsman serve``: load, check, bind, run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
from rich.console import Console

from pointsman.cli.found import find_settings
from pointsman.config.discover import default_paths
from pointsman.config.files import Files
from pointsman.config.load import Loaded
from pointsman.config.settings import Settings
from pointsman.errors import ConfigurationError
from pointsman.gateway.auth import check_exposure
from pointsman.gateway.server import GatewayServer, allow_many_connections, bind, server_for, settle_memory
from pointsman.routing.topology import Topology
from pointsman.runtime import Runtime
from pointsman.telemetry import log
from pointsman.telemetry.log import DecisionLog, FailureLog

console = Console(stderr=True, highlight=False)


class Wishes(msgspec.Struct, frozen=True):
    """What the command line asks for. Times are seconds; None leaves them to the configuration."""

    host: str = "127.0.0.1"
    port: int = 4000
    debug_router: bool = False
    drain_timeout: float | None = None
    drain_delay: float | None = None
    watch: bool = False

    def over(self, settings: Settings) -> Settings:
        """The configuration, with the last word said here."""
        said: dict[str, Any] = {"drain_timeout": self.drain_timeout, "drain_delay": self.drain_delay}
        said = {name: value for name, value in said.items() if value is not None}
        return msgspec.structs.replace(settings, server=msgspec.structs.replace(settings.server, **said))


def run(paths: Sequence[Path], wishes: Wishes, begun: float) -> int:
    """Load what ``--config`` names, or look for it, or discover local servers; then serve until told to end.

    ``begun`` is when the command was, on ``time.monotonic``. Returns the exit code.
    """
    if not paths:
        paths = default_paths(Path.cwd())
        if paths:
            console.print(f"pointsman: reading {', '.join(map(str, paths))}", markup=False)
    files = Files(paths, os.environ, adjust=wishes.over, watched=wishes.watch) if paths else None
    try:
        settings = _told(files.read()) if files is not None else wishes.over(find_settings(console))
    except ConfigurationError as error:
        console.print(
            f"pointsman: the configuration is not fit to serve\n{error}", style="red", markup=False, soft_wrap=True
        )
        return 1
    return _serve(settings, files, wishes, begun)


def _told(loaded: Loaded) -> Settings:
    """What was loaded, and what there is to warn of. Raises ConfigurationError if it is unfit."""
    if loaded.settings is None:
        raise ConfigurationError("\n".join(str(finding) for finding in loaded.findings))
    for finding in loaded.findings:
        console.print(f"pointsman: {finding}", style="yellow", markup=False, soft_wrap=True)
    return loaded.settings


def _serve(settings: Settings, files: Files | None, wishes: Wishes, begun: float) -> int:
    level = os.environ.get("POINTSMAN_LOG", "info").lower()
    log.configure(level)
    try:
        runtime = Runtime(settings)
        check_exposure(settings.server, wishes.host)
        listener = bind(wishes.host, wishes.port)
    except ConfigurationError as error:
        console.print(f"pointsman: {error}", style="red", markup=False)
        return 1
    runtime.listeners.append(FailureLog())
    _log_decisions(runtime, always=wishes.debug_router or level == "debug")
    port = listener.getsockname()[1]

    def ready() -> None:
        settle_memory()
        _say_ready(runtime, wishes.host, port, monotonic() - begun)

    allow_many_connections()
    server: GatewayServer = server_for(runtime, wishes.host, port, ready, files)
    server.run(sockets=[listener])
    return server.drain.exit_code


def _log_decisions(runtime: Runtime, *, always: bool) -> None:
    """Every decision, always or as long as the configuration says so."""
    decisions = DecisionLog()

    def follow(topology: Topology) -> None:
        wanted, logged = always or topology.router.debug_router, decisions in runtime.listeners
        if wanted and not logged:
            runtime.listeners.append(decisions)
        elif logged and not wanted:
            runtime.listeners.remove(decisions)

    follow(runtime.topology)
    runtime.on_swap(follow)


def _say_ready(runtime: Runtime, host: str, port: int, seconds: float) -> None:
    shown = f"[{host}]" if ":" in host else host
    names = ", ".join(runtime.topology.public_names[:8]) or "(any name, by provider)"
    console.print(
        f"pointsman: ready on http://{shown}:{port} in {seconds:.2f} s, "
        f"{len(runtime.topology.deployments)} deployments, serving {names}",
        markup=False,
        soft_wrap=True,
    )
