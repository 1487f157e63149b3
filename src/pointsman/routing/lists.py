"""Providers' own lists of models: whose list a topology has a use for. Nobody else is asked for one."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.settings import Capability
from pointsman.model.condition import Condition, facts_of
from pointsman.model.deployment import Deployment, Provider
from pointsman.providers.cards import PRICES
from pointsman.routing.topology import Topology

SIZE = "model_size"
"""The fact that a list may tell."""


def lists_of_use(topology: Topology) -> tuple[Provider, ...]:
    """Everybody's where sizes or contexts decide anything; else those of providers that a capability leaves to it, and
    of those that tell prices where the configuration does not.
    """
    everybody = {deployment.provider.name: deployment.provider for deployment in topology.deployments}
    capabilities = topology.capabilities.values()
    if (
        topology.router.pre_call_checks
        or topology.sizes
        or any(wanted.bounded for wanted in capabilities)
        or any(SIZE in facts_of(condition.root) for condition in _conditions(topology))
    ):
        return tuple(everybody.values())
    left = {d.provider.name for d in topology.deployments if d.provider.kind in PRICES and not _billed(d)}
    left |= {place for wanted in capabilities for place in _left_to_its_list(wanted, topology)}
    return tuple(provider for name, provider in everybody.items() if name in left)


def _left_to_its_list(wanted: Capability, topology: Topology) -> Iterator[str]:
    """The capability's providers whose models nobody has named."""
    for place in wanted.providers if not wanted.models else ():
        if not topology.owned(place):
            yield place


def _billed(deployment: Deployment) -> bool:
    """Does the configuration say what it charges? A table's word and a list's have a source."""
    return deployment.input_cost is not None and deployment.price_source is None


def _conditions(topology: Topology) -> Iterator[Condition]:
    yield from (rule.condition for rule in topology.metadata)
    members = (member for chain in topology.chains.values() for member in chain.members)
    tasks = topology.tasks.tasks if topology.tasks is not None else ()
    found = (*(member.condition for member in members), *(task.when for task in tasks))
    yield from (condition for condition in found if condition is not None)
