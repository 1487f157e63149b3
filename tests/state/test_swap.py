"""A new configuration in place of the old: what is remembered stays, what is configured is new."""

from __future__ import annotations

import pytest

from pointsman.config.settings import RouterSettings, Strategies
from pointsman.errors import ConfigurationError, ModelNotFound
from pointsman.fakes import FakeClock, LoadedDice, deployment, request, settings
from pointsman.model.outcome import FailureKind
from pointsman.routing.strategies import STRATEGIES
from pointsman.runtime import Runtime

OLD = settings(deployment("a"), deployment("b"), router=RouterSettings(cooldown_time=5.0))


def failed(runtime: Runtime, which: str, kind: FailureKind = FailureKind.FORBIDDEN) -> None:
    board = runtime.board
    (member,) = [d for d in runtime.topology.deployments if d.id == which]
    lease = board.take(member)
    board.failed(lease, kind)
    board.give_back(lease)


def test_rules_of_the_new_configuration_hold_at_once():
    """The length of a rest, and how many failures are borne, for deployments that were there before."""
    runtime = Runtime(OLD, clock=FakeClock(), dice=LoadedDice())
    runtime.swap(settings(*OLD.deployments, router=RouterSettings(cooldown_time=50.0, allowed_fails=0)))
    failed(runtime, "a", FailureKind.SERVER_ERROR)
    assert runtime.board.wait(OLD.deployments[0]) == 50.0


def test_who_rests_goes_on_resting():
    """A swap is no way to forget that an upstream said to wait."""
    runtime = Runtime(OLD, clock=FakeClock(), dice=LoadedDice())
    failed(runtime, "a")
    runtime.swap(settings(deployment("a", rpm=5), deployment("b")))
    assert runtime.decide(request()).choice.id == "b"


def test_names_that_are_gone_are_not_served_any_more():
    """And the listeners count by the new names."""
    runtime = Runtime(OLD, clock=FakeClock(), dice=LoadedDice())
    told = []
    runtime.on_swap(told.append)
    runtime.swap(settings(deployment("c", "n")))
    with pytest.raises(ModelNotFound):
        runtime.decide(request("m"))
    assert (runtime.decide(request("n")).choice.id, runtime._tally.names) == ("c", {"n"})
    assert set(runtime.board.records()) == {"c"}
    assert told == [runtime.topology]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (settings(), "the new configuration has no deployments"),
        (
            settings(deployment("x"), strategies=Strategies("nonsense")),
            f"strategy 'nonsense' is not known; there are: {', '.join(STRATEGIES)}",
        ),
    ],
)
def test_what_is_unfit_changes_nothing(broken, reason):
    """The old configuration goes on serving, nobody is told of the new one, and the error says why."""
    runtime = Runtime(OLD, clock=FakeClock(), dice=LoadedDice())
    before, known, told = runtime.core, set(runtime.board.records()), []
    runtime.on_swap(told.append)
    with pytest.raises(ConfigurationError) as caught:
        runtime.swap(broken)
    assert str(caught.value) == reason
    assert (runtime.core, set(runtime.board.records()), told) == (before, known, [])
    assert runtime.decide(request()).choice.id in ("a", "b")


def test_ids_differ():
    """24 hexadecimal digits, never the same twice."""
    runtime = Runtime(OLD)
    ids = {runtime.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 24 and int(one, 16) >= 0 for one in ids)
