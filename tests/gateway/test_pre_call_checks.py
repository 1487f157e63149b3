"""``enable_pre_call_checks``: who can't take a request is left out before the call, by what is known already."""

from __future__ import annotations

from typing import Any

import pytest

from pointsman.config.load import from_mapping
from support.simulated import at_work, who

LISTS = "/v1/models"


def entry(place: str, params: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    return {"model_name": "m", "litellm_params": {"model": f"{place}/m", **params}, "model_info": info}


def page(switch: dict[str, bool]) -> dict[str, Any]:
    """Four deployments of one name, each at a provider of its own; one failure rests one for a minute."""
    members = [("limited", {"rpm": 1}, {}), ("failed", {}, {}), ("short", {}, {"context_window": 100}), ("fit", {}, {})]
    return {
        "model_list": [entry(*member) for member in members],
        "providers": {name: {"kind": "vllm", "base_url": f"http://{name}:1"} for name, *_ in members},
        "router_settings": {"routing_strategy": "round_robin", "allowed_fails": 0, "cooldown_time": 60, **switch},
    }


@pytest.mark.parametrize("switch", [{"enable_pre_call_checks": True}, {"enable_pre_call_checks": False}, {}])
async def test_who_is_too_small_at_its_limit_or_has_failed_of_late_is_not_asked(switch):
    """Whatever the switch says. No call is made to find that out; with it servers are asked for their lists, beside."""
    async with at_work(from_mapping(page(switch))) as desk:
        desk["failed"].faults.set("status=500")
        for _ in range(4):
            assert (await desk.chat("m")).status == 200
        before = desk.asked
        assert {"limited", "failed"} <= before.keys()
        text = "word " * 200
        shown = await desk.route({"model": "m", "messages": [{"role": "user", "content": text}]}, verbose=True)
        rows = [row for row in shown.json()["candidates"] if row["deployment"].startswith("m@")]
        excluded = {row["deployment"]: row["excluded_by"] for row in rows if not row["kept"]}
        assert excluded == {"m@short": "requirements", "m@limited": "limits", "m@failed": "health"}
        assert {who(await desk.chat("m", text=text)) for _ in range(4)} == {"fit"}
        assert desk.asked == {**before, "fit": before["fit"] + 4}
        if switch.get("enable_pre_call_checks"):
            await desk["fit"].ledger.wait_for(lambda entry: entry.path == LISTS)
        entries = [entry for name in before for entry in desk[name].ledger.entries if entry.method == "GET"]
    assert {entry.path for entry in entries} == ({LISTS} if switch.get("enable_pre_call_checks") else set())
