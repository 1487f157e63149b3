"""Health checks of a running gateway: an outage is known before a request meets it, and so is its end."""

from __future__ import annotations

from pointsman.fakes import settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.rest import HealthCheck
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import place
from support.held import until
from support.probing import asked_twice
from support.serving import gateway, send

OFTEN = HealthCheck(every=0.01)


async def test_nobody_is_sent_to_a_provider_that_went_away():
    """Not even the first five; and when it is back it is asked again without a request as a probe."""
    async with MockProvider("vllm", name="one") as one, MockProvider("openai", name="two") as two:
        checked = Provider("one", "vllm", one.base_url, check=OFTEN)
        first = Deployment("m@one", "m", checked, one.models[0])
        made = settings(first, Deployment("m@two", "m", place(two), two.models[0]))
        async with gateway(made) as it:
            board = it.runtime.board
            await asked_twice(one, "/health")
            await one.close()
            await until(lambda: board.fitness(first) is not None)
            replies = [(await send(it.port, ask()))[0] for _ in range(10)]
            failures = board.record(first).failures
            await one.start()
            await until(lambda: board.fitness(first) is None)
            asked = len(one.ledger.find(lambda entry: entry.method == "POST"))
    assert {(reply.status, reply.headers["x-pointsman-deployment"]) for reply in replies} == {(200, "m@two")}
    assert (failures, asked) == (0, 0)
