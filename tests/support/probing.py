"""Questions to simulated servers about themselves, through the real pool."""

from __future__ import annotations

import asyncio
from typing import Any

from pointsman.fakes import provider
from pointsman.flow.effects import Call, Reply
from pointsman.model.secret import Secret
from pointsman.providers.probe import answer, question
from pointsman.testing import MockProvider
from pointsman.wire.perform import World


async def probed(probes: dict[str, Any], mock: MockProvider, kind: str) -> Any:
    """What a simulated server says when it is asked as a server of this kind."""
    place = provider(mock.name, kind, mock.base_url, api_key=Secret("sk-hush"))
    world, reply = World(asyncio.get_running_loop()), asyncio.get_running_loop().create_future()
    asked = question(probes, place)
    assert asked is not None
    world.perform(Call(place, asked, 5.0, 5.0), reply.set_result)
    said: Reply = await asyncio.wait_for(reply, 10)
    world.close()
    return answer(probes, place, said)
