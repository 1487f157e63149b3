"""What is known of the models that are served, as lists tell it: by public name, and by deployment as LiteLLM does."""

from __future__ import annotations

from typing import Any

from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment
from pointsman.routing.topology import Topology

TRAITS = (("vision", "supports_vision"), ("tools", "supports_function_calling"))
"""What a deployment takes, and LiteLLM's words for it."""


def entry(name: str, topology: Topology) -> dict[str, Any]:
    """One of OpenAI's list. Of those who serve the name: the largest context and the longest answer that are known, and
    what anybody takes.
    """
    pool = topology.groups.get(name) or topology.named(name)
    contexts = [d.window for d in pool if d.window is not None]
    answers = [d.longest for d in pool if d.longest is not None]
    takes = {"vision": _anybody(pool, "vision"), "function_calling": _anybody(pool, "tools")}
    told = {
        "context_length": max(contexts, default=None),
        "max_completion_tokens": max(answers, default=None),
        "capabilities": {word: said for word, said in takes.items() if said is not None} or None,
    }
    usual = {"id": name, "object": "model", "created": 0, "owned_by": "pointsman"}
    return usual | {field: value for field, value in told.items() if value is not None}


def info(deployment: Deployment) -> dict[str, Any]:
    """One of LiteLLM's: what the configuration says of the model, and all that is known beyond it. ``sources`` tells
    whose word the rest is.
    """
    return {
        "model_name": deployment.model_name,
        "litellm_params": {"model": deployment.model, "custom_llm_provider": deployment.provider.kind},
        "model_info": {
            **deployment.info,
            "id": deployment.id,
            "max_input_tokens": deployment.window,
            "max_output_tokens": deployment.longest,
            "input_cost_per_token": deployment.input_cost,
            "output_cost_per_token": deployment.output_cost,
            "cache_read_input_token_cost": deployment.cached_cost,
            "cache_creation_input_token_cost": deployment.written_cost,
            "cache_creation_input_token_cost_above_1hr": deployment.written_hour_cost,
            **{word: takes(deployment, trait) for trait, word in TRAITS},
            "sources": _sources(deployment),
        },
    }


def takes(deployment: Deployment, trait: str) -> bool | None:
    """Whether it takes images or tools, by the first who says so."""
    said: bool | None = getattr(deployment, trait)
    listed: bool | None = getattr(deployment.listed, trait, None)
    return listed if said is None else said


def _anybody(pool: Pool, trait: str) -> bool | None:
    said = [takes(deployment, trait) for deployment in pool]
    return True if True in said else None if None in said or not said else False


def _sources(deployment: Deployment) -> dict[str, str]:
    """What is not the configuration's word: a list's, or a table's."""
    card = deployment.listed
    told = {} if deployment.price_source is None else {"prices": deployment.price_source}
    if card is None:
        return told
    if deployment.window_listed:
        told["max_input_tokens"] = card.source or deployment.lister
    if deployment.max_output is None and card.max_output is not None:
        told["max_output_tokens"] = deployment.lister
    for trait, word in TRAITS:
        if getattr(deployment, trait) is None and getattr(card, trait) is not None:
            told[word] = deployment.lister
    return told
