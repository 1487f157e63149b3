"""Metrics in a SQLite file: one row a model, all that has changed written in one transaction.

A process that is killed leaves the last complete save. Two that write the same file do not harm it: of each model the
row of whoever wrote last stays, nothing is added up. A file is read through before it is first written; what is
not ours, newer, or damaged is left as it is.

Every call has a connection of its own, closed at its end, so any thread may call, a file that is moved away or replaced
is noticed, and nothing is held open over a fork.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock

from pointsman.errors import StoreFailed
from pointsman.library.store.rows import CURRENT, UNTOUCHED, Changes, Form, Rows, changes, encoded
from pointsman.library.store.snapshot import Snapshot

APPLICATION_ID = 0x506F4D6E
"""``PoMn``, in the header of a file of ours."""

BUSY = 5.0
"""Seconds to wait for another process that writes."""

TABLES = (
    "CREATE TABLE router (taken REAL NOT NULL, value TEXT NOT NULL)",
    "CREATE TABLE models (id TEXT PRIMARY KEY, value TEXT NOT NULL)",
)

PUT = "INSERT INTO models VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value"

ADVICE = {
    sqlite3.SQLITE_BUSY: "another process holds it; the next save tries again",
    sqlite3.SQLITE_CANTOPEN: "its folder must exist, and this process must be allowed to write there",
    sqlite3.SQLITE_CORRUPT: "move the file away and restore it, or begin a new one",
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_IOERR: "is the disk full, or broken?",
    sqlite3.SQLITE_NOTADB: "name another file",
    sqlite3.SQLITE_READONLY: "this process must be allowed to write the file and its folder",
}
"""What to do, by SQLite's primary code."""


class SqliteStore:
    """``busy`` is how many seconds a call waits for another process that writes."""

    def __init__(self, path: Path, *, busy: float = BUSY, form: Form = CURRENT) -> None:
        self.name = str(path)
        self._path = path
        self._busy = busy
        self._form = form
        self._lock = Lock()
        self._read: tuple[int, int] | None = None  # device and inode of the file that was read through
        self._written: Rows | None = None  # what was written there last

    def __repr__(self) -> str:
        return f"SqliteStore({self.name})"

    def load(self) -> Snapshot | None:
        """None if there is no file yet, or nothing in it. Raises StoreFailed."""
        with self._lock, self._told():
            if not self._path.exists():
                return None
            with self._connected() as connection:
                return self._examined(connection)

    def save(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Write what is new since the last save. Raises StoreFailed; then the file is as it was."""
        rows = encoded(snapshot)
        with self._lock, self._told(), self._connected() as connection:
            self._create(connection)
            at = self._path.stat()
            if self._read != (at.st_dev, at.st_ino):
                self._examined(connection)
                self._read, self._written = (at.st_dev, at.st_ino), None
            with self._transaction(connection):
                if self._version(connection) < self._form.version:
                    self._renew(connection)
                    self._written = None
                self._write(connection, rows.taken, rows.router, changes(rows, self._written))
            self._written = rows
        return rows.unfit

    def close(self) -> None:
        """Forget what was written; the file is not held open."""
        with self._lock:
            self._read = self._written = None

    def _connected(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._path, timeout=self._busy, isolation_level=None))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong meanwhile is a StoreFailed."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            advice = f": {ADVICE[code]}" if code in ADVICE else ""
            raise StoreFailed(f"{self.name}: {error}{advice}. {UNTOUCHED}") from error

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        """To write in. What it finds stays as it is for so long."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):  # it ends with the connection in any case
                    connection.execute("ROLLBACK")

    def _version(self, connection: sqlite3.Connection) -> int:
        """The file's version, 0 if there is nothing in it. Raises StoreFailed if it is not ours, or newer."""
        ((mark,),) = connection.execute("PRAGMA application_id")
        ((version,),) = connection.execute("PRAGMA user_version")
        ((things,),) = connection.execute("SELECT count(*) FROM sqlite_schema")
        if mark == version == things == 0:
            return 0
        if mark != APPLICATION_ID:
            raise StoreFailed(f"{self.name} is a database, but not one of Pointsman's: name another file. {UNTOUCHED}")
        self._form.admit(self.name, version)
        return int(version)

    def _create(self, connection: sqlite3.Connection) -> None:
        """Make an empty file one of ours. Readers and the writer do not wait for each other (WAL) from then on."""
        connection.execute("BEGIN")  # else somebody who makes it meanwhile is seen halfway
        made = self._version(connection)
        connection.execute("COMMIT")
        if not made:
            with self._transaction(connection):
                if self._version(connection):
                    return  # another process was faster
                for table in TABLES:
                    connection.execute(table)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {self._form.version}")
            self._read = None
        with suppress(sqlite3.OperationalError):  # somebody else is in it; it is asked for again every time
            connection.execute("PRAGMA journal_mode = WAL")

    def _examined(self, connection: sqlite3.Connection) -> Snapshot | None:
        """All that is in the file. Raises StoreFailed if any of it is damaged."""
        connection.execute("BEGIN")
        version = self._version(connection)
        if not version:
            return None
        damage = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
        if damage != ["ok"]:
            raise StoreFailed(f"{self.name} is damaged ({damage[0]}): {ADVICE[sqlite3.SQLITE_CORRUPT]}. {UNTOUCHED}")
        rows = self._rows(connection)
        connection.execute("COMMIT")
        return self._form.decoded(self.name, version, rows) if rows else None

    def _rows(self, connection: sqlite3.Connection) -> Rows | None:
        whole = connection.execute("SELECT taken, value FROM router").fetchone()
        models = dict(connection.execute("SELECT id, value FROM models"))
        return Rows(whole[0], whole[1], models) if whole else None

    def _renew(self, connection: sqlite3.Connection) -> None:
        """Write all that is there in the form of today."""
        rows = self._rows(connection)
        if rows:
            kept = encoded(self._form.decoded(self.name, self._version(connection), rows))
            self._write(connection, kept.taken, kept.router, changes(kept, None))
        connection.execute(f"PRAGMA user_version = {self._form.version}")

    def _write(self, connection: sqlite3.Connection, taken: float, router: str, new: Changes) -> None:
        if not new:
            return
        connection.execute("DELETE FROM router")
        connection.execute("INSERT INTO router VALUES (?, ?)", (taken, router))
        connection.executemany("DELETE FROM models WHERE id = ?", [(id_,) for id_ in new.gone])
        connection.executemany(PUT, new.models.items())
