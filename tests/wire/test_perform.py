"""Effects that need no upstream, on both event loops."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest
import uvloop

from pointsman.flow.effects import Sleep
from pointsman.wire.perform import World


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_sleep_is_never_too_short(loop):
    """By the clock that rests are measured with, whoever slept so long has waited so long."""
    waits = [place / 1700 for place in range(1, 60)]
    slept = []

    async def sleep():
        world, woken = World(asyncio.get_running_loop()), asyncio.Event()

        def begin(seconds):
            begun = monotonic()

            def wake(_):
                slept.append((seconds, monotonic() - begun))
                if len(slept) == len(waits):
                    woken.set()

            world.perform(Sleep(seconds), wake)

        for seconds in waits:
            begin(seconds)
            await asyncio.sleep(0)
        await asyncio.wait_for(woken.wait(), 20)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(sleep())
    assert [pair for pair in slept if pair[1] < pair[0]] == []
