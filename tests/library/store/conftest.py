"""Every kind of store, each at a place of its own: what holds of one shall hold of all."""

from __future__ import annotations

from itertools import count

import pytest

from pointsman.library.store.address import RedisAddress
from pointsman.library.store.redis import RedisStore
from pointsman.library.store.rows import CURRENT
from pointsman.library.store.sqlite import SqliteStore
from support.redis_server import redis_server

numbers = count()


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture
def hash_at(redis_port):
    """A hash that nobody has used yet."""
    return RedisAddress("127.0.0.1", redis_port, key=f"test:{next(numbers)}")


@pytest.fixture(params=["sqlite", "redis"])
def begun(request, tmp_path):
    """Opens the store as another process would that begins now: always the same place."""
    if request.param == "sqlite":
        return lambda form=CURRENT: SqliteStore(tmp_path / "metrics.db", form=form)
    address = request.getfixturevalue("hash_at")
    return lambda form=CURRENT: RedisStore(address, form=form)
