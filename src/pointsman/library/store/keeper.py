"""Who saves, and when: every few seconds from a thread of its own if something has changed, and once more at the end.

Whoever changes something sets ``changed``, which is all that routing pays. Taking the snapshot is the router's part and
must be quick; writing it holds no lock but the keeper's own. A store that fails is logged once, told in ``status``, and
tried again at the next round, with what is there by then.
"""

from __future__ import annotations

import atexit
import logging
import os
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from traceback import extract_tb

import msgspec

from pointsman.errors import PointsmanError
from pointsman.library.store.shapes import Store
from pointsman.library.store.snapshot import Snapshot
from pointsman.model.view import Clock

log = logging.getLogger("pointsman")
"""The program's own logging decides who sees it: a library prints nothing by itself."""

INTERVAL = 10.0
"""Seconds between two saves."""


class Status(msgspec.Struct, frozen=True):
    """``saved``: when it was done last, in epoch seconds. While the store fails ``failure`` says how, ``since`` when it
    began and ``failed`` how many saves in a row. ``unfit`` are the models whose figures could not be kept in the last
    save, beside all the others that were.
    """

    store: str
    saved: float | None = None
    failure: str | None = None
    since: float | None = None
    failed: int = 0
    unfit: tuple[str, ...] = ()


class Keeper:
    """Saves what ``take_snapshot`` returns every ``interval`` seconds, from ``start`` to ``close``, which closes the
    store too. ``changed`` is set by whoever changes what is kept.
    """

    def __init__(
        self,
        store: Store,
        take_snapshot: Callable[[], Snapshot],
        *,
        interval: float = INTERVAL,
        wall: Clock = time.time,
    ) -> None:
        self.changed = False
        self.status = Status(store.name)
        self._store = store
        self._take_snapshot = take_snapshot
        self._interval = interval
        self._wall = wall
        self._round = Lock()
        self._ending = Event()
        self._thread: Thread | None = None
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"Keeper({self.status.store}: {self.status.failure or 'ok'})"

    def start(self) -> None:
        """Save from now on, and when the interpreter ends. Not after ``close``."""
        if self._thread is None and not self._ending.is_set():
            self._thread = Thread(target=self._run, name="pointsman-keeper", daemon=True)
            self._thread.start()
            atexit.register(self._at_exit)

    def tick(self) -> None:
        """One round: save if something has changed. Never raises; ``status`` tells."""
        with self._round:
            if not self.changed:
                return
            self.changed = False  # before the snapshot: what changes from here on is for the next round
            try:
                unfit = tuple(self._store.save(self._take_snapshot()) or ())  # a store of the user's may return nothing
            except Exception as error:  # noqa: BLE001  whatever it is, the next round is another try
                self.changed = True
                self._fail(error)
            else:
                self._succeed(unfit)

    def close(self) -> None:
        """Save once more, and end. As long as the store may take, at most."""
        if self._ending.is_set():
            return
        self._ending.set()
        atexit.unregister(self._at_exit)
        if self._thread is not None:
            self._thread.join()
        self.tick()
        self._store.close()

    def _run(self) -> None:
        while not self._ending.wait(self._interval):
            self.tick()

    def _at_exit(self) -> None:
        if os.getpid() == self._process:  # a forked child has a copy of what its parent saves
            self.close()

    def _fail(self, error: Exception) -> None:
        before = self.status
        message = str(error) if isinstance(error, PointsmanError) else _place(error)
        since = self._wall() if before.since is None else before.since
        self.status = Status(before.store, before.saved, message, since, before.failed + 1, before.unfit)
        if not before.failed:
            log.warning("metrics are not saved in %s: %s", before.store, message)

    def _succeed(self, unfit: tuple[str, ...]) -> None:
        before = self.status
        self.status = Status(before.store, self._wall(), unfit=unfit)
        if before.failed:
            log.info("metrics are saved in %s again, after %d failures", before.store, before.failed)
        if unfit and unfit != before.unfit:
            log.warning("some models' metrics can't be saved in %s: %.200r", before.store, unfit)


def _place(error: Exception) -> str:
    """What a bug is and where. Its own words might hold a password."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name} ({last.filename}:{last.lineno})"
