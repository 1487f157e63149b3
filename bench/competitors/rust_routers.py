"""The three fleet routers written in Rust: vllm-router, sglang-router, smg. Each with its cheapest policy.

They check no key and keep no decision record; retries, breaker and health checks are theirs by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from competitors.base import Competitor, Place
from competitors.install import from_pypi

if TYPE_CHECKING:
    from pathlib import Path


class RustRouter(Competitor):
    """What the three have in common: a wheel with a launcher, and nearly the same options."""

    rust = True
    version = ""
    log_level = "warn"
    launcher: tuple[str, ...] = ()
    _folder: Path

    def install(self, cache: Path) -> str:
        self._folder = from_pypi(cache, self.name, self.version)
        return self.version

    def command(self, place: Place) -> list[str]:
        program = [str(self._folder / "bin" / self.launcher[0]), *self.launcher[1:]]
        served = ["--host", "127.0.0.1", "--port", str(place.port), "--worker-urls", place.upstream]
        metrics = ["--prometheus-host", "127.0.0.1", "--prometheus-port", str(place.metrics_port)]
        started = ["--worker-startup-check-interval", "1", "--log-level", self.log_level]
        return [*program, *served, *metrics, *started, "--policy", "round_robin"]


class VllmRouter(RustRouter):
    name = "vllm-router"
    version = "0.1.17"
    log_level = "warning"
    launcher = ("vllm-router",)


class SglangRouter(RustRouter):
    name = "sglang-router"
    version = "0.3.2"
    launcher = ("python", "-m", "sglang_router.launch_router")


class Smg(RustRouter):
    name = "smg"
    version = "1.13.0"
    launcher = ("smg", "launch")
