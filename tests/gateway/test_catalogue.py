"""What is known of the models that are served, as ``/v1/models`` and ``/v1/model/info`` tell it."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from pointsman.config.settings import ExactMatch, Pace, RouterSettings, WatchSettings
from pointsman.fakes import deployment, provider, settings
from pointsman.gateway.catalogue import entry, info
from pointsman.model.exchange import Answered
from pointsman.model.listing import Card, Listing
from pointsman.model.prices import Price, PriceList, PriceTable
from pointsman.model.secret import Secret
from pointsman.providers.listed import LISTED
from pointsman.routing.topology import compile_topology
from pointsman.testing import MockProvider
from support.deciding import open_at
from support.fleet import member
from support.probing import asked_twice
from support.serving import Reply, gateway, send

BOX, FAR = provider("box", "ollama"), provider("far", base_url="https://api.openai.com")
USUAL = {"id": "m", "object": "model", "created": 0, "owned_by": "pointsman"}
TABLE = PriceTable({"api.openai.com": PriceList(date(2026, 10, 1), {"gpt": Price(2.0, 8.0, 0.5, context=128_000)})})


async def got(port: int, path: str) -> Reply:
    (reply,) = await send(port, f"GET {path} HTTP/1.1\r\nhost: here\r\n\r\n".encode())
    return reply


def told(*members, lists=None, **more) -> dict:
    return entry("m", compile_topology(settings(*members, **more), lists or {}))


def test_what_nobody_knows_is_left_out():
    """OpenAI's fields stay as they are."""
    assert told(deployment("a")) == USUAL


def test_of_several_the_largest_counts_and_what_anybody_takes():
    """The configuration's word and the lists'; false is what nobody takes."""
    members = (
        deployment("a", context=1000, max_output=50, vision=False, tools=False),
        deployment("b", at=BOX),
        deployment("c", context=500, tools=False),
    )
    lists = {BOX: Listing({"m": Card(7.0, 4096, vision=True, tools=False)})}
    assert told(*members, lists=lists) == USUAL | {
        "context_length": 4096,
        "max_completion_tokens": 50,
        "capabilities": {"vision": True, "function_calling": False},
    }
    assert told(deployment("a", vision=False), deployment("b")) == USUAL


def test_an_alias_of_several_has_the_largest_of_all():
    """And one of an open deployment what is listed under its name."""
    lists = {BOX: Listing({"x": Card(max_output=9)})}
    rule = ExactMatch("x", "box")
    members = (open_at(BOX), deployment("a", "y", max_output=5))
    made = settings(*members, exact={"x": rule}, aliases={"n": "x"}, alias_groups={"m": ("x", "y")})
    topology = compile_topology(made, lists)
    assert {name: entry(name, topology).get("max_completion_tokens") for name in "xnmy"} == {
        "x": 9,
        "n": 9,
        "m": 9,
        "y": 5,
    }


def test_a_deployment_is_told_in_litellms_words():
    """With all that its configuration says; whose word the rest is stands in ``sources``."""
    at = provider("far", base_url="https://api.openai.com", api_key=Secret("sk-hush"))
    made = settings(
        deployment("a", "m", at, model="gpt", tools=True, info={"mode": "chat", "id": "a"}), prices=(TABLE,)
    )
    lists = {at: Listing({"gpt": Card(None, None, max_output=4096, vision=True)})}
    row = info(compile_topology(made, lists).deployments[0])
    assert "hush" not in msgspec.json.encode(row).decode()
    assert row == {
        "model_name": "m",
        "litellm_params": {"model": "gpt", "custom_llm_provider": "openai"},
        "model_info": {
            "mode": "chat",
            "id": "a",
            "max_input_tokens": 128_000,
            "max_output_tokens": 4096,
            "input_cost_per_token": 2e-6,
            "output_cost_per_token": 8e-6,
            "cache_read_input_token_cost": 0.5e-6,
            "cache_creation_input_token_cost": None,
            "cache_creation_input_token_cost_above_1hr": None,
            "supports_vision": True,
            "supports_function_calling": True,
            "sources": {
                "prices": "table of 2026-10-01",
                "max_input_tokens": "table of 2026-10-01",
                "max_output_tokens": "far's list",
                "supports_vision": "far's list",
            },
        },
    }
    plain = info(deployment("b", context=10, max_output=5, input_cost=1.0, vision=False))["model_info"]
    assert (plain["max_input_tokens"], plain["max_output_tokens"], plain["sources"]) == (10, 5, {})


@pytest.mark.parametrize("path", ["/v1/model/info", "/model/info"])
async def test_a_running_gateway_tells_what_its_servers_told_it(path):
    """By name and by deployment; open deployments are none of LiteLLM's rows."""
    often = WatchSettings(Pace(0.01, 5.0), Pace(0.01, 5.0))
    async with MockProvider("ollama", name="box", models=["llava:7b"]) as box:
        served = member(box)
        made = settings(served, open_at(served.provider), watch=often, router=RouterSettings(pre_call_checks=True))
        async with gateway(made) as it:
            await asked_twice(box, "/api/tags")
            listed, rows = await got(it.port, "/v1/models"), await got(it.port, path)
            one = await got(it.port, f"{path}?litellm_model_id=m@box")
            none = await got(it.port, f"{path}?litellm_model_id=box")
    capabilities = {"vision": True, "function_calling": True}
    assert listed.json()["data"] == [USUAL | {"context_length": 4096, "capabilities": capabilities}]
    (row,) = rows.json()["data"]
    assert row["model_info"]["sources"] == dict.fromkeys(
        ("max_input_tokens", "supports_vision", "supports_function_calling"), "box's list"
    )
    assert one.json() == rows.json()
    assert (none.status, none.json()["error"]["param"]) == (404, "litellm_model_id")


async def test_a_gateway_behind_another_is_understood():
    """What one tells in its list the other one reads."""
    async with MockProvider("openai", name="up", models=["x"]) as up:
        traits = {"context": 1000, "max_output": 50, "vision": True, "tools": False}
        async with gateway(settings(member(up, **traits))) as it:
            listed = await got(it.port, "/v1/models")

    found = LISTED["openai_compatible"].read(Answered(200, {}, listed.body))
    assert found.cards == {"m": Card(None, 1000, max_output=50, vision=True, tools=False)}
