"""What would bring a deployment in that a stage left out: one short sentence, to the caller or to who configures.

A table by stage. Says what holds now; a stage that is not in the table settles names, so a name is the answer.
"""

from __future__ import annotations

from collections.abc import Callable

from pointsman.config.settings import MetadataRule
from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing import features
from pointsman.routing.conditions import Facts, compiled
from pointsman.routing.needs import Wants, beyond, too_long, unfit
from pointsman.routing.tagging import DEFAULT
from pointsman.routing.topology import Topology
from pointsman.routing.wording import unworded

BETTER: dict[str, str] = {
    "home": "a session that it served before, or more room at it",
    "distance": "a prompt that begins otherwise, or fewer requests at the others",
    "share": "another draw; a higher weight makes it likelier",
    "turn": "its turn, which comes next or soon",
    "dollars": "a lower price",
    "capacity": "more of its context, limits or places free",
    "usage": "fewer requests and tokens of this minute at it",
    "score": "quicker or cheaper answers and fewer failures",
    "first_token": "a shorter time to its first token",
    "per_token": "less time a token",
    "latency": "quicker answers",
    "load": "fewer requests in flight",
    "in_flight": "fewer requests in flight",
    "samples": "results: it has none yet",
}
"""What would have made a strategy pick a member, by the figure that it looks at; the first that it has counts."""

UNKNOWN = "figures for the strategy to go by: it knows none of it"


class Asker:
    """Who asks, of whom, and when: what an advice goes by."""

    def __init__(self, request: Request, view: View, topology: Topology) -> None:
        self.request = request
        self.view = view
        self.topology = topology
        asked = topology.aliased(request.model)
        self._own = frozenset([d.id for d in topology.serving(asked)]) if asked is not None else frozenset()

    def serves(self, deployment: Deployment) -> bool:
        """Is it one of those that are configured for the name asked for?"""
        return deployment.id in self._own

    def met(self) -> MetadataRule | None:
        """The rule that the request meets."""
        facts = Facts(self.request, self.topology, self.view)
        return next((rule for rule in self.topology.metadata if compiled(rule.condition)(facts)), None)


def advice(deployment: Deployment, stage: str, asker: Asker) -> str:
    """What would change that ``stage`` left it out."""
    return ADVICE.get(stage, by_name)(deployment, asker)


def by_name(deployment: Deployment, asker: Asker) -> str:
    """How requests come to it: by its public name; an open one by a rule for its provider."""
    if deployment.model is not None:
        return f"name model {deployment.model_name!r}"
    place, topology = deployment.provider.name, asker.topology
    exact = next((rule.name for rule in topology.exact.values() if rule.provider == place), None)
    if exact is not None:
        return f"name model {exact!r}"
    pattern = next((rule.pattern for rule in topology.patterns.rules if rule.provider == place), None)
    if pattern is not None:
        return f"name a model that {pattern!r} matches"
    if topology.default_provider == place:
        return "name a model that no rule knows"
    return f"a rule that leads to provider {place!r}"


def _by_tag(deployment: Deployment, asker: Asker) -> str:
    if not asker.serves(deployment):
        return by_name(deployment, asker)
    own = [tag for tag in deployment.tags if tag != DEFAULT]
    return f"send tag {(asker.topology.tags.prefix or '') + own[0]!r}" if own else "send no tags"


def _by_rule(deployment: Deployment, asker: Asker) -> str:
    met = asker.met()
    if met is None or not asker.serves(deployment):
        return by_name(deployment, asker)
    return f"a request that rule {met.name!r} does not apply to ({met.condition.text})"


def _by_capability(deployment: Deployment, asker: Asker) -> str:
    return f"leave X-Capability out and {by_name(deployment, asker)}"


def _by_content(deployment: Deployment, asker: Asker) -> str:
    topology, name = asker.topology, deployment.model_name
    tasks = topology.tasks.tasks if topology.tasks is not None else ()
    task = next((task.name for task in tasks if task.model == name), None)
    categories = topology.semantic.categories if topology.semantic is not None else ()
    category = next((one.name for one in categories if one.model == name), None)
    ways = [f"send X-Task: {task}"] if task is not None else []
    ways += [f"a text more like category {category!r}"] if category is not None else []
    return " or ".join([*ways, by_name(deployment, asker)])


def _by_need(deployment: Deployment, asker: Asker) -> str:
    if too_long(deployment, asker.request):
        return f"a request of at most {deployment.context} tokens"
    blind = deployment.vision is False and features.has_images(asker.request)
    return "a request without images" if blind else "a request without tools"


def _by_params(deployment: Deployment, asker: Asker) -> str:
    return f"a request without {', '.join(unworded(deployment, asker.request))}"


def _by_room(deployment: Deployment, asker: Asker) -> str:
    tokens = asker.request.tokens
    if not deployment.could_take(tokens):
        return f"a request of at most {deployment.tpm} tokens, or a higher tpm"
    wait = asker.view.wait(deployment, tokens)
    return f"in {wait:.1f} s, or higher limits" if wait > 0 else "when a request there ends, or higher limits"


def _by_health(deployment: Deployment, asker: Asker) -> str:
    wait, word = asker.view.wait(deployment), asker.view.fitness(deployment) or ""
    if not word.startswith("breaker"):
        return f"in {wait:.1f} s, when its rest is over"
    return f"when its breaker lets a request try it, in {wait:.1f} s" if wait > 0 else "when its probe has succeeded"


def _by_ability(deployment: Deployment, asker: Asker) -> str:
    wants, longest = Wants(asker.request), deployment.longest
    if longest is not None and wants.length is not None and wants.length > longest:
        return f"a request for at most {longest} tokens"
    blind = "vision" in deployment.lacking and wants.images
    return "a request without images" if blind else "a request without tools"


def _by_warmth(_deployment: Deployment, _asker: Asker) -> str:
    return "once its model is loaded"


def _by_order(_deployment: Deployment, _asker: Asker) -> str:
    return "a lower order"


def _by_present(deployment: Deployment, asker: Asker) -> str:
    """For members of fallback groups, who are left out for what they can't do now."""
    if deployment.picky and beyond(deployment, asker.request) is not None:
        return _by_need(deployment, asker)
    if unfit(deployment, asker.request) is not None:
        return _by_params(deployment, asker)
    if asker.view.fitness(deployment) is not None:
        return _by_health(deployment, asker)
    if asker.view.room(deployment, asker.request.tokens) is not None:
        return _by_room(deployment, asker)
    return by_name(deployment, asker)


ADVICE: dict[str, Callable[[Deployment, Asker], str]] = {
    "tag": _by_tag,
    "metadata": _by_rule,
    "capability": _by_capability,
    "task": _by_content,
    "semantic": _by_content,
    "order": _by_order,
    "requirements": _by_need,
    "params": _by_params,
    "limits": _by_room,
    "health": _by_health,
    "able": _by_ability,
    "warm": _by_warmth,
    "fallback": _by_present,
    "need": _by_present,
}
