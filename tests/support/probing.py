"""Questions to simulated servers about themselves: asked through the real pool, and waited for."""

from __future__ import annotations

import asyncio
from typing import Any

from pointsman.fakes import provider
from pointsman.flow.effects import Call, Reply
from pointsman.mock import Entry
from pointsman.model.secret import Secret
from pointsman.providers.probe import answer, question
from pointsman.testing import MockProvider
from pointsman.wire.perform import World


async def probed(probes: dict[str, Any], mock: MockProvider, kind: str, root: str = "") -> Any:
    """What a simulated server says when it is asked as a server of this kind, below this path."""
    place = provider(mock.name, kind, mock.base_url + root, api_key=Secret("sk-hush"))
    world, reply = World(asyncio.get_running_loop()), asyncio.get_running_loop().create_future()
    asked = question(probes, place)
    assert asked is not None
    world.perform(Call(place, asked, 5.0, 5.0), reply.set_result)
    said: Reply = await asyncio.wait_for(reply, 10)
    world.close()
    return answer(probes, place, said)


async def asked_twice(mock: MockProvider, path: str) -> None:
    """Until a server has been asked twice from now: at the second question the first one's answer was heard."""
    seen: set[int] = set()

    def again(entry: Entry) -> bool:
        if entry.method == "GET" and entry.path == path:
            seen.add(entry.number)
        return len(seen) >= 2

    mock.ledger.clear()
    await mock.ledger.wait_for(again)
