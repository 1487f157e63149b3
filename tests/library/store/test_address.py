"""Where metrics are kept, as users write it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import ConfigurationError
from pointsman.library.store import open_store
from pointsman.library.store.address import FORMS, KEY, RedisAddress, SqliteAddress, address
from pointsman.library.store.redis import RedisStore
from pointsman.library.store.sqlite import SqliteStore
from pointsman.model.secret import Secret

FILES = [
    ("sqlite:///metrics.db", "metrics.db"),
    ("sqlite:///var/../metrics.db", "metrics.db"),
    ("sqlite:////var/lib/metrics.db", "/var/lib/metrics.db"),
    ("metrics.db", "metrics.db"),
    ("/var/lib/metrics.db", "/var/lib/metrics.db"),
    (Path("metrics.db"), "metrics.db"),
    (Path("redis:6379"), "redis:6379"),
    ("C:metrics.db", "C:metrics.db"),
]


@pytest.mark.parametrize(("where", "path"), FILES)
def test_a_file_may_be_a_url_or_a_path(where, path, tmp_path, monkeypatch):
    """A relative one is meant from where the program stands now."""
    monkeypatch.chdir(tmp_path)
    expected = SqliteAddress(tmp_path / path)
    assert address(where) == expected
    store = open_store(where)
    assert isinstance(store, SqliteStore)
    assert (store.name, list(tmp_path.iterdir())) == (str(tmp_path / path), [])


SERVERS = [
    ("redis://h", RedisAddress("h")),
    ("redis://H:6380", RedisAddress("h", 6380)),
    ("redis://h/3?key=a%20b", RedisAddress("h", db=3, key="a b")),
    ("redis://:p%40w@h:6379/0?key=x", RedisAddress("h", key="x", password=Secret("p@w"))),
    ("redis://me:pw@h", RedisAddress("h", username="me", password=Secret("pw"))),
    ("rediss://[::1]:1/", RedisAddress("::1", 1, tls=True)),
]


@pytest.mark.parametrize(("where", "expected"), SERVERS)
def test_redis_is_a_url(where, expected):
    """User and password as everywhere, the database behind the host, the hash behind the question mark."""
    assert address(where) == expected
    assert isinstance(open_store(where), RedisStore)


def test_a_server_is_named_without_its_password():
    """But so that it can be told from others."""
    store = open_store("rediss://me:hunter22@[::1]:6380/2?key=mine")
    assert store.name == "rediss://[::1]:6380/2?key=mine"
    assert repr(store) == "RedisStore(rediss://[::1]:6380/2?key=mine)"
    assert "hunter22" not in repr(address("redis://:hunter22@h"))
    assert address("redis://h").name == f"redis://h:6379/0?key={KEY}"


NONSENSE = [
    "", "  ", "://", "sqlite://", "sqlite:///", "sqlite:////", "sqlite://file.db", "sqlite:file.db", "sqlite:///:memory:",
    "sqlite:///a.db?mode=ro", "sqlite:///a#b", ":memory:", "a\0b", "a\ud800", "localhost:6379", "127.0.0.1:6379",
    "redis:h", "redis://", "redis:///0", "redis://:hunter22@", "redis://:hunter22@h:0", "redis://:hunter22@h:port",
    "redis://:hunter/22@h", "redis://:hunter22@h/db", "redis://:hunter22@h/0/1", "redis://:hunter22@h/-1",
    "redis://:hunter22@h#0", "redis://:hunter22@h?key=", "redis://:hunter22@h?key=a&key=b", "redis://:hunter22@h?kee=a",
    "redis://:hunter22@h?a", "redis://:hunter22@[h", "REDIS://h", "postgres://me:hunter22@h/db",
    "unix:///run/redis.sock", 7, None, b"a.db",
]  # fmt: skip


@pytest.mark.parametrize("where", NONSENSE)
def test_nonsense_is_told_with_all_that_may_be_written(where):
    """And never repeated: it may hold a password."""
    with pytest.raises(ConfigurationError, match=r"^store ") as refused:
        open_store(where)
    assert FORMS in str(refused.value)
    assert "hunter" not in f"{refused.value} {refused.value!r} {refused.value.__cause__}"
    assert refused.value.param == "store"


@given(st.text())
def test_any_text_is_an_address_or_refused(where):
    """Nothing else is raised."""
    for text in (where, f"redis://{where}", f"sqlite:///{where}"):
        try:
            address(text)
        except ConfigurationError:
            continue
