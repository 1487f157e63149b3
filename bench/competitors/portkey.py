"""Portkey's open gateway on Node. It has no key check of its own; the upstream is named in headers."""

from __future__ import annotations

import shutil
from pathlib import Path

from competitors.base import UPSTREAM_KEY, CannotInstallError, Competitor, Place
from competitors.install import from_npm

PACKAGE, VERSION = "@portkey-ai/gateway", "1.15.2"
# Tried: with 1.14.4 and later, which npm would choose, every stream is a 500 ("TypeError: immutable").
OVERRIDES = {"@hono/node-server": "1.13.8"}
LOOPBACK = Path(__file__).with_name("loopback.cjs")


class Portkey(Competitor):
    """Listens on every address by itself; a preloaded script keeps it on loopback."""

    name = "portkey"
    _folder: Path

    def install(self, cache: Path) -> str:
        if shutil.which("node") is None:
            raise CannotInstallError("node is not installed")
        self._folder = from_npm(cache, PACKAGE, VERSION, OVERRIDES)
        fixed = ", ".join(f"{name} {version}" for name, version in OVERRIDES.items())
        return f"{VERSION} (with {fixed})"

    def command(self, place: Place) -> list[str]:
        server = self._folder / "node_modules" / PACKAGE / "build" / "start-server.js"
        return ["node", "--require", str(LOOPBACK), str(server), f"--port={place.port}", "--headless"]

    def environment(self, place: Place) -> dict[str, str]:
        del place
        return {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}

    def headers(self, place: Place) -> dict[str, str]:
        return {
            "authorization": f"Bearer {UPSTREAM_KEY}",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"{place.upstream}/v1",
        }
