"""The routing configuration, section 8: special routing cases.

First request, steps 1 to 4      test_first_requests_go_where_the_model_is_loaded, test_a_check_that_is_late_…
Rate-limited fallback, 1 to 4    test_a_rate_limit_activates_the_fallback_at_once, test_it_resumes_after_its_cooldown
Error-based routing, 1 to 5      test_errors_halve_the_weight, test_it_recovers_after_its_cooldown, …_two_errors_…
"""

from __future__ import annotations

import random

import msgspec
import pytest

from pointsman.fakes import FakeClock
from support.simulated import Desk, at_work, reasons, who

NAME = "llama3.1:8b"


async def shares(desk: Desk) -> dict[str, float]:
    """How the draw for ``llama3.1:8b`` is divided, by provider."""
    shown = (await desk.route({"model": NAME}, verbose=True)).json()
    rows = [row for row in shown["candidates"] if row.get("terms")]
    return {row["deployment"].rpartition("@")[2]: row["terms"]["share"] for row in rows}


async def until(desk: Desk, words: str) -> None:
    """Ask for the decision until the warm stage says these words: checks run in the background."""
    for _ in range(2000):
        if words in reasons(await desk.route({"model": NAME})).get("warm", ""):
            return
    raise AssertionError(reasons(await desk.route({"model": NAME})))


# ---- first request


async def test_first_requests_go_where_the_model_is_loaded(whole):
    """Ollama has not loaded the model, llama-cpp-python has: it serves, though Ollama has the larger share. Once Ollama
    has it too, requests are routed as usual.
    """
    async with at_work(whole, dice=random.Random(3)) as desk:
        await until(desk, "llama_cpp_python")
        first = await desk.chat(NAME)
        assert who(first) == "llama_cpp_python"
        await desk.chat("llama3.1-ollama")  # loads it
        served = [who(await desk.chat(NAME)) for _ in range(40)]
    assert "ollama" in served


async def test_a_check_that_is_late_holds_nobody_up(whole):
    """A provider that does not answer the check is not known to be warm, and the request goes its usual way."""
    assert whole.warm.timeout == 0.1
    async with at_work(whole) as desk:
        for mock in desk.it.providers.values():
            mock.faults.set("hang:path=/api/ps", "hang:path=/health", "hang:path=/v1/models", "hang:path=/props")
        assert (await desk.chat(NAME)).status == 200


# ---- rate limits


async def test_a_rate_limit_activates_the_fallback_at_once(alone):
    """A 429 marks Ollama as rate-limited; the next in the plan answers this very request, and the next request does
    not ask Ollama at all.
    """
    async with at_work(alone, clock=FakeClock()) as desk:
        desk["ollama"].faults.set("status=429")
        first = await desk.chat(NAME)
        second = await desk.chat(NAME)
        health = (await desk.get("/health")).json()
        assert desk.asked["ollama"] == 1
    assert who(first) == who(second) == "llama_cpp_native"
    assert first.headers["x-pointsman-attempts"] == "2"
    assert any("rate_limited" in (row["reason"] or "") for row in health["deployments"])


async def test_it_resumes_after_its_cooldown(alone):
    """``fallback_duration_seconds: 60``: at 59 seconds it still rests, at 61 it serves again."""
    clock = FakeClock()
    async with at_work(alone, clock=clock) as desk:
        desk["ollama"].faults.set("status=429:times=1")
        await desk.chat(NAME)
        clock.advance(59)
        assert who(await desk.chat(NAME)) != "ollama"
        clock.advance(2)
        assert who(await desk.chat(NAME)) == "ollama"


@pytest.mark.parametrize(("retry_after", "rests"), [(5, 60), (120, 120), (900, 300)])
async def test_what_the_provider_says_counts_if_it_is_longer(alone, retry_after, rests):
    """The longest of Retry-After, of 300 seconds at most, and the configured duration."""
    clock = FakeClock()
    async with at_work(alone, clock=clock) as desk:
        desk["ollama"].faults.set(f"status=429:retry_after={retry_after}:times=1")
        await desk.chat(NAME)
        clock.advance(rests - 1)
        assert who(await desk.chat(NAME)) != "ollama"
        clock.advance(2)
        assert who(await desk.chat(NAME)) == "ollama"


# ---- errors


async def erring(desk: Desk, times: int) -> None:
    """So many requests find Ollama with an error."""
    desk["ollama"].faults.set(f"status=500:times={times}")
    while desk.asked.get("ollama", 0) < times:
        await desk.chat(NAME, num_retries=0)
    desk["ollama"].faults.clear()


async def test_two_errors_are_below_the_threshold(plain):
    """Errors are tracked; below the threshold they change nothing."""
    async with at_work(plain, clock=FakeClock()) as desk:
        await erring(desk, 2)
        assert await shares(desk) == pytest.approx({"ollama": 0.7, "llama_cpp_python": 0.3})


async def test_errors_halve_the_weight(plain):
    """``error_threshold: 3``: with three errors in the window Ollama is degraded, still served, with half its weight:
    0.35 beside 0.3.
    """
    async with at_work(plain, clock=FakeClock()) as desk:
        await erring(desk, 3)
        assert await shares(desk) == pytest.approx({"ollama": 0.35 / 0.65, "llama_cpp_python": 0.3 / 0.65})


async def test_it_recovers_after_its_cooldown(plain):
    """``cooldown_seconds: 300``: then its weight is whole again."""
    clock = FakeClock()
    async with at_work(plain, clock=clock) as desk:
        await erring(desk, 3)
        clock.advance(301)
        assert await shares(desk) == pytest.approx({"ollama": 0.7, "llama_cpp_python": 0.3})


async def test_errors_long_ago_do_not_count(plain):
    """The window slides: two errors, six minutes, one more error are not three."""
    clock = FakeClock()
    async with at_work(plain, clock=clock) as desk:
        await erring(desk, 2)
        clock.advance(360)
        desk["ollama"].ledger.clear()
        await erring(desk, 1)
        assert await shares(desk) == pytest.approx({"ollama": 0.7, "llama_cpp_python": 0.3})


async def test_the_switches_switch(plain):
    """Without the section errors degrade nobody."""
    settings = msgspec.structs.replace(plain, rest=type(plain.rest)())
    async with at_work(settings, clock=FakeClock()) as desk:
        await erring(desk, 3)
        assert await shares(desk) == pytest.approx({"ollama": 0.7, "llama_cpp_python": 0.3})
