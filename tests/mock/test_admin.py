"""The mock's own paths, for those who run it as a process."""

from __future__ import annotations

import pytest

CHAT = "/v1/chat/completions"
FAULTS = "/__mock__/faults"
LEDGER = "/__mock__/ledger"


@pytest.mark.parametrize("body", [{"faults": ["status=503:times=1"]}, ["status=503:times=1"]])
async def test_faults_are_set_read_and_cleared(provider, ask, hello, body):
    """POST sets the faults in force, GET shows them, DELETE takes them back."""
    posted = (await ask(provider, "POST", FAULTS, body)).json()
    status = (await ask(provider, "POST", CHAT, hello("gpt-4o"))).status
    shown = (await ask(provider, "GET", FAULTS)).json()
    cleared = (await ask(provider, "DELETE", FAULTS)).json()
    assert (posted, status) == ({"faults": ["status=503:times=1"]}, 503)
    assert (shown, cleared) == (posted, {"faults": []})


@pytest.mark.parametrize("body", [b"", b"{", b'["stauts=1"]', b'{"faults": 3}', b"\xff"])
async def test_a_wrong_fault_changes_nothing(provider, ask, body):
    """A wrong body is a 400 with the reason, and the faults stay."""
    provider.faults.set("empty")
    answer = await ask(provider, "POST", FAULTS, body)
    assert (answer.status, bool(answer.json()["error"])) == (400, True)
    assert [str(fault) for fault in provider.faults] == ["empty"]


async def test_the_ledger_is_shown(provider, ask, hello):
    """GET gives counts and entries; since leaves out the older ones; the mock's own paths are not in it."""
    for text in ("one", "two"):
        await ask(provider, "POST", CHAT, hello("gpt-4o", text=text), ["authorization: Bearer sk-secret"])
    answer = await ask(provider, "GET", LEDGER)
    shown = answer.json()
    later = (await ask(provider, "GET", f"{LEDGER}?since=1")).json()
    assert (shown["total"], shown["in_flight"], [entry["number"] for entry in shown["entries"]]) == (
        2,
        0,
        [1, 2],
    )
    assert shown["entries"][0]["body"] == hello("gpt-4o", text="one")
    assert shown["entries"][0]["headers"]["authorization"] == "Bearer ***"
    assert b"secret" not in answer.body
    assert [entry["number"] for entry in later["entries"]] == [2]


async def test_the_ledger_is_cleared(provider, ask, hello):
    """DELETE forgets the entries."""
    await ask(provider, "POST", CHAT, hello("gpt-4o"))
    assert (await ask(provider, "DELETE", LEDGER)).json()["entries"] == []
    assert len(provider.ledger) == 0


async def test_refuse_spares_who_asked_for_it(provider, connect):
    """The connection that sets refuse stays open, so that it can take it back."""
    asking, other = await connect(provider), await connect(provider)
    await other.send("GET", "/v1/models")
    await other.answer()
    await asking.send("POST", FAULTS, ["refuse"])
    await asking.answer()
    ended = await other.ending()
    await asking.send("DELETE", FAULTS)
    assert (ended, (await asking.answer()).json()) == ("closed", {"faults": []})
    again = await connect(provider)
    await again.send("GET", "/v1/models")
    assert (await again.answer()).status == 200


async def test_an_unknown_path_lists_the_known(provider, ask):
    """Another path below /__mock__/ is a 404 that lists what there is."""
    answer = await ask(provider, "GET", "/__mock__/x")
    assert (answer.status, f"GET {LEDGER}" in answer.json()["known"]) == (404, True)
