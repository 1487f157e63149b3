"""A judge from outside: llmock breaks what Pointsman asks it and says what it thinks of Pointsman's conduct.

It takes requests with the same path and body for attempts at one question. So where a failure shall turn a request to
another provider, that one is another path of the same server; where it shall be asked again, both are one.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from laboratory.callers import ask, question
from laboratory.rig import over
from pointsman.config.settings import RouterSettings
from pointsman.fakes import deployment, provider
from pointsman.model.rest import BreakerSettings
from support.serving import gateway

SOON = 0.2
"""Seconds to wait that it says where it says any; without being told it says 1."""

OPENAI, MISTRAL = ("openai", "gpt-4o"), ("mistral", "mistral-large-latest")


@pytest.fixture
def judge(llmock):
    return llmock.tool_mode("off")


@asynccontextmanager
async def before(judge, *places, **more):
    """Pointsman before some of the judge's paths; its verdict must be without a FAIL at the end."""
    members = []
    for number, (name, model) in enumerate(places):
        at = provider(f"{name}-{number}", "openai", judge.base_url(name))
        members.append(deployment(f"m@{name}-{number}", "m", at, model=model))
    async with gateway(over(*members, **more)) as it:
        yield it
    verdict = await asyncio.to_thread(judge.verdict)
    assert verdict.attempts > 0
    assert verdict.errors == (), verdict.render()


async def asked(it, number=1, *, stream=False):
    """So many questions at once, no two alike."""
    return await asyncio.gather(
        *[ask(it.port, question(stream=stream, text=f"question {each}")) for each in range(number)]
    )


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_it_waits_as_long_as_it_is_told(judge, stream):
    """Two refusals with Retry-After, and the answer after them."""
    judge.rate_limit(times=2, retry_after=SOON)
    async with before(judge, OPENAI) as it:
        [answer] = await asked(it, stream=stream)
    assert answer.whole


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 529])
async def test_it_asks_again_where_that_may_help(judge, status):
    """A failure that may be over in a moment costs no answer, with nobody else to ask."""
    judge.fail(status, times=2, retry_after=SOON if status in (429, 503, 529) else None)
    async with before(judge, OPENAI) as it:
        [answer] = await asked(it)
    assert answer.whole


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_it_does_not_ask_again_where_that_cannot_help(judge, status):
    """The same question to the same place would be refused again."""
    judge.fail(status, times=None)
    async with before(judge, OPENAI) as it:
        [answer] = await asked(it)
    assert answer.failed


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503, 529])
async def test_another_provider_takes_over(judge, status, stream):
    """Whatever is wrong with one, the other answers."""
    judge.fail(status, times=None, provider="openai")
    async with before(judge, OPENAI, MISTRAL) as it:
        answers = await asked(it, 4, stream=stream)
    assert [answer.whole for answer in answers] == [True] * 4


async def test_an_outage_is_no_storm(judge):
    """Everything fails for good: no question is asked over and over."""
    judge.fail(503, times=None, retry_after=SOON)
    router = RouterSettings(num_retries=3, breaker=BreakerSettings(open=0.5))
    async with before(judge, OPENAI, MISTRAL, router=router) as it:
        answers = await asked(it, 8)
    assert all(answer.failed for answer in answers)


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("fault", ["truncate", "disconnect", "corrupt"])
async def test_a_stream_that_breaks_before_its_first_word(judge, fault, after):
    """The role alone is no answer: a replica of the same model gives one."""
    getattr(judge, fault)(after_chunks=after)
    async with before(judge, OPENAI, OPENAI) as it:
        [answer] = await asked(it, stream=True)
    assert answer.whole


@pytest.mark.parametrize("after", [2, 4])
@pytest.mark.parametrize("fault", ["truncate", "disconnect"])
async def test_a_stream_that_breaks_off_later(judge, fault, after):
    """A replica of the same model says it again, and the caller gets the rest of it: the whole, once."""
    async with before(judge, OPENAI, OPENAI) as it:
        [plain] = await asked(it)
        getattr(judge, fault)(after_chunks=after)
        [answer] = await asked(it, stream=True)
    assert (answer.whole, answer.text) == (True, plain.text)


@pytest.mark.parametrize("after", [1, 3])
async def test_a_stream_that_stalls(judge, after):
    """A stall is another replica's question; the stalled one is left."""
    judge.stall(after_chunks=after, seconds=10)
    limits = RouterSettings(first_token_timeout=0.5, idle_timeout=0.5)
    async with before(judge, OPENAI, OPENAI, router=limits) as it:
        [answer] = await asked(it, stream=True)
    assert answer.whole


async def test_a_prompt_that_is_too_long(judge):
    """It is told, and not tried again."""
    judge.context_overflow(times=None)
    async with before(judge, OPENAI) as it:
        [answer] = await asked(it)
    assert (answer.status, answer.code) == (400, "context_length_exceeded")
