"""The machine under the bench: two cores, free ports, the tools. Nothing here starts a competitor."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path

import msgspec

PACKAGES = {"nginx": "nginx-light", "wrk": "wrk"}
INSTALL_SECONDS = 300
TICKS = os.sysconf("SC_CLK_TCK")


class CannotMeasureError(Exception):
    """The machine lacks something without which no figure means anything."""


class Cores(msgspec.Struct, frozen=True):
    """The gateway runs alone on one core; upstream and load generator share the other."""

    gateway: int
    load: int


def two_cores() -> Cores:
    """The first two cores this process may use."""
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        raise CannotMeasureError("pinning needs Linux and `taskset` (util-linux)")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise CannotMeasureError(f"two cores are needed, this process may use {len(allowed)}")
    return Cores(gateway=allowed[0], load=allowed[1])


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, bound to one core; taskset replaces itself, so the pid stays the command's own."""
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def busy_seconds(cores: Cores) -> float:
    """How long both cores together have worked since the machine started, for anybody."""
    ticks = 0
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith((f"cpu{cores.gateway} ", f"cpu{cores.load} ")):
            user, nice, system, _idle, _wait, interrupts, soft, stolen = map(int, line.split()[1:9])
            ticks += user + nice + system + interrupts + soft + stolen
    return ticks / TICKS


def require_tools() -> None:
    """Nginx and wrk are there, or are installed if we may; else the command that would is named."""
    missing = [package for tool, package in PACKAGES.items() if shutil.which(tool) is None]
    if not missing:
        return
    by_hand = "apt-get install -y --no-install-recommends " + " ".join(missing)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotMeasureError(f"missing tools; install them with: {by_hand}")
    print(f"installing {' '.join(missing)} from the system's packages")
    done = subprocess.run(by_hand.split(), capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if done.returncode != 0:
        raise CannotMeasureError(f"`{by_hand}` failed: {done.stderr.strip()[-300:]}")


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return (done.stdout + done.stderr).strip().partition("\n")[0]


def describe() -> dict[str, str]:
    """What a reader must know of the machine, and of the tools on it, to compare figures."""
    return {
        **describe_host(),
        "nginx": _first_line(["nginx", "-v"]).removeprefix("nginx version: "),
        "wrk": _first_line(["wrk", "-v"]).partition(" Copyright")[0].removeprefix("wrk "),
    }


def describe_host() -> dict[str, str]:
    """The machine alone."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }
