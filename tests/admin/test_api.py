"""``GET /v1/decisions``: what has been decided lately, in short, for those with a key."""

from __future__ import annotations

import pytest

from pointsman.admin.api import MOST, USUAL
from pointsman.model.outcome import FailureKind
from pointsman.telemetry.records import Records

PATH = "/v1/decisions"


def ids(reply) -> list[str]:
    return [row["request_id"] for row in reply.json()["data"]]


def test_the_newest_decision_comes_first(client, key, happen):
    """What has just happened is at the top."""
    for name in ("first", "second", "third"):
        happen(name)
    assert ids(client.get(PATH, headers=key)) == ["third", "second", "first"]


def test_a_limit_keeps_the_newest(client, key, happen):
    """The older ones are left out, not the newer."""
    for name in ("first", "second", "third"):
        happen(name)
    assert ids(client.get(f"{PATH}?limit=2", headers=key)) == ["third", "second"]


def test_fifty_are_listed_unless_told_otherwise(client, key, happen):
    """A page that asks without a limit stays small."""
    for number in range(USUAL + 5):
        happen(f"r{number}")
    assert len(ids(client.get(PATH, headers=key))) == USUAL
    assert len(ids(client.get(f"{PATH}?limit={MOST}", headers=key))) == USUAL + 5


def test_before_the_first_request_the_list_is_empty(client, key):
    """No request is an empty list in OpenAI's list shape, not an error."""
    assert client.get(PATH, headers=key).json() == {"object": "list", "data": []}


def test_a_summary_agrees_with_its_record(client, key, happen, runtime):
    """The short form says what ``GET /v1/decisions/{id}`` says."""
    happen("r1", failure=FailureKind.TIMEOUT)
    (row,) = client.get(PATH, headers=key).json()["data"]
    record = runtime.records.find("r1")
    outcome = record["outcome"]
    assert row == {
        "request_id": record["request_id"],
        "created": record["created"],
        "endpoint": record["endpoint"],
        "model": record["model"],
        "deployment": outcome["attempts"][-1]["deployment"],
        "provider": "up",
        "route": record["decision"]["route"],
        "ok": outcome["ok"],
        "failure": outcome["failure"],
        "status": outcome["status"],
        "seconds": outcome["seconds"],
        "attempts": len(outcome["attempts"]),
        "fallbacks": outcome["fallbacks"],
        "cost": outcome["cost"],
    }
    assert (row["ok"], row["failure"]) == (False, "timeout")


def test_a_request_that_nobody_could_take_has_no_deployment(client, key, happen):
    """Where nobody was asked, nobody is named, and it is not ok."""
    happen("r1", asked=False)
    (row,) = client.get(PATH, headers=key).json()["data"]
    assert (row["deployment"], row["provider"], row["route"], row["attempts"]) == (None, None, None, 0)
    assert (row["ok"], row["status"]) == (False, 503)


def test_a_name_as_long_as_a_book_is_cut(client, key, happen):
    """Callers choose names; a list of fifty stays small whatever they choose, and no name stays none."""
    happen("long", model="m" * 100_000)
    happen("none", model=None)
    none, long = client.get(PATH, headers=key).json()["data"]
    assert (none["model"], long["model"]) == (None, "m" * 200)


@pytest.mark.parametrize("limit", ["0", "-1", "501", "99999999999999999999", "ten", "", "1.5", "1e2", " 5", "+5", "٣"])
def test_a_limit_that_is_no_small_whole_number_is_refused(client, key, limit):
    """400 in OpenAI's error shape, and ``param`` names the culprit."""
    reply = client.get(PATH, params={"limit": limit}, headers=key)
    assert reply.status_code == 400
    assert reply.json() == {
        "error": {
            "message": "limit must be a whole number from 1 to 500",
            "type": "invalid_request_error",
            "param": "limit",
            "code": "invalid_request",
        }
    }


@pytest.mark.parametrize("limit", ["1", "500", "007"])
def test_a_limit_at_the_edge_is_taken(client, key, limit):
    """1 and 500 are within; leading zeros are digits too."""
    assert client.get(f"{PATH}?limit={limit}", headers=key).status_code == 200


@pytest.mark.parametrize("query", ["", "?limit=1", "?limit=bad"])
def test_without_a_key_nothing_is_told(client, happen, query):
    """401 comes before anything else, even before what is wrong with the question."""
    happen("r1")
    reply = client.get(f"{PATH}{query}")
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "invalid_api_key"
    assert "r1" not in reply.text


def test_no_cache_keeps_what_was_decided(client, key):
    """Who asks for what is nobody else's to keep."""
    assert client.get(PATH, headers=key).headers["cache-control"] == "no-store"


def test_what_has_fallen_out_of_the_records_is_not_listed(happen):
    """The list is as bounded as the records are."""
    records = Records(most=3)
    for name in ("a", "b", "c", "d", "e"):
        records.count([happen(name)])
    assert [row["request_id"] for row in records.latest(10)] == ["e", "d", "c"]
