"""What holds of every store: what was saved is there after a restart, and nobody's work is harmed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings

from pointsman.errors import StoreFailed
from pointsman.library.store.rows import Form
from pointsman.library.store.snapshot import VERSION, ModelSnapshot, Snapshot
from support.snapshots import NOW, by_id, choices, one, several, snapshots, worked

SAME_PLACE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def test_where_nothing_was_saved_is_nothing(begun):
    """Looking does not begin anything either."""
    assert begun().load() is None
    assert begun().load() is None


@SAME_PLACE
@given(snapshot=snapshots)
def test_what_was_saved_is_there_after_a_restart(begun, snapshot):
    """To the last bit, over whatever was there, less what the process that ended had besides."""
    before = begun()
    before.save(several({"gone": 1}))
    before.save(snapshot)
    assert by_id(begun().load()) == by_id(snapshot)
    before.save(several({}))
    assert choices(begun().load()) == {}


@pytest.mark.parametrize(
    "name", ["", "a b", "modèle/🦙:8b", "nul\0inside", "'; DROP TABLE models --", "model:a", "version"]
)
def test_any_name_of_a_model_will_do(begun, name):
    """Names are data."""
    begun().save(several({name: 1, "other": 2}))
    assert choices(begun().load()) == {name: 1, "other": 2}


def test_a_thousand_models_that_have_worked_come_back(begun):
    """All that a router remembers of them."""
    snapshot = worked(1_000)
    begun().save(snapshot)
    assert by_id(begun().load()) == by_id(snapshot)


def test_only_what_changed_is_written(begun):
    """What another process wrote of the other models in the meantime stays."""
    mine, theirs = begun(), begun()
    mine.save(several({"a": 1, "b": 1}))
    theirs.save(several({"a": 5, "b": 5}))
    mine.save(several({"a": 2, "b": 1}, taken=NOW + 10))
    kept = begun().load()
    assert (choices(kept), kept.taken) == ({"a": 2, "b": 5}, NOW + 10)


def test_time_alone_is_not_written(begun):
    """The moment is that of the last change."""
    store = begun()
    store.save(one(taken=NOW))
    store.save(one(taken=NOW + 10))
    assert begun().load().taken == NOW


def test_who_is_gone_is_removed_by_the_process_that_knew_him(begun):
    """Models of others stay: two processes may have different ones."""
    mine, theirs = begun(), begun()
    mine.save(several({"a": 1, "b": 1}))
    theirs.save(several({"c": 1}))
    mine.save(several({"a": 1}))
    assert choices(begun().load()) == {"a": 1, "c": 1}


def test_a_closed_store_may_be_asked_again(begun):
    """It has only forgotten what it wrote, so it writes all of it."""
    store = begun()
    store.save(one(routed=1))
    store.close()
    begun().save(one(routed=7))
    store.save(one(routed=1))
    assert choices(begun().load()) == {"a": 1}


def test_a_model_that_can_not_be_kept_stays_as_it_was_and_harms_no_other(begun):
    """It is told by its id; as soon as it can be kept again it is."""
    store = begun()
    assert store.save(several({"a": 1, "b": 1})) == ()
    bad = ModelSnapshot(id="b", latency_total=float("nan"))
    for routed in (2, 3):
        assert store.save(Snapshot(taken=NOW, models=(ModelSnapshot(id="a", routed=routed), bad))) == ("b",)
        assert choices(begun().load()) == {"a": routed, "b": 1}
    assert store.save(several({"a": 3, "b": 9})) == ()
    assert choices(begun().load()) == {"a": 3, "b": 9}


def test_what_can_not_be_kept_of_the_router_leaves_what_was(begun):
    """All of it or nothing."""
    store = begun()
    store.save(several({"a": 1}))
    with pytest.raises(StoreFailed, match="what belongs to the router"):
        store.save(Snapshot(taken=NOW, arms={"x": (float("nan"),)}, models=(ModelSnapshot(id="a", routed=2),)))
    assert choices(begun().load()) == {"a": 1}


def ten_times(plain):
    return {**plain, "models": [{**model, "routed": model["routed"] * 10} for model in plain["models"]]}


NEWER = Form(VERSION + 1, {VERSION: ten_times})


def test_an_older_version_is_brought_up_to_date_when_it_is_read(begun):
    """And still the older one as long as nobody writes: going back is possible until then."""
    begun().save(several({"a": 1, "b": 2}))
    assert choices(begun(NEWER).load()) == {"a": 10, "b": 20}
    assert choices(begun().load()) == {"a": 1, "b": 2}


def test_an_older_version_is_brought_up_to_date_when_it_is_written(begun):
    """Models that the writer does not know too, in the same step."""
    begun().save(several({"a": 1, "b": 2}))
    begun(NEWER).save(several({"a": 11, "c": 3}))
    assert choices(begun(NEWER).load()) == {"a": 11, "b": 20, "c": 3}


def test_a_newer_version_is_left_alone_even_by_who_wrote_before(begun):
    """A process of the old version that still runs while the new one begins does not take its work back."""
    old = begun()
    old.save(one(routed=1))
    begun(NEWER).save(one(routed=100))
    for attempt in (old.load, begun().load, lambda: old.save(one(routed=2)), lambda: begun().save(one(routed=2))):
        with pytest.raises(StoreFailed, match=r"written by a newer Pointsman .*Nothing was changed") as refused:
            attempt()
        assert old.name in str(refused.value)
    assert choices(begun(NEWER).load()) == {"a": 100}


def test_threads_may_save_at_the_same_time(begun):
    """Through one store and through several: each save is whole."""
    ours, theirs = begun(), begun()
    everybody = [f"m{number}" for number in range(20)]

    def save(number: int) -> None:
        (ours if number % 2 else theirs).save(several(dict.fromkeys(everybody, number)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(1, 41)))
    found = choices(begun().load())
    assert found.keys() == set(everybody)
    assert len(set(found.values())) == 1
