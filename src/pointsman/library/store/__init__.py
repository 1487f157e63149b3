"""Where a router's metrics survive a restart: a SQLite file, or a hash in Redis.

``snapshot.py`` is what is kept, ``rows.py`` its form as text, ``address.py`` what users write, ``keeper.py`` who saves,
and when. A store may take its time, so none is asked within a decision.
"""

from __future__ import annotations

import os

from pointsman.library.store.address import RedisAddress, address
from pointsman.library.store.keeper import Keeper
from pointsman.library.store.redis import RedisStore
from pointsman.library.store.shapes import Store
from pointsman.library.store.snapshot import Snapshot
from pointsman.library.store.sqlite import SqliteStore

__all__ = ["Keeper", "Snapshot", "Store", "open_store"]


def open_store(where: str | os.PathLike[str]) -> Store:
    """The store at a path or URL (``address.FORMS``). Nothing is read or created yet.

    Raises ConfigurationError for what is no such address, StoreFailed if the package that it needs is missing.
    """
    at = address(where)
    return RedisStore(at) if isinstance(at, RedisAddress) else SqliteStore(at.path)
