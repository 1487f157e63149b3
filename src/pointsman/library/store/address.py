"""Where metrics are kept, as users write it, read and checked; nothing is asked and nothing is opened. Pure text.

A message never repeats a URL: it may carry a password.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import msgspec

from pointsman.errors import ConfigurationError
from pointsman.model.secret import Secret

KEY = "pointsman:task-router"
"""The name of the hash in Redis, unless the URL says another."""

FORMS = (
    "write a path, sqlite:///relative/file.db, sqlite:////absolute/file.db, "
    "redis://[[user]:password@]host[:6379][/0][?key=name], or rediss:// likewise for TLS"
)


class SqliteAddress(msgspec.Struct, frozen=True):
    path: Path

    @property
    def name(self) -> str:
        return str(self.path)


class RedisAddress(msgspec.Struct, frozen=True):
    """``key`` is the name of the hash; ``db`` the number of the database."""

    host: str
    port: int = 6379
    db: int = 0
    key: str = KEY
    username: str | None = None
    password: Secret | None = None
    tls: bool = False

    @property
    def name(self) -> str:
        """The URL without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' if self.tls else ''}://{host}:{self.port}/{self.db}?key={self.key}"


def address(where: str | os.PathLike[str]) -> SqliteAddress | RedisAddress:
    """What is meant by a URL or a path. A relative path is one from here, now. Raises ConfigurationError."""
    if isinstance(where, os.PathLike):
        return _file(os.fspath(where))
    if not isinstance(where, str):
        raise _wrong("is neither text nor a path")
    scheme, mark, rest = where.partition("://")
    if not mark:
        if where.startswith(("sqlite:", "redis:", "rediss:")) or re.fullmatch(r"[\w.-]*:\d*", where):
            raise _wrong("looks like a URL, or a host and a port, but is none that is known")
        return _file(where)
    if scheme in ("redis", "rediss"):
        return _redis(where, tls=scheme == "rediss")
    if scheme == "sqlite":
        return _sqlite(rest)
    raise _wrong("has no scheme that is known")


def _wrong(why: str) -> ConfigurationError:
    return ConfigurationError(f"store {why}: {FORMS}", param="store")


def _file(path: str) -> SqliteAddress:
    if not isinstance(path, str) or not path.strip() or "\0" in path or path == ":memory:" or not _encodable(path):
        raise _wrong("is not the name of a file; in memory nothing would survive a restart")
    return SqliteAddress(Path(os.path.abspath(path)))  # noqa: PTH100  Path.resolve follows links


def _encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def _sqlite(rest: str) -> SqliteAddress:
    """Behind ``sqlite://``."""
    host, slash, path = rest.partition("/")
    if host or not slash or not path.strip("/"):
        raise _wrong("names no file")
    if "?" in path or "#" in path:
        raise _wrong("has a query or a fragment behind its file (a pathlib.Path may have any name)")
    return _file(path)


def _redis(url: str, *, tls: bool) -> RedisAddress:
    try:
        parts = urlsplit(url)
        port = parts.port
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _wrong("has no valid host, port and query (write %2F, %23, %3F, %40 for / # ? @ in a password)") from None
    db = parts.path.removeprefix("/") or "0"
    if not parts.hostname or port == 0:
        raise _wrong("has no valid host and port")
    if parts.fragment or not re.fullmatch(r"[0-9]{1,9}", db):
        raise _wrong("may have the number of a database behind its host, and nothing else but ?key=")
    key = query.pop("key", [KEY])
    if query or len(key) != 1 or not key[0]:
        raise _wrong("may ask for one key behind the question mark, and nothing else")
    username, password = _login(parts)
    return RedisAddress(parts.hostname, port or 6379, int(db), key[0], username, password, tls)


def _login(parts: SplitResult) -> tuple[str | None, Secret | None]:
    user = unquote(parts.username) if parts.username else None
    return user, Secret(unquote(parts.password)) if parts.password else None
