"""A file that is ours, and files that are not; no room, no right, no luck; and processes that are killed."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pointsman.errors import StoreFailed
from pointsman.library.store.rows import Form
from pointsman.library.store.snapshot import VERSION
from pointsman.library.store.sqlite import APPLICATION_ID, SqliteStore
from support.snapshots import by_id, choices, one, several, worked

HERE = Path(__file__).parents[2]


def asked(path: Path, question: str):
    """What the file says, by another hand."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def done(path: Path, *commands: str):
    """As somebody else might have done to the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for command in commands:
            connection.execute(command)


@pytest.fixture
def path(tmp_path):
    """A file with a router that has worked."""
    path = tmp_path / "metrics.db"
    SqliteStore(path).save(worked(50))
    return path


def test_the_file_says_whose_it_is_and_which_version(path):
    """In its header, for `file` and for other versions; readers and the writer do not wait for each other."""
    assert asked(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert asked(path, "PRAGMA user_version") == [(VERSION,)]
    assert asked(path, "PRAGMA journal_mode") == [("wal",)]


def test_rows_are_json_that_sqlite_can_ask(path):
    """One a model, so that people may look."""
    ((routed,),) = asked(path, "SELECT json_extract(value, '$.routed') FROM models WHERE id = 'model-7'")
    assert routed == choices(SqliteStore(path).load())["model-7"]


def test_nothing_is_left_beside_the_file(path):
    """No write-ahead log that would have to be copied along."""
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_looking_creates_no_file(tmp_path):
    """Only the first save does."""
    assert SqliteStore(tmp_path / "metrics.db").load() is None
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_as_good_as_none(tmp_path):
    """As `mktemp` leaves it."""
    path = tmp_path / "metrics.db"
    path.touch()
    assert SqliteStore(path).load() is None
    SqliteStore(path).save(one())
    assert SqliteStore(path).load() == one()


def zeroed(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(4096) + whole[8192:])


SPOILED = {
    "no database": lambda path: path.write_text("routed: 7\n" * 100),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a page of zeros": zeroed,
    "a table that is gone": lambda path: done(path, "DROP TABLE models"),
    "an edited row": lambda path: done(path, "UPDATE models SET value = '{broken' WHERE id = 'model-7'"),
    "an edited router": lambda path: done(path, "UPDATE router SET value = 'x'"),
    "a moment that is none": lambda path: done(path, "UPDATE router SET taken = 'noon'"),
    "bytes for text": lambda path: done(path, "UPDATE models SET value = x'ff' WHERE id = 'model-7'"),
    "text that is none": lambda path: done(path, "UPDATE models SET value = CAST(x'ff' AS TEXT) WHERE id = 'model-7'"),
    "a newer version": lambda path: done(path, f"PRAGMA user_version = {VERSION + 1}"),
    "no version": lambda path: done(path, "PRAGMA user_version = 0"),
    "another program's": lambda path: done(path, "PRAGMA application_id = 7"),
    "somebody's": lambda path: done(path, "PRAGMA application_id = 0", "PRAGMA user_version = 0"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_can_not_be_read_is_told_and_left_as_it_is(path, spoil):
    """To the byte: neither looking nor saving touches it, whether the store knew it before or not."""
    knew = SqliteStore(path)
    knew.load()
    spoil(path)
    before = path.read_bytes()
    for attempt in (SqliteStore(path).load, lambda: SqliteStore(path).save(one()), lambda: knew.save(one())):
        with pytest.raises(StoreFailed) as refused:
            attempt()
        assert str(path) in str(refused.value)
        assert path.read_bytes() == before


def test_a_database_of_somebody_else_is_left_as_it_is(tmp_path):
    """Though it has no mark of whose it is, like most."""
    path = tmp_path / "shop.db"
    done(path, "CREATE TABLE orders (id)", "INSERT INTO orders VALUES (7)")
    before = path.read_bytes()
    for attempt in (SqliteStore(path).load, lambda: SqliteStore(path).save(one())):
        with pytest.raises(StoreFailed, match=r"not one of Pointsman's: name another file\. Nothing was changed"):
            attempt()
    assert (path.read_bytes(), [other.name for other in tmp_path.iterdir()]) == (before, ["shop.db"])


@contextmanager
def nobody():
    """Without root's right to write everywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def public():
    """A folder that everybody may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


def test_a_folder_that_may_not_be_written_is_told(public):
    """With what to do about it."""
    public.chmod(0o555)
    with nobody(), pytest.raises(StoreFailed, match=r"metrics\.db: .*must be allowed to write there"):
        SqliteStore(public / "metrics.db").save(one())
    assert list(public.iterdir()) == []


def test_a_folder_that_may_not_be_looked_into_is_told(public):
    """It is not taken for one in which there is no file yet."""
    SqliteStore(public / "metrics.db").save(one())
    public.chmod(0o000)
    with nobody(), pytest.raises(StoreFailed, match=r"metrics\.db: .*[Pp]ermission denied"):
        SqliteStore(public / "metrics.db").load()


def test_a_file_that_may_not_be_written_is_told_and_kept(public):
    """Likewise; when it may again, all goes on."""
    path = public / "metrics.db"
    store = SqliteStore(path)
    store.save(one(routed=1))
    path.chmod(0o444)
    public.chmod(0o555)
    with nobody(), pytest.raises(StoreFailed, match=r"metrics\.db: .*must be allowed to write"):
        store.save(one(routed=2))
    public.chmod(0o755)
    path.chmod(0o644)
    assert choices(SqliteStore(path).load()) == {"a": 1}
    store.save(one(routed=2))
    assert choices(SqliteStore(path).load()) == {"a": 2}


@pytest.mark.parametrize("name", ["missing/metrics.db", "file/metrics.db", "."])
def test_a_place_where_no_file_can_be_is_told(tmp_path, name):
    """No folder is made: a slip of the pen would otherwise begin anew somewhere else."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match="its folder must exist"):
        SqliteStore(tmp_path / name).save(one())
    assert [other.name for other in tmp_path.iterdir()] == ["file"]


@contextmanager
def room_for(size: int):
    """No file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_nothing_is_lost(path):
    """The last save stays; when there is room again the next one succeeds."""
    before = SqliteStore(path).load()
    store = SqliteStore(path)
    with room_for(path.stat().st_size + 8192), pytest.raises(StoreFailed, match=rf"{path.name}: .*disk.* full"):
        store.save(worked(200, seed=1))
    assert SqliteStore(path).load() == before
    store.save(worked(200, seed=1))
    assert by_id(SqliteStore(path).load()) == by_id(worked(200, seed=1))


def test_somebody_who_writes_is_waited_for_but_not_for_ever(path):
    """Looking waits for nobody."""
    store = SqliteStore(path, busy=0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM models")
        with pytest.raises(StoreFailed, match="locked: another process holds it; the next save tries again"):
            store.save(one())
        assert len(store.load().models) == 50
        other.execute("ROLLBACK")
    store.save(one())
    assert "a" in choices(store.load())


@pytest.mark.parametrize("replace", [Path.unlink, lambda path: path.replace(path.with_name("old.db"))])
def test_a_file_that_was_taken_away_is_written_anew_with_all_there_is(path, replace):
    """Not only with what has changed since."""
    store = SqliteStore(path)
    store.save(several({"a": 1, "b": 1}))
    replace(path)
    store.save(several({"a": 2, "b": 1}))
    assert choices(SqliteStore(path).load()) == {"a": 2, "b": 1}


def test_a_file_that_was_put_in_place_of_another_is_written_whole(path, tmp_path):
    """As when a backup is restored under a router that runs."""
    store = SqliteStore(path)
    store.save(several({"a": 1, "b": 1}))
    SqliteStore(tmp_path / "backup.db").save(several({"a": 0, "b": 0}))
    (tmp_path / "backup.db").replace(path)
    store.save(several({"a": 2, "b": 1}))
    assert choices(SqliteStore(path).load()) == {"a": 2, "b": 1}


def test_a_file_that_was_made_and_never_written_holds_nothing(tmp_path):
    """As when a process is killed within its first save."""
    path = tmp_path / "metrics.db"
    store = SqliteStore(path)
    with store._connected() as connection:
        store._create(connection)
    assert SqliteStore(path).load() is None
    newer = Form(VERSION + 1, {VERSION: lambda plain: plain})
    SqliteStore(path, form=newer).save(one())
    assert SqliteStore(path, form=newer).load() == one()


SAVING = """
import sys
from pathlib import Path
from pointsman.library.store.sqlite import SqliteStore
from support.snapshots import several

store, prefix, count = SqliteStore(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(1, count + 1):
    store.save(several({name: number for name in [*(f"{prefix}{n}" for n in range(100)), "shared"]}))
    print(number, flush=True)
"""


def saving(path: Path, prefix: str, count: int) -> subprocess.Popen[str]:
    """A process that saves so often, and says each time that it did."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, "-c", SAVING, str(path), prefix, str(count)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("saves", [1, 2, 17])
def test_a_process_that_is_killed_leaves_its_last_complete_save(tmp_path, saves):
    """Wherever in the next one it was."""
    path = tmp_path / "metrics.db"
    with saving(path, "m", 1_000_000) as process:
        for _ in range(saves):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        last = [int(line) for line in process.stdout.read().splitlines()] or [saves]
    found = choices(SqliteStore(path).load())
    assert len(found) == 101
    (number,) = set(found.values())
    assert number in (last[-1], last[-1] + 1)
    SqliteStore(path).save(several(dict.fromkeys(found, 0)))
    assert set(choices(SqliteStore(path).load()).values()) == {0}


def test_two_processes_do_not_harm_each_other(tmp_path):
    """Each has its own models there, and of one that both have the newest of either."""
    path = tmp_path / "metrics.db"
    with saving(path, "a", 60) as one_process, saving(path, "b", 60) as other:
        outputs = [process.communicate()[0].split()[-1:] for process in (one_process, other)]
    assert outputs == [["60"], ["60"]]
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]
    found = choices(SqliteStore(path).load())
    assert len(found) == 201
    assert set(found.values()) == {60}


def test_a_store_tells_where_it_is():
    """In one line."""
    assert repr(SqliteStore(Path("/var/lib/metrics.db"))) == "SqliteStore(/var/lib/metrics.db)"
