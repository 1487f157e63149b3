"""A real Redis: one that is gone, hangs, wants a password, or holds something else."""

from __future__ import annotations

import socket
import sys

import msgspec
import pytest
import redis

from pointsman.errors import StoreFailed
from pointsman.library.store import open_store
from pointsman.library.store import redis as room
from pointsman.library.store.redis import MODEL, RedisStore
from pointsman.library.store.snapshot import VERSION
from support.redis_server import free_port, redis_server
from support.snapshots import NOW, choices, one, several


@pytest.fixture
def client(redis_port):
    """Another hand."""
    with redis.Redis("127.0.0.1", redis_port, decode_responses=True) as client:
        yield client


def test_a_router_is_one_hash_with_a_field_a_model_and_a_version(hash_at, client):
    """JSON, so that people may look."""
    RedisStore(hash_at).save(several({"a": 1, "b": 2}))
    fields = client.hgetall(hash_at.key)
    assert sorted(fields) == ["model:a", "model:b", "router", "taken", "version"]
    assert (fields["version"], fields["taken"]) == (str(VERSION), repr(NOW))
    assert msgspec.json.decode(fields["model:b"])["routed"] == 2


def test_the_url_says_which_hash_and_which_database(redis_port, client):
    """What is not said is a default that is the same everywhere."""
    url = f"redis://127.0.0.1:{redis_port}/3?key=mine"
    open_store(url).save(one())
    assert open_store(url).load() == one()
    assert not client.exists("mine")
    assert open_store(f"redis://127.0.0.1:{redis_port}/3").load() is None


def test_a_hash_that_is_gone_is_written_anew_with_all_there_is(hash_at, client):
    """As after a Redis that keeps nothing on disk begins anew."""
    store = RedisStore(hash_at)
    store.save(several({"a": 1, "b": 1}))
    client.delete(hash_at.key)
    store.save(several({"a": 2, "b": 1}))
    assert choices(store.load()) == {"a": 2, "b": 1}


SPOILED = {
    "a text": lambda client, key: (client.delete(key), client.set(key, "7")),
    "somebody's hash": lambda client, key: (client.delete(key), client.hset(key, "user", "7")),
    "a version that is none": lambda client, key: client.hset(key, "version", "new"),
    "version zero": lambda client, key: client.hset(key, "version", "0"),
    "a newer version": lambda client, key: client.hset(key, "version", VERSION + 1),
    "no moment": lambda client, key: client.hdel(key, "taken"),
    "a moment that is none": lambda client, key: client.hset(key, "taken", "noon"),
    "no router": lambda client, key: client.hdel(key, "router"),
    "an edited row": lambda client, key: client.hset(key, f"{MODEL}a", "{broken"),
    "text that is none": lambda client, key: client.hset(key, f"{MODEL}a", b"\xff"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_can_not_be_read_is_told_and_left_as_it_is(hash_at, redis_port, client, spoil):
    """Neither looking nor saving touches it."""
    RedisStore(hash_at).save(one())
    spoil(client, hash_at.key)
    with redis.Redis("127.0.0.1", redis_port) as raw:
        before = raw.dump(hash_at.key)
        for attempt in (RedisStore(hash_at).load, lambda: RedisStore(hash_at).save(one(routed=2))):
            with pytest.raises(StoreFailed, match=r"Nothing was changed") as refused:
                attempt()
            assert str(refused.value).startswith(hash_at.name)
        assert raw.dump(hash_at.key) == before


class Meddling(RedisStore):
    """Somebody else writes just before each of the first saves goes out."""

    times = 0

    def _version(self, asked):
        if self.times:
            self.times -= 1
            RedisStore(self._address).save(several({"theirs": self.times + 1}))
        return super()._version(asked)


def test_a_save_that_was_overtaken_begins_anew(hash_at):
    """Nothing of either is lost."""
    store = Meddling(hash_at)
    store.times = 3
    store.save(one())
    assert choices(store.load()) == {"a": 1, "theirs": 1}


def test_a_save_that_is_always_overtaken_gives_up(hash_at):
    """The next round is another try."""
    store = Meddling(hash_at)
    store.times = room.TRIES
    with pytest.raises(StoreFailed, match="others write it all the time"):
        store.save(one())
    assert choices(RedisStore(hash_at).load()) == {"theirs": 1}


def test_nobody_at_the_address_is_told():
    """At once."""
    url = f"redis://:hunter22@127.0.0.1:{free_port()}/0"
    for attempt in (open_store(url).load, lambda: open_store(url).save(one())):
        with pytest.raises(StoreFailed, match=r"redis://127\.0\.0\.1:\d+/0.*refused") as refused:
            attempt()
        assert "hunter22" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_a_server_that_hangs_holds_nobody(monkeypatch):
    """It takes connections and says nothing."""
    monkeypatch.setattr(room, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_store(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        for attempt in (store.load, lambda: store.save(one())):
            with pytest.raises(StoreFailed, match=r"[Tt]imeout"):
                attempt()


def test_a_server_that_comes_back_is_simply_there(tmp_path):
    """The store is the same, no connection is stale, and all that was lost is written again."""
    with redis_server(tmp_path) as port:
        store = open_store(f"redis://127.0.0.1:{port}")
        store.save(several({"a": 1, "b": 1}))
    with pytest.raises(StoreFailed):
        store.save(several({"a": 2, "b": 1}))
    with redis_server(tmp_path, port=port):
        store.save(several({"a": 3, "b": 1}))
        assert choices(store.load()) == {"a": 3, "b": 1}


def test_a_password_is_asked_for_and_never_told(tmp_path):
    """Neither the right one nor a wrong one, nor that there was none."""
    with redis_server(tmp_path, "--requirepass", "p@ss/word") as port:
        open_store(f"redis://:p%40ss%2Fword@127.0.0.1:{port}").save(one())
        open_store(f"redis://default:p%40ss%2Fword@127.0.0.1:{port}").save(one())
        for login in ("", ":wr0ng@", "who:wr0ng@"):
            with pytest.raises(StoreFailed, match=rf"redis://127\.0\.0\.1:{port}/0") as refused:
                open_store(f"redis://{login}127.0.0.1:{port}").load()
            assert "wr0ng" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_a_plain_server_is_not_taken_for_one_with_tls(redis_port, monkeypatch):
    """Nothing is sent in the clear where TLS was asked for."""
    monkeypatch.setattr(room, "PATIENCE", 0.2)
    with pytest.raises(StoreFailed, match="rediss://"):
        open_store(f"rediss://:hunter22@127.0.0.1:{redis_port}").load()


def test_without_the_package_it_says_what_to_install(monkeypatch):
    """When the store is opened, not at the first save."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(StoreFailed, match=r"pip install 'pointsman\[redis\]'"):
        open_store("redis://127.0.0.1")
