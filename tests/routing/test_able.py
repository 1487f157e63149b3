"""Who is known to give less than is asked for: others come first, and nobody is refused for it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import PointsmanError
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.model.deployment import Deployment
from pointsman.model.listing import Card, Listing
from pointsman.routing.candidates import Candidates, Look
from pointsman.routing.pipeline import Pipeline, Sight
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard
from support.deciding import asking, board, decide, down, open_at, pool, said

HERE, THERE = provider("here"), provider("there")
IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]
TOOLS = [{"type": "function", "function": {"name": "f"}}]


def body(**fields) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


def listing(card: Card) -> Listing:
    return Listing({"m": card})


def told(card: Card, *more: Deployment, **fields):
    """A decision between one at ``here``, of whose model that is listed, and one at ``there``, or others."""
    members = more or (deployment("a", at=HERE), deployment("b", at=THERE))
    pipeline = Pipeline(compile_topology(settings(*members), {HERE: listing(card)}))
    return pipeline.decide(asking(body=body(**fields)), board(), LoadedDice())


def test_who_may_answer_at_length_is_asked_for_long_answers():
    """By the configuration's word; the request that asks for no more than both give goes to either."""
    made = settings(deployment("a", max_output=100), deployment("b", max_output=4000), deployment("c"))
    assert pool(decide(made, body=body(max_tokens=100))) == ["a", "b", "c"]
    long = decide(made, body=body(max_completion_tokens=2000, max_tokens=1))
    assert pool(long) == ["b", "c"]
    assert said(long, "able") == "a: its answers have at most 100 tokens, and 2000 are asked for"
    assert pool(decide(made, body=body(max_output_tokens=5000))) == ["c"]
    assert pool(decide(made)) == ["a", "b", "c"]


@pytest.mark.parametrize("value", [0, -1, "many", None, 1.5, True])
def test_a_bound_that_makes_no_sense_is_the_upstreams_to_refuse(value):
    """Nobody is left out for it."""
    made = settings(deployment("a", max_output=1), deployment("b"))
    assert pool(decide(made, body=body(max_tokens=value))) == ["a", "b"]


def test_nobody_is_refused_for_asking_for_more_than_there_is():
    """LiteLLM looks at it neither, and servers give what they have; the trace says so."""
    made = settings(deployment("a", max_output=100))
    decision = decide(made, body=body(max_tokens=200))
    assert pool(decision) == ["a"]
    assert said(decision, "able") == (
        "asked all the same: a: its answers have at most 100 tokens, and 200 are asked for"
    )


@pytest.mark.parametrize(
    ("card", "fields", "why"),
    [
        (Card(vision=False), {"messages": IMAGE}, "a: here's list says that it takes no images"),
        (Card(tools=False), {"tools": TOOLS}, "a: here's list says that it takes no tools"),
        (
            Card(max_output=10),
            {"max_tokens": 11},
            "a: its answers have at most 10 (from here's list) tokens, and 11 are asked for",
        ),
    ],
)
def test_what_a_list_says_lets_others_come_first(card, fields, why):
    """Where it matters to the request, and where the configuration says nothing else."""
    decision = told(card, **fields)
    assert (pool(decision), said(decision, "able")) == (["b"], why)
    assert pool(told(card)) == ["a", "b"]
    own = deployment("a", at=HERE, vision=True, tools=True, max_output=1000)
    assert pool(told(card, own, deployment("b", at=THERE), **fields)) == ["a", "b"]
    assert pool(told(card, deployment("a", at=HERE), **fields)) == ["a"]


def test_who_rests_is_not_waited_for():
    """Only those count who could be asked now."""
    made = settings(deployment("a", max_output=10), deployment("b"))
    assert pool(decide(made, view=down(board(), made.deployments[1]), body=body(max_tokens=20))) == ["a"]


def test_an_open_deployment_is_known_by_the_name_that_it_is_bound_to():
    """Its provider's list has it."""
    topology = compile_topology(settings(open_at(HERE)), {HERE: Listing({"x": Card(max_output=5)})})
    (bound,) = topology.bound("here", "x")
    assert (topology.modest, bound.longest) == (True, 5)


def test_what_would_bring_it_in_is_told():
    """By what it lacks."""
    members = (deployment("a", at=HERE), deployment("b", at=THERE))
    for card, fields, change in (
        (Card(vision=False), {"messages": IMAGE}, "a request without images"),
        (Card(tools=False), {"tools": TOOLS}, "a request without tools"),
        (Card(max_output=10), {"max_tokens": 11}, "a request for at most 10 tokens"),
    ):
        topology, sights = compile_topology(settings(*members), {HERE: listing(card)}), list[Sight]()
        asked, view = request(body=body(**fields)), board()
        decision = Pipeline(topology).decide(asked, view, LoadedDice(), sights)
        row = Candidates(Look(asked, topology, view, sights, decision.steps, decision)).row("a")
        assert (row["excluded_by"], row["change"]) == ("able", change)


cards = st.builds(
    Card,
    size=st.sampled_from([None, 7.0]),
    context=st.sampled_from([None, 1, 100_000]),
    max_output=st.sampled_from([None, 1, 50]),
    vision=st.sampled_from([None, True, False]),
    tools=st.sampled_from([None, True, False]),
    input_cost=st.sampled_from([None, 0.0, 1e-6]),
    output_cost=st.sampled_from([None, 0.0, 1e-6]),
)
asks = st.fixed_dictionaries(
    {}, optional={"messages": st.just(IMAGE), "tools": st.just(TOOLS), "max_tokens": st.sampled_from([1, 20, 10**6])}
)
traits = st.fixed_dictionaries(
    {},
    optional={
        "vision": st.booleans(), "tools": st.booleans(), "max_output": st.integers(1, 60),
        "context": st.sampled_from([10, 1000]), "input_cost": st.just(1e-6),
    },
)  # fmt: skip


@given(st.lists(st.tuples(traits, cards), min_size=1, max_size=4), asks, st.integers(0, 3), st.integers(1, 2000))
def test_no_list_refuses_what_the_configuration_allows(members, asked, resting, tokens):
    """Who is chosen may change by what providers list; that somebody is does not."""
    places = [provider(f"p{number}") for number in range(len(members))]
    made = settings(*[deployment(f"d{n}", at=places[n], **own) for n, (own, _) in enumerate(members)])
    lists = {place: listing(card) for place, (_, card) in zip(places, members, strict=True)}
    view = down(Scoreboard(FakeClock(), LoadedDice([0.5])), *made.deployments[:resting])
    found = []
    for known in ({}, lists):
        pipeline = Pipeline(compile_topology(made, known))
        try:
            decision = pipeline.decide(request(body=body(**asked), tokens=tokens), view, LoadedDice())
        except PointsmanError as error:
            found.append(type(error))
        else:
            found.append(bool(pool(decision)))
    assert found[0] is found[1]
