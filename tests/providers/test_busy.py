"""How many requests a server says that it has: what is read of its metrics, and what is not."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.kinds import TELL_LOAD
from pointsman.fakes import provider
from pointsman.model.exchange import Answered
from pointsman.providers.busy import BUSY, MOST
from pointsman.providers.probe import answer, question
from pointsman.testing import MockProvider
from support.probing import probed
from support.serving import post

VLLM = b"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="org/a} 9"} 3.0
vllm:num_requests_running{engine="1",model_name="org/a} 9"} 2.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="org/a} 9"} 4.0 1700000000000
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 100.0
vllm:num_requests_running_total 100.0
"""
LLAMA = b"llamacpp:requests_processing 4\nllamacpp:requests_deferred 1\n"


def said(kind: str, body: bytes, status: int = 200) -> int | None:
    return answer(BUSY, provider(kind=kind), Answered(status, {}, body))


def test_those_at_work_and_those_that_wait_are_added_up():
    """Over all engines; labels may hold anything, and metrics of longer names are others."""
    assert said("vllm", VLLM) == 9
    assert said("llama_cpp_native", LLAMA) == 5


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (501, LLAMA),
        (200, b"llamacpp:requests_processing 4\n"),
        (200, LLAMA.replace(b" 4", b" NaN")),
        (200, LLAMA.replace(b" 4", b" +Inf")),
        (200, LLAMA.replace(b" 4", b" -9")),
        (200, LLAMA.replace(b" 4", b" 1e30")),
        (200, LLAMA.replace(b" 4", b" four")),
        (200, LLAMA.replace(b" 4", b" ")),
    ],
)
def test_what_is_no_count_says_nothing(status, body):
    """An error, half of the figures, or none that can be believed. A server without ``--metrics`` answers 501."""
    assert said("llama_cpp_native", body, status) is None


@given(st.binary(max_size=80) | st.sampled_from([VLLM, LLAMA]))
@pytest.mark.parametrize("kind", sorted(BUSY))
def test_no_answer_is_too_strange(kind, body):
    """It is a count or nothing."""
    found = said(kind, body)
    assert found is None or 0 <= found <= MOST


def test_the_kinds_are_those_that_a_configuration_may_watch():
    """And are asked at the server's root, not below /v1."""
    assert sorted(BUSY) == sorted(TELL_LOAD)
    assert {question(BUSY, provider(kind=kind)).path for kind in BUSY} == {"/metrics"}


@pytest.mark.parametrize(("mock", "kind"), [("vllm", "vllm"), ("llama-cpp", "llama_cpp_native")])
async def test_a_simulated_server_counts_whoever_asks(mock, kind):
    """None at first; then the requests that hang, also those that find no free slot."""
    async with MockProvider(mock) as at:
        assert await probed(BUSY, at, kind) == 0
        at.faults.set("hang")
        body = msgspec.json.encode({"model": at.models[0], "messages": [{"role": "user", "content": "hi"}]})
        writers = []
        for number in range(6):
            _, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writers.append(writer)
            writer.write(post("/v1/chat/completions", body))
            await at.ledger.wait_for(lambda entry, number=number: entry.number == number + 2)
        assert await probed(BUSY, at, kind) == 6
        for writer in writers:
            writer.close()
