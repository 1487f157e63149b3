"""Hedging over the wire: the slow one is left at once, and nothing is left behind."""

from __future__ import annotations

import pytest

from pointsman.config.settings import HedgeSettings, RouterSettings, Strategies
from pointsman.fakes import settings
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import member
from support.serving import gateway, send

ROUTER = RouterSettings(hedge=HedgeSettings(0.05))


@pytest.mark.parametrize(
    ("hang", "stream"),
    [("hang=silent", False), ("hang=silent", True), ("hang=head", False), ("hang=head", True), ("keepalive=10", True)],
)
async def test_a_server_that_hangs_costs_the_delay_and_no_more(hang, stream):
    """The second one answers; the first one's request is closed, and both leases are back."""
    async with MockProvider("openai", name="slow", faults=[hang]) as slow, MockProvider("openai", name="good") as good:
        order = settings(
            member(slow, order=1), member(good, order=1), router=ROUTER, strategies=Strategies("round_robin")
        )
        async with gateway(order) as it:
            replies = [(await send(it.port, ask(stream)))[0] for _ in range(4)]
            for number in [entry.number for entry in slow.ledger.entries]:
                await slow.ledger.wait_for(lambda entry, number=number: entry.number == number and not entry.open)
            assert [record.in_flight for record in it.runtime.board.records().values()] == [0, 0]
            assert it.runtime.board.hedges.under_way == 0
    assert [(reply.status, reply.headers["x-pointsman-deployment"]) for reply in replies] == [(200, "m@good")] * 4
    assert slow.ledger.total > 0
    assert slow.ledger.cancelled == slow.ledger.total
