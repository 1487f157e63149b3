"""A new configuration while the gateway serves: read, checked and built beside the old one, then put in its place whole
or not at all. Reading and building happen in a thread, so that no request waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Literal

import msgspec

from pointsman.config.files import Files
from pointsman.config.findings import Finding
from pointsman.errors import ConfigurationError, Draining
from pointsman.gateway.auth import check_exposure
from pointsman.gateway.changes import Changes, changes
from pointsman.gateway.inference import Inference
from pointsman.runtime import Prepared
from pointsman.telemetry.log import logger

EVERY = 1.0
"""Seconds between looks at watched files."""


class Reloaded(msgspec.Struct, frozen=True):
    """What came of it. ``refused`` says why nothing was changed."""

    result: Literal["swapped", "unchanged", "refused"]
    changes: Changes = Changes()
    findings: tuple[Finding, ...] = ()
    refused: str | None = None


class Reloader:
    """``host`` is the address that the gateway listens on; ``files`` is None if it was started without any."""

    def __init__(self, inference: Inference, host: str, files: Files | None) -> None:
        self._inference = inference
        self._runtime = inference.runtime
        self._host = host
        self._files = files
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Watch the files, if that is wanted."""
        if self._files is not None and self._files.watched:
            self._keep(self._watch(self._files))

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()

    def soon(self, cause: str) -> None:
        """``reload`` for those who don't wait for it."""
        self._keep(self._asked(cause))

    async def reload(self, cause: str) -> Reloaded:
        """Read the files again, and go by them if they are fit. What came of it is logged and counted. Raises Draining
        if the gateway is ending.
        """
        async with self._one_at_a_time:
            told = await self._reload()
        self._runtime.reloaded(told.result)
        _log(told, cause)
        return told

    async def _reload(self) -> Reloaded:
        if self._files is None:
            return Reloaded("refused", refused="the gateway was started without a configuration file")
        try:
            told, prepared = await asyncio.to_thread(self._built, self._files)
        except Exception as error:  # noqa: BLE001  whatever is wrong with what was read, the old goes on
            logger().error("internal_error", kind=type(error).__name__, exc_info=error)
            return Reloaded("refused", refused="internal error; the log knows more")
        if self._inference.leaving:
            raise Draining("the gateway is ending")
        if prepared is not None:
            self._runtime.swap(prepared)
        return told

    def _built(self, files: Files) -> tuple[Reloaded, Prepared | None]:
        """What the files say, built and ready to be swapped in if it is fit and something new."""
        loaded = files.read()
        settings, findings = loaded.settings, loaded.findings
        if settings is None:
            errors = sum(finding.severity == "error" for finding in findings)
            return Reloaded("refused", findings=findings, refused=f"the configuration has errors: {errors}"), None
        differ = changes(self._runtime.settings, settings)
        if not differ:
            return Reloaded("unchanged", findings=findings), None
        try:
            if settings.server != self._runtime.settings.server:
                check_exposure(settings.server, self._host)
            prepared = self._runtime.prepare(settings)
        except ConfigurationError as error:
            return Reloaded("refused", findings=findings, refused=str(error)), None
        return Reloaded("swapped", differ, findings), prepared

    async def _asked(self, cause: str) -> None:
        with suppress(Draining):
            await self.reload(cause)

    async def _watch(self, files: Files) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if await asyncio.to_thread(files.changed):
                await self._asked("files")

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _log(told: Reloaded, cause: str) -> None:
    findings = [str(finding) for finding in told.findings if finding.severity != "info"]
    if told.result == "swapped":
        differ = told.changes
        counted = {"added": len(differ.added), "removed": len(differ.removed), "changed": len(differ.changed)}
        logger().info("config_swapped", cause=cause, **counted, sections=differ.sections, findings=findings)
    elif told.result == "refused":
        logger().error("config_refused", cause=cause, reason=told.refused, findings=findings)
    else:
        logger().info("config_unchanged", cause=cause)
