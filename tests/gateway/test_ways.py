"""How often, for how long and whom instead: as a configuration and a caller say it, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from pointsman.config.load import from_mapping
from support.simulated import Desk, at_work, who

NAMES = ("m", "spare", "long", "safe")


def page(**router: Any) -> dict[str, Any]:
    """A name with three deployments, and three names with one; each at a provider of its own."""
    members = [("one", "m"), ("two", "m"), ("three", "m"), *((name, name) for name in NAMES[1:])]
    return {
        "model_list": [{"model_name": name, "litellm_params": {"model": f"{place}/{name}"}} for place, name in members],
        "providers": {place: {"kind": "vllm", "base_url": f"http://{place}:1"} for place, _ in members},
        "router_settings": {
            "fallbacks": [{"m": ["spare"]}],
            "context_window_fallbacks": [{"*": ["long"]}],
            "content_policy_fallbacks": [{"m": ["safe"]}],
            **router,
        },
    }


def fail(desk: Desk, fault: str) -> None:
    """Everybody of the group, whenever asked."""
    for place in ("one", "two", "three"):
        desk[place].faults.set(fault)


@pytest.mark.parametrize(
    ("fault", "answers"), [("says=context_length", "long"), ("says=content_filter", "safe"), ("status=500", "spare")]
)
async def test_every_cause_has_its_own_fallback(fault, answers):
    """And nobody of the others is asked; without fallbacks nobody outside the group is."""
    async with at_work(from_mapping(page())) as desk:
        fail(desk, fault)
        assert who(await desk.chat("m")) == answers
        assert {place for place in desk.asked if place in NAMES} == {answers}
        before = desk.asked[answers]
        alone = await desk.chat("m", disable_fallbacks=True)
        assert alone.status >= 400
        assert desk.asked[answers] == before


@pytest.mark.parametrize(
    ("headers", "body", "tries"),
    [
        ([], {}, 3),
        ([], {"num_retries": 1}, 2),
        (["x-litellm-num-retries: 0"], {"num_retries": 1}, 1),
        (["x-litellm-num-retries: 0", "x-pointsman-num-retries: 1"], {}, 2),
    ],
)
async def test_a_group_is_tried_as_often_as_the_nearest_word_says(headers, body, tries):
    """Our header, LiteLLM's, the body, the configuration."""
    async with at_work(from_mapping(page(fallbacks=[]))) as desk:
        fail(desk, "status=500")
        assert (await desk.chat("m", *headers, **body)).status == 502
        assert sum(desk.asked.values()) == tries


@pytest.mark.parametrize(
    ("fault", "tries"), [("status=500", 1), ("status=429", 3), ("status=503", 2), ("says=content_filter", 2)]
)
async def test_a_policy_says_how_often_by_cause(fault, tries):
    """In LiteLLM's words and in ours, for all names or for one; even of what is final otherwise."""
    policy = {"InternalServerErrorRetries": 3, "ServiceUnavailableErrorRetries": 1, "filtered": 1}
    own = {"model_group_retry_policy": {"m": {"server_error": 0}}, "content_policy_fallbacks": []}
    async with at_work(from_mapping(page(retry_policy=policy, fallbacks=[], **own))) as desk:
        fail(desk, fault)
        assert (await desk.chat("m")).status >= 400
        assert sum(desk.asked.values()) == tries


@pytest.mark.parametrize("header", ["x-litellm-timeout", "x-pointsman-timeout"])
async def test_a_header_bounds_the_whole_request(header):
    """Whoever hangs; and one that is no number is refused by its name."""
    async with at_work(from_mapping(page())) as desk:
        fail(desk, "hang=silent")
        late = await desk.chat("m", f"{header}: 0.2", timeout=500)
        assert (late.status, late.error["code"]) == (504, "request_timeout")
        wrong = await desk.chat("m", f"{header}: soon")
        assert (wrong.status, wrong.error["code"], wrong.error["param"]) == (400, "invalid_header", header.title())


async def test_a_stream_is_waited_for_as_long_as_the_caller_says():
    """Its first content, in spite of a longer time for the whole; then the next one is asked."""
    async with at_work(from_mapping(page(num_retries=0))) as desk:
        fail(desk, "hang=head")
        assert who(await desk.chat("m", "x-litellm-stream-timeout: 1", stream=True)) == "spare"
        assert sum(desk.asked.values()) == 2


async def test_the_dry_run_tells_of_them():
    """With what each of the plan is for."""
    async with at_work(from_mapping(page())) as desk:
        shown = (await desk.route({"model": "m"})).json()["plan"]
        assert [(leg["group"], leg.get("on")) for leg in shown][-3:] == [
            ("spare", None),
            ("long", "context"),
            ("safe", "filtered"),
        ]
        shown = (await desk.route({"model": "m", "disable_fallbacks": True})).json()["plan"]
        assert {leg["group"] for leg in shown} == {"m"}
