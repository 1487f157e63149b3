"""What the pages say of resources is so."""

from __future__ import annotations

from docs.pages import page, section
from pointsman.library.instances import EndpointInstance, ProcessInstance
from pointsman.library.monitor import Usage
from pointsman.library.monitor.monitor import ROUNDS
from pointsman.routing.strategies.least_utilization import NEAR

RESOURCES = section(page("docs/concepts/task-router.md"), "## Resources")
UTILIZATION = section(page("docs/concepts/strategies.md"), "## Utilization")


def test_the_figures_are_those_of_the_code():
    """How near is equal, how long a reading holds, what there is to read."""
    assert f"those within {NEAR} of the lowest are equals" in UTILIZATION
    assert f"A reading holds for {ROUNDS} intervals" in RESOURCES
    for field in Usage.__struct_fields__[:-1]:
        assert f"`{field}`" in RESOURCES


def test_instances_tell_of_themselves_as_is_said():
    """A program by its number, an endpoint by its address."""
    assert ProcessInstance("cat").pid is None
    assert EndpointInstance("http://127.0.0.1:11434", "m").local
    assert not EndpointInstance("http://box:11434", "m").local
