"""Metrics in Redis or Valkey: one hash a router, a field a model, all that has changed written in one MULTI/EXEC.

Two processes with the same key do not harm each other: of each model the field of whoever wrote last stays, nothing is
added up. A hash that is not ours, newer, or damaged is left as it is. A dead server holds nobody for longer than
``PATIENCE`` at connecting and at each answer. Every call has a connection of its own, so a server that comes back is
simply there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from pointsman.errors import StoreFailed
from pointsman.library.store.address import RedisAddress
from pointsman.library.store.rows import CURRENT, UNTOUCHED, Form, Rows, changes, encoded
from pointsman.library.store.snapshot import Snapshot

if TYPE_CHECKING:
    import redis

PATIENCE = 2.0
"""Seconds to connect, and to wait for an answer."""

TRIES = 20
"""How often a save begins anew because somebody else wrote in the meantime."""

MODEL = "model:"
"""In front of a model's id, its field."""


class RedisStore:
    """Raises StoreFailed if the package ``redis`` is missing."""

    def __init__(self, address: RedisAddress, *, form: Form = CURRENT) -> None:
        try:
            import redis  # noqa: PLC0415  an extra
        except ImportError as error:
            raise StoreFailed(
                "a store in Redis needs the package redis: pip install 'pointsman[redis]'", param="store"
            ) from error
        self.name = address.name
        self._redis = redis
        self._address = address
        self._form = form
        self._lock = Lock()
        self._written: Rows | None = None

    def __repr__(self) -> str:
        return f"RedisStore({self.name})"

    def load(self) -> Snapshot | None:
        """None if there is no such hash yet. Raises StoreFailed."""
        with self._lock, self._connected() as client:
            version = self._version(client)
            return self._form.decoded(self.name, version, self._rows(client)) if version else None

    def save(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Write what is new since the last save. Raises StoreFailed; then the hash is as it was."""
        rows = encoded(snapshot)
        with self._lock, self._connected() as client:
            for _ in range(TRIES):
                try:
                    self._write(client, rows)
                except self._redis.WatchError:
                    continue
                self._written = rows
                return rows.unfit
            raise StoreFailed(f"{self.name}: others write it all the time; the next save tries again. {UNTOUCHED}")

    def close(self) -> None:
        """Forget what was written; no connection is held open."""
        with self._lock:
            self._written = None

    @contextmanager
    def _connected(self) -> Iterator[redis.Redis]:
        at = self._address
        password = at.password.reveal() if at.password else None
        try:
            with self._redis.Redis(
                at.host,
                at.port,
                at.db,
                username=at.username,
                password=password,
                ssl=at.tls,
                ssl_check_hostname=True,
                socket_connect_timeout=PATIENCE,
                socket_timeout=PATIENCE,
                retry=self._once(),
                decode_responses=True,
            ) as client:
                yield client
        except (self._redis.RedisError, OSError, UnicodeDecodeError) as error:
            raise StoreFailed(f"{self.name}: {str(error).rstrip('.')}. {UNTOUCHED}") from error

    def _once(self) -> Any:
        """No second try: the next save is one."""
        from redis.backoff import NoBackoff  # noqa: PLC0415  an extra
        from redis.retry import Retry  # noqa: PLC0415

        return Retry(NoBackoff(), 0)

    def _write(self, client: redis.Redis, rows: Rows) -> None:
        """Raises WatchError if somebody else wrote since this looked at the hash."""
        key = self._address.key
        with client.pipeline() as pipe:
            pipe.watch(key)  # type: ignore[no-untyped-call]
            version = self._version(pipe)
            before = self._written if version == self._form.version else None
            kept = self._examined(pipe, version) if version and before is None else {}
            new = changes(rows, before)
            if not new:
                return
            pipe.multi()
            pipe.hset(key, mapping=self._fields(rows, {**kept, **new.models}))
            if new.gone:
                pipe.hdel(key, *(MODEL + id_ for id_ in new.gone))
            pipe.execute()

    def _version(self, asked: redis.Redis) -> int:
        """That of the hash, 0 if there is none. Raises StoreFailed if it is not ours, or newer."""
        key = self._address.key
        if not asked.exists(key):
            return 0
        version = asked.hget(key, "version")
        if not isinstance(version, str) or not version.isdecimal():
            raise StoreFailed(f"{self.name} is a hash, but not one of Pointsman's: name another key. {UNTOUCHED}")
        self._form.admit(self.name, int(version))
        return int(version)

    def _rows(self, asked: redis.Redis) -> Rows:
        fields: dict[str, str] = asked.hgetall(self._address.key)  # type: ignore[assignment]
        models = {name.removeprefix(MODEL): row for name, row in fields.items() if name.startswith(MODEL)}
        try:
            return Rows(float(fields["taken"]), fields["router"], models)
        except (KeyError, ValueError):
            raise StoreFailed(
                f"{self.name} is damaged: its fields taken and router must be a number and JSON. {UNTOUCHED}"
            ) from None

    def _examined(self, asked: redis.Redis, version: int) -> dict[str, str]:
        """What has to be written to bring it up to date. Raises StoreFailed if any of it is damaged."""
        kept = self._form.decoded(self.name, version, self._rows(asked))
        return encoded(kept).models if version < self._form.version else {}

    def _fields(self, rows: Rows, models: dict[str, str]) -> dict[Any, Any]:
        head = {"version": str(self._form.version), "taken": repr(rows.taken), "router": rows.router}
        return head | {MODEL + id_: row for id_, row in models.items()}
