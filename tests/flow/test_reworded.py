"""Fields that there are no words for: asked of who has them, dropped where that is wanted, else refused by name."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.errors import InvalidBody
from pointsman.flow.explain import NOTHING_MORE, explain
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Native, Request

HI = b'[{"role":"user","content":"hi"}]'
SAID = {
    "anthropic": b'{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}',
    "ollama": b'{"message":{"role":"assistant","content":"hi"},"done":true,"done_reason":"stop"}',
}
PICTURE = b'[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a.example/b.png"}}]}]'


def raw(**fields: bytes) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(value) for name, value in fields.items()}


def sent(house) -> list[dict]:
    return [msgspec.json.decode(call.request.body) for call in house.world.calls]


def said(trip) -> list[str]:
    return [step.reason for step in trip.decision.steps if step.stage == "params"]


@pytest.fixture
def over(kit):
    """A house of such members; whoever is asked answers in its own words."""

    def made(*members, **more):
        said = {member.provider.name: SAID.get(member.provider.kind, kit.OK) for member in members}
        return kit.House(kit.World({name: [Answered(200, {}, body)] for name, body in said.items()}), *members, **more)

    return made


def test_who_has_words_for_it_is_asked(kit, over):
    """Whatever the draw; nothing is dropped though it might be."""
    house = over(kit.place("a", kind="anthropic", drop_params=True), kit.place("b"), draws=(0.0,))
    trip = house.serve(body=raw(messages=HI, seed=b"5"))
    assert (house.world.asked, sent(house)[0]["seed"]) == (["b"], 5)
    assert (said(trip), trip.dropped) == (["a: anthropic would drop seed"], {})
    assert house.serve(body=raw(messages=HI)).decision.choice.id == "a"


def test_what_nobody_has_words_for_is_refused_by_name(kit, over):
    """Before anybody is asked."""
    house = over(kit.place("a", kind="anthropic"), kit.place("b", kind="ollama"))
    with pytest.raises(InvalidBody) as caught:
        house.serve(body=raw(messages=HI, n=b"2", logprobs=b"true"))
    error = caught.value
    assert error.param == "n"
    assert error.message == (
        "the request is beyond everybody who serves 'm': a: anthropic has no words for n, logprobs; "
        "b: ollama has no words for n, logprobs; drop_params leaves such fields out"
    )
    assert error.steps[-2].reason == (
        "a: anthropic has no words for n, logprobs; b: ollama has no words for n, logprobs"
    )
    assert house.world.asked == []


@pytest.mark.parametrize(
    ("configured", "wished", "dropped"),
    [(True, None, True), (None, True, True), (False, True, True), (True, False, False), (None, None, False)],
)
def test_it_is_dropped_where_that_is_wanted(kit, over, configured, wished, dropped):
    """The caller's word counts before the configuration's."""
    house = over(kit.place("a", kind="anthropic", drop_params=configured))
    asked = {"body": raw(messages=HI, seed=b"5", top_logprobs=b"2", temperature=b"0.5"), "drop_params": wished}
    if not dropped:
        with pytest.raises(InvalidBody):
            house.serve(**asked)
        return
    trip = house.serve(**asked)
    assert trip.error is None
    assert said(trip) == ["dropped seed, top_logprobs: anthropic has no words for them"]
    assert trip.decision.unsent == ("seed", "top_logprobs")
    assert trip.dropped == {"a": ("seed", "top_logprobs")}
    assert sent(house)[0].keys() == {"model", "max_tokens", "messages", "temperature"}


def test_who_might_drop_it_is_asked_when_nobody_else_is_left(kit, over):
    """An answer without the field comes before none at all."""
    house = over(kit.place("a", kind="anthropic", drop_params=True), kit.place("b"), threshold=1)
    house.world.script["b"].appendleft(kit.refused(500))
    trip = house.serve(body=raw(messages=HI, seed=b"5"))
    assert (house.world.asked, trip.error) == (["b", "a"], None)
    assert said(trip)[-1] == "dropped seed: anthropic has no words for it"
    assert (trip.dropped, trip.decision.unsent) == ({"a": ("seed",)}, ())
    again = house.serve(body=raw(messages=HI, seed=b"5"))
    assert (again.decision.choice.id, again.dropped) == ("a", {"a": ("seed",)})


def test_a_fallback_group_is_turned_to_rather_than_refusing(kit, over):
    """It has words for it."""
    house = over(kit.place("a", kind="anthropic"), kit.place("b", "n"), fallbacks={"m": ("n",)})
    assert house.serve(body=raw(messages=HI, seed=b"5")).decision.choice.id == "b"


VALUES = [
    ("anthropic", "response_format", b'{"type":"json_object"}'),
    ("anthropic", "tool_choice", b'"perhaps"'),
    ("ollama", "reasoning_effort", b'"much"'),
]


@pytest.mark.parametrize(("kind", "field", "value"), VALUES)
def test_a_value_without_words_turns_to_somebody_else(kit, over, kind, field, value):
    """It shows when the request is written. That is no try, and nothing that would be held against anybody."""
    house = over(kit.place("a", kind=kind), kit.place("b"), draws=(0.0,))
    tools = b'[{"type":"function","function":{"name":"f"}}]'
    trip = house.serve(body=raw(messages=HI, tools=tools, **{field: value}), num_retries=0)
    first, second = trip.attempts
    assert (house.world.asked, trip.error, trip.answer is not None) == (["b"], None, True)
    assert (first.deployment, first.failure, second.failure) == ("a", FailureKind.INEXPRESSIBLE, None)
    assert said(trip) == [f"a can't be asked: {first.detail}"]
    assert house.board.fitness(house.settings.deployments[0]) is None


def test_a_value_without_words_is_dropped_with_its_field(kit, over):
    """At once, where that is wanted."""
    house = over(kit.place("a", kind="anthropic", drop_params=True))
    trip = house.serve(body=raw(messages=HI, response_format=b'{"type":"json_object"}', seed=b"1"))
    assert trip.dropped == {"a": ("seed", "response_format")}
    assert "output_config" not in sent(house)[0]


def test_what_is_asked_for_itself_is_never_dropped(kit, over):
    """A message without its picture is another question."""
    house = over(kit.place("a", kind="ollama", drop_params=True), kit.place("b", kind="ollama", drop_params=True))
    trip = house.serve(body=raw(messages=PICTURE))
    assert (house.world.asked, trip.error.status, trip.error.param) == ([], 400, "messages")
    assert [attempt.failure for attempt in trip.attempts] == [FailureKind.INEXPRESSIBLE] * 2
    assert not trip.error.message.endswith("leaves such fields out")


def test_a_failure_elsewhere_is_the_cause_that_is_told(kit, over):
    """Not that another one could not be asked."""
    house = over(kit.place("a", kind="ollama"), kit.place("b"), draws=(0.0,))
    house.world.script["b"].clear()
    house.world.script["b"].append(kit.refused(500))
    trip = house.serve(body=raw(messages=PICTURE), num_retries=0)
    assert (trip.error.status, trip.error.code) == (502, "upstream_error")


@pytest.mark.parametrize("kind", ["openai", "anthropic", "ollama"])
def test_some_fields_are_never_sent_to_a_deployment(kit, over, kind):
    """Neither the caller's nor its own; that is told if the caller says one."""
    never = ("temperature", "seed", "n")
    house = over(kit.place("a", kind=kind, additional_drop_params=never, params={"temperature": 1}))
    trip = house.serve(body=raw(messages=HI, temperature=b"0.5", seed=b"5"))
    [body] = sent(house)
    assert {"temperature", "seed"}.isdisjoint({**body, **body.get("options", {})})
    assert said(trip) == ["a is never sent temperature, seed"]
    assert trip.dropped == {"a": ("temperature", "seed")}


def test_a_deployments_own_parameter_without_words_is_dropped_too(kit, over):
    """If it is to drop such."""
    house = over(kit.place("a", kind="anthropic", drop_params=True, params={"num_ctx": 2048}))
    trip = house.serve(body=raw(messages=HI))
    assert (trip.error, trip.dropped) == (None, {"a": ("num_ctx",)})


def test_a_stream_reads_as_many_choices_as_are_asked_for_then(kit, over):
    """Without its field there is one."""
    house = over(kit.place("a", additional_drop_params=("n",)))
    house.serve(body=raw(messages=HI, n=b"2"), stream=True)
    [call] = house.world.calls
    call.reader.feed(b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n')
    assert call.reader.ending


LOST = Native("anthropic", raw(messages=HI, mcp_servers=b"[{}]", seed=b"1"), {"mcp_servers": ""})


def test_words_that_only_their_own_protocol_has(kit, over):
    """Go to who speaks it; else they are dropped or refused like any other."""
    asked = {"body": raw(messages=HI, max_tokens=b"5"), "native": LOST}
    both = over(kit.place("a"), kit.place("b", kind="anthropic"), draws=(0.0,))
    assert both.serve(**asked).decision.choice.id == "b"
    assert sent(both)[0].keys() == {"model", "messages", "mcp_servers", "seed"}
    trip = over(kit.place("a")).serve(**asked)
    assert (trip.error.param, trip.error.status) == ("mcp_servers", 400)
    trip = over(kit.place("a", drop_params=True)).serve(**asked)
    assert (trip.error, trip.dropped) == (None, {"a": ("mcp_servers",)})
    house = over(kit.place("b", kind="anthropic", additional_drop_params=("seed",)))
    house.serve(**asked)
    assert sent(house)[0].keys() == {"model", "messages", "mcp_servers"}


def test_what_a_caller_says_without_words_takes_nothing_of_the_deployments_away(kit, over):
    """Not by another protocol's words, nor by a value that can't be said."""
    house = over(kit.place("a", drop_params=True, params={"mcp_servers": ["own"]}))
    house.serve(body=raw(messages=HI, max_tokens=b"5"), native=LOST)
    assert sent(house)[0]["mcp_servers"] == ["own"]
    house = over(kit.place("a", kind="anthropic", drop_params=True, params={"reasoning_effort": "none"}))
    trip = house.serve(body=raw(messages=HI, max_tokens=b"5", reasoning_effort=b'"much"'))
    assert sent(house)[0]["thinking"] == {"type": "disabled"}
    assert trip.dropped == {"a": ("reasoning_effort",)}


def account(house, **asked):
    return next(_end(explain(Request("chat", "m", **asked), house.core, NOTHING_MORE)))


def _end(flow):
    try:
        next(flow)
    except StopIteration as end:
        yield end.value


def test_a_dry_run_tells_what_would_be_dropped(kit, over):
    """By the very code that drops it."""
    house = over(kit.place("a", kind="anthropic", drop_params=True))
    asked = {"body": raw(messages=HI, seed=b"5", response_format=b'{"type":"json_object"}')}
    told = account(house, **asked).decision
    assert told.steps == house.serve(**asked).decision.steps
    assert told.unsent == ("seed", "response_format")


def test_a_dry_run_tells_who_can_t_be_asked(kit, over):
    """As an attempt would find out."""
    house = over(kit.place("a", kind="ollama"))
    told = account(house, body=raw(messages=PICTURE)).decision
    assert told.steps[-1].reason.startswith("a can't be asked: messages: this provider takes images as base64 data")
