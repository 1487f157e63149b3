"""Snapshots as text and back, and what becomes of older and newer ones."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given

from pointsman.errors import StoreFailed
from pointsman.library.store.rows import CURRENT, UPGRADES, Form, Rows, changes, encoded
from pointsman.library.store.snapshot import VERSION, Evidence, ModelSnapshot, PastResult, Snapshot
from support.snapshots import NOW, one, several, snapshots


@given(snapshots)
def test_what_was_written_is_what_is_read(snapshot):
    """Every field, to the last bit."""
    assert CURRENT.decoded("store", VERSION, encoded(snapshot)) == snapshot


@given(snapshots, snapshots)
def test_changes_lead_from_one_to_the_other(before, after):
    """What is new put over what was there, without what is gone; nothing twice."""
    old, new = encoded(before), encoded(after)
    found = changes(new, old)
    kept = {id_: row for id_, row in old.models.items() if id_ not in found.gone}
    assert kept | found.models == new.models
    assert all(old.models.get(id_) != row for id_, row in found.models.items())
    assert (found.router or old.router) == (old.router if old.router == new.router else True)


def test_time_alone_is_no_change():
    """Nothing is written for it."""
    assert not changes(encoded(one(taken=NOW + 10)), encoded(one(taken=NOW)))


def test_the_first_rows_are_all_new():
    """Even those of nobody: that there is a router is worth a row."""
    assert changes(encoded(several({})), None)


NOTHING = math.nan
UNREADABLE = [
    ModelSnapshot(id="a", latency_total=NOTHING),
    ModelSnapshot(id="a", latency_total=math.inf),
    ModelSnapshot(id="a", routed=-1),
    ModelSnapshot(id="a", results=(PastResult(-math.inf),)),
    ModelSnapshot(id="a", evidence={"coding": Evidence(1, NOTHING, NOW)}),
    ModelSnapshot(id="a\ud800"),
]


@pytest.mark.parametrize("model", UNREADABLE)
def test_a_model_that_could_not_be_read_back_has_no_row(model):
    """JSON has no such number and UTF-8 no half letter. It is told, the others have theirs, and what was kept of it
    before is not taken for that of somebody who is gone.
    """
    other = ModelSnapshot(id="b", routed=7)
    rows = encoded(Snapshot(taken=NOW, models=(model, other)))
    assert (rows.unfit, list(rows.models)) == ((model.id,), ["b"])
    before = Rows(NOW, rows.router, {model.id: "{}", "gone": "{}", "b": "{}"})
    assert changes(rows, before).gone == ("gone",)


def test_a_router_that_could_not_be_read_back_is_not_written():
    """Better no save than one that ends the next start."""
    with pytest.raises(StoreFailed, match="can't be kept"):
        encoded(Snapshot(taken=NOW, arms={"a": (NOTHING,)}))


def test_every_version_has_a_way_to_the_newest():
    """One upgrade for each version before it."""
    assert set(UPGRADES) == set(range(1, VERSION))


def seconds_were_milliseconds(plain):
    models = [{**model, "latency_total": model["latency_total"] / 1000} for model in plain["models"]]
    return {**plain, "models": models}


def a_strategy_was_renamed(plain):
    return {**plain, "strategy": {"old": "new"}.get(plain["strategy"])}


FORM = Form(3, {1: seconds_were_milliseconds, 2: a_strategy_was_renamed})


@pytest.mark.parametrize(("version", "latency", "strategy"), [(1, 2.0, "new"), (2, 2000.0, "new"), (3, 2000.0, "old")])
def test_older_versions_go_through_every_upgrade_since(version, latency, strategy):
    """In order, each once, and none that was before."""
    rows = encoded(Snapshot(taken=NOW, strategy="old", models=(ModelSnapshot(id="a", latency_total=2000.0),)))
    found = FORM.decoded("store", version, rows)
    assert (found.models[0].latency_total, found.strategy, found.taken) == (latency, strategy, NOW)


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_a_newer_version_is_refused_by_name(version):
    """It says which, what this one reads, and that nothing happened."""
    with pytest.raises(StoreFailed, match=rf"store .*newer .*version {version}; .*up to {VERSION}.*Nothing was"):
        CURRENT.decoded("store", version, encoded(one()))


@pytest.mark.parametrize("version", [0, -1, None, "1"])
def test_a_version_that_never_was_is_refused(version):
    """Numbers from 1 on."""
    with pytest.raises(StoreFailed, match="never was"):
        CURRENT.admit("store", version)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("{", "the record of model 'a'"),
        ("", "the record of model 'a'"),
        ("7", "its snapshot"),
        ("{}", "its snapshot"),
        ('{"id": "a", "routed": "often"}', "its snapshot"),
        ('{"id": "a", "routed": -7}', "its snapshot"),
        ('{"id": "a", "latency_total": -0.1}', "its snapshot"),
        ('{"id": "a", "evidence": {"coding": [-1, 2, 3]}}', "its snapshot"),
        ('{"id": "a", "breaker": {"openings": 100000}}', "its snapshot"),
        ('{"id": "a", "breaker": {"state": "ajar"}}', "its snapshot"),
    ],
)
def test_a_row_that_makes_no_sense_is_told(row, what):
    """Which one, as far as it is known."""
    with pytest.raises(StoreFailed, match=what):
        CURRENT.decoded("store", VERSION, Rows(NOW, encoded(one()).router, {"a": row}))


@pytest.mark.parametrize("router", ["", "[]", '{"arms": 7}'])
def test_a_router_that_makes_no_sense_is_told(router):
    """Likewise."""
    with pytest.raises(StoreFailed, match="can't be read"):
        CURRENT.decoded("store", VERSION, Rows(NOW, router, {}))


def test_a_field_of_the_same_version_that_is_missing_has_its_default():
    """Rows are objects, so that a field with a default needs no new version."""
    row = msgspec.json.encode({"id": "a", "routed": 3}).decode()
    assert CURRENT.decoded("store", VERSION, Rows(NOW, "{}", {"a": row})).models == (ModelSnapshot(id="a", routed=3),)
