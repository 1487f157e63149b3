"""The routing configuration, section 4: load balancing strategies and redundant models.

Round robin, steps 1 to 4        test_round_robin_…
Least loaded, steps 1 to 4       test_least_loaded_…
Usage-based, steps 1 to 4        test_usage_based_…
Score calculation                test_the_score_is_the_formula, test_the_formula_as_it_is_printed
Fastest response, steps 1 to 4   test_fastest_response_…
applicable_to                    test_a_strategy_picks_where_it_is_applicable
Redundant models                 test_redundant_models_share_seventy_to_thirty, test_the_backup_serves_when_…
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from pointsman.config.load import from_mapping
from pointsman.fakes import FakeClock
from pointsman.model.outcome import FailureKind
from support.simulated import Desk, at_work, who

PLACES = ("a", "b", "c")


def group(strategy: str, **blocks: object) -> dict:
    """One public name at three providers, picked by one strategy."""
    return {
        "providers": {name: {"kind": "vllm", "base_url": f"http://{name}.example"} for name in PLACES},
        "model_list": [{"model_name": "m", "litellm_params": {"model": f"{name}/m"}} for name in PLACES],
        "router_settings": {"routing_strategy": strategy, "num_retries": 0},
        **blocks,
    }


def lived(desk: Desk, clock: FakeClock, provider: str, seconds: float, failure: FailureKind | None = None) -> None:
    """A deployment's result in the past: so long it took, and so it ended."""
    board = desk.it.runtime.board
    (deployment,) = [d for d in desk.it.runtime.topology.groups["m"] if d.provider.name == provider]
    with board.lock:
        lease = board.take(deployment, "m")
    clock.advance(seconds)
    if failure is None:
        lease.first_token = seconds
        board.succeeded(lease, 10)
    else:
        board.failed(lease, failure, None)
    board.give_back(lease)


async def terms(desk: Desk, model: str = "m") -> dict[str, dict[str, float]]:
    """What the strategy looks at, by provider."""
    shown = (await desk.route({"model": model}, verbose=True)).json()
    rows = [row for row in shown["candidates"] if row.get("terms")]
    return {row["deployment"].rpartition("@")[2]: row["terms"] for row in rows}


async def chosen(desk: Desk, times: int = 1) -> Counter[str]:
    return Counter([(await desk.route({"model": "m"})).json()["provider"] for _ in range(times)])


# ---- round robin


async def test_round_robin_asks_everybody_equally_often():
    """Each request counts for who serves it, and the lowest count is next: after six of three everybody has two."""
    async with at_work(from_mapping(group("round_robin"))) as desk:
        for _ in range(6):
            await desk.chat("m")
        assert desk.asked == {"a": 2, "b": 2, "c": 2}


async def test_round_robin_floods_nobody_who_comes_back():
    """Counters do not pile up: who was away takes turns with the others, and does not serve all that he missed."""
    clock = FakeClock()
    async with at_work(from_mapping(group("round_robin")), clock=clock) as desk:
        desk["c"].faults.set("status=429:retry_after=30")
        while desk.asked.get("c", 0) == 0:
            await desk.chat("m")
        for _ in range(10):
            assert who(await desk.chat("m")) != "c"
        desk["c"].faults.clear()
        clock.advance(60)
        before = desk.asked
        for _ in range(6):
            await desk.chat("m")
        assert desk.asked["c"] - before["c"] <= 3


# ---- least loaded


async def test_least_loaded_asks_whoever_has_the_fewest_active_requests():
    """Active requests are counted as they begin and end: three at a time are at three providers."""
    async with at_work(from_mapping(group("least_loaded"))) as desk:
        for name in PLACES:
            desk[name].faults.set("hang:times=1")
        waiting = [asyncio.create_task(desk.chat("m")) for _ in PLACES]
        for name in PLACES:
            await desk[name].ledger.wait_for(lambda entry: entry.method == "POST")
        assert {name: figures["in_flight"] for name, figures in (await terms(desk)).items()} == dict.fromkeys(PLACES, 1)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_high_throughput_picks_the_least_loaded(plain):
    """The strategy applies to the capability that names it."""
    async with at_work(plain) as desk:
        assert (await desk.chat(None, "X-Capability: high_throughput")).headers[
            "x-pointsman-strategy"
        ] == "least_loaded"


# ---- usage-based


def usage(*costs: float | None, **more: object) -> dict:
    """``usage_based`` with the document's weights, and prices in dollars a million tokens."""
    page = group("usage_based", load_balancing={"usage_based": {
        "weight_factors": [{"latency": 0.4}, {"success_rate": 0.4}, {"cost": 0.2}], **more}})  # fmt: skip
    for entry, cost in zip(page["model_list"], costs, strict=True):
        if cost is not None:
            entry["litellm_params"] |= {"input_cost_per_token": cost / 1e6, "output_cost_per_token": cost / 1e6}
    return page


async def test_usage_based_routes_to_the_highest_score():
    """Latency, success rate and cost are tracked for each; the fast one is preferred, all else being equal."""
    clock = FakeClock()
    async with at_work(from_mapping(usage(1, 1, 1)), clock=clock, dice=random.Random(1)) as desk:
        for _ in range(10):
            for name, seconds in zip(PLACES, (0.5, 0.1, 0.4), strict=True):
                lived(desk, clock, name, seconds)
        picked = await chosen(desk, 40)
    assert picked.most_common(1)[0][0] == "b"
    assert picked["b"] >= 30


@pytest.mark.parametrize(("history", "costs", "best"), [
    ({"a": (0.2, 0), "b": (0.2, 1), "c": (0.2, 1)}, (1, 1, 1), "a"),
    ({"a": (0.2, 0), "b": (0.2, 0), "c": (0.2, 0)}, (5, 5, 0.5), "c"),
])  # fmt: skip
async def test_success_and_cost_count_too(history, costs, best):
    """Of ten results each, who did not fail every other time, or who costs less, has the higher score."""
    clock = FakeClock()
    page = usage(*costs)
    page["router_settings"]["allowed_fails"] = 1000
    async with at_work(from_mapping(page), clock=clock) as desk:
        for turn in range(10):
            for name, (seconds, failures) in history.items():
                lived(desk, clock, name, seconds, FailureKind.SERVER_ERROR if turn % 2 < failures else None)
        scores = {name: figures["score"] for name, figures in (await terms(desk)).items()}
    assert max(scores, key=scores.__getitem__) == best


async def test_the_score_is_the_formula():
    """Score = 0.4 * latency + 0.4 * success rate + 0.2 * cost, the inverses as parts of the best candidate's."""
    clock = FakeClock()
    async with at_work(from_mapping(usage(1, 2, 4)), clock=clock) as desk:
        for _ in range(10):
            for name, seconds in zip(PLACES, (0.4, 0.2, 0.1), strict=True):
                lived(desk, clock, name, seconds)
        rows = await terms(desk)
    assert {name: row["latency_term"] for name, row in rows.items()} == pytest.approx({"a": 0.1, "b": 0.2, "c": 0.4})
    assert {name: row["success_term"] for name, row in rows.items()} == pytest.approx(dict.fromkeys(PLACES, 0.4))
    assert {name: row["cost_term"] for name, row in rows.items()} == pytest.approx({"a": 0.2, "b": 0.1, "c": 0.05})
    assert {name: row["score"] for name, row in rows.items()} == pytest.approx({"a": 0.7, "b": 0.7, "c": 0.85})


async def test_the_formula_as_it_is_printed():
    """``literal: true``: score = (1/latency * 0.4) + (success_rate * 0.4) + (1/cost * 0.2), in seconds and in dollars
    a million tokens.
    """
    clock = FakeClock()
    async with at_work(from_mapping(usage(1, 2, 4, literal=True)), clock=clock) as desk:
        for _ in range(10):
            for name, seconds in zip(PLACES, (0.4, 0.2, 0.1), strict=True):
                lived(desk, clock, name, seconds)
        scores = {name: row["score"] for name, row in (await terms(desk)).items()}
    assert scores == pytest.approx({
        "a": 1 / 0.4 * 0.4 + 1 * 0.4 + 1 / 1 * 0.2,
        "b": 1 / 0.2 * 0.4 + 1 * 0.4 + 1 / 2 * 0.2,
        "c": 1 / 0.1 * 0.4 + 1 * 0.4 + 1 / 4 * 0.2,
    })  # fmt: skip


async def test_a_free_model_divides_nothing_by_zero():
    """Local models cost nothing: they have the best cost there is, and others still count."""
    clock = FakeClock()
    async with at_work(from_mapping(usage(0, 1, 1)), clock=clock) as desk:
        for _ in range(10):
            for name, seconds in zip(PLACES, (5.0, 0.1, 0.1), strict=True):
                lived(desk, clock, name, seconds)
        rows = await terms(desk)
    assert rows["a"]["cost_term"] == pytest.approx(0.2)
    assert rows["a"]["score"] < rows["b"]["score"] + 0.2


async def test_metrics_are_updated_every_ten_requests():
    """Step 4: nine results change no score, the tenth changes it."""
    clock = FakeClock()
    async with at_work(from_mapping(usage(1, 1, 1)), clock=clock) as desk:
        for _ in range(10):
            for name in PLACES:
                lived(desk, clock, name, 0.1)
        before = (await terms(desk))["a"]["score"]
        for _ in range(9):
            lived(desk, clock, "a", 0.9)
        between = (await terms(desk))["a"]["score"]
        for _ in range(11):
            lived(desk, clock, "a", 0.9)
        after = (await terms(desk))["a"]["score"]
    assert between == pytest.approx(before)
    assert after < before


# ---- fastest response


def fastest(measure: str = "time_to_first_token") -> dict:
    return group("fastest_response", load_balancing={"fastest_response": {"measure": measure}})


async def test_fastest_response_routes_to_the_lowest_p95():
    """The time to the first token is measured for each, and the lowest 95th percentile wins."""
    clock = FakeClock()
    async with at_work(from_mapping(fastest()), clock=clock) as desk:
        for turn in range(20):
            lived(desk, clock, "a", 0.3)
            lived(desk, clock, "b", 0.2)
            lived(desk, clock, "c", 0.1 if turn % 5 else 2.0)
        rows = await terms(desk)
        assert await chosen(desk, 10) == {"b": 10}
    assert rows["c"]["first_token"] > rows["a"]["first_token"] > rows["b"]["first_token"]


async def test_fastest_response_tries_whoever_it_does_not_know():
    """Providers without results are explored first."""
    async with at_work(from_mapping(fastest())) as desk:
        for _ in range(3):
            await desk.chat("m", stream=True)
        assert desk.asked == {"a": 1, "b": 1, "c": 1}


async def test_fastest_response_evaluates_anew_every_hour():
    """What is older than an hour counts no more: the slow one gets another chance."""
    clock = FakeClock()
    async with at_work(from_mapping(fastest()), clock=clock) as desk:
        for _ in range(10):
            for name, seconds in zip(PLACES, (0.1, 0.5, 0.9), strict=True):
                lived(desk, clock, name, seconds)
        assert await chosen(desk, 5) == {"a": 5}
        clock.advance(3700)
        assert set(await chosen(desk, 60)) == set(PLACES)


# ---- where a strategy applies, and redundant models


async def test_a_strategy_picks_where_it_is_applicable(plain):
    """``applicable_to`` and a capability's own ``routing_strategy`` say where; the rest goes by the default."""
    async with at_work(plain) as desk:
        picked = {
            name: (await desk.chat(None, f"X-Capability: {name}")).headers["x-pointsman-strategy"]
            for name in plain.capabilities
        }
        usual = (await desk.chat("something-else")).headers["x-pointsman-strategy"]
    assert picked == {
        "code_generation": "round_robin",
        "high_throughput": "least_loaded",
        "low_latency": "fastest_response",
        "general_chat": "usage_based",
        "large_context": "most_capacity",
    }
    assert usual == "usage-based-routing"


async def test_redundant_models_share_seventy_to_thirty(plain):
    """70 % of the requests for ``llama3.1:8b`` go to Ollama, 30 % to llama-cpp-python: of 400 seeded draws within three
    standard deviations.
    """
    async with at_work(plain, dice=random.Random(7)) as desk:
        for _ in range(400):
            await desk.chat("llama3.1:8b")
        asked = desk.asked
    assert set(asked) == {"ollama", "llama_cpp_python"}
    assert abs(asked["ollama"] - 280) < 3 * (400 * 0.7 * 0.3) ** 0.5


async def test_the_backup_serves_when_the_primary_is_down(plain):
    """Whoever of the two is left takes all."""
    async with at_work(plain) as desk:
        desk["ollama"].faults.set("status=503")
        replies = [await desk.chat("llama3.1:8b") for _ in range(6)]
    assert {who(reply) for reply in replies} == {"llama_cpp_python"}
