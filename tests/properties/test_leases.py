"""No lease leaks: whatever callers and upstreams do, the in-flight gauge comes back to zero."""

from __future__ import annotations

import asyncio

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from pointsman.config.settings import RouterSettings
from pointsman.testing import MockProvider
from support.fleet import over
from support.serving import gateway, post, read_reply

FAULTS = ("none", "status=500", "reset", "reset=2", "cut=2", "garbage", "hang", "hang_after=2", "error_frame=1")

visits = st.lists(
    st.tuples(st.booleans(), st.sampled_from(FAULTS), st.sampled_from(["stay", "leave at once", "leave later"])),
    min_size=1,
    max_size=6,
)


async def visit(port: int, stream: bool, leaving: str) -> None:
    body = {"model": "m", "stream": stream, "max_tokens": 4, "messages": [{"role": "user", "content": "hi"}]}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post("/v1/chat/completions", msgspec.json.encode(body)))
    try:
        if leaving == "stay":
            await asyncio.wait_for(read_reply(reader), 10)
        elif leaving == "leave later":
            await asyncio.wait({asyncio.ensure_future(reader.read(20))}, timeout=0.05)
    finally:
        writer.close()
        await asyncio.wait({asyncio.ensure_future(writer.wait_closed())}, timeout=1)


async def day(plan: list[tuple[bool, str, str]]) -> float:
    router = RouterSettings(num_retries=1, timeout=0.4, stream_timeout=0.2)
    async with MockProvider("openai", name="one") as one, MockProvider("vllm", name="two") as two:
        async with gateway(over(one, two, router=router)) as it:
            for stream, fault, leaving in plan:
                one.faults.set(*([] if fault == "none" else [fault]))
                two.faults.set(*([] if fault == "none" else [fault]))
                await visit(it.port, stream, leaving)
            board = it.runtime.board
            for _ in range(200):
                flying = [record.in_flight for record in board.records().values()]
                if not any(flying):
                    break
                await asyncio.wait({asyncio.ensure_future(asyncio.get_running_loop().create_future())}, timeout=0.01)
            return sum(flying) + sum(record.place.in_flight for record in board.records().values())


@how(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(visits)
def test_in_flight_returns_to_zero(plan):
    """After every caller has left or been answered nobody is counted as being served."""
    assert asyncio.run(day(plan)) == 0
