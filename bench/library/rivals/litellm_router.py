"""LiteLLM's Router: its synchronous pick, and what its callbacks do when an answer has come.

These callbacks are called here directly, without the machinery that calls them after a completion, which favours it.
Cost-based routing has no synchronous pick.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import litellm  # type: ignore[import-not-found]  # in an environment of its own
from litellm import ModelResponse, Router, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

logging.getLogger("LiteLLM Router").setLevel(logging.ERROR)
litellm.suppress_debug_info = True

VERSION = version("litellm")
HANDLERS = {
    "simple-shuffle": None,
    "least-busy": "leastbusy_logger",
    "latency-based-routing": "lowestlatency_logger",
    "usage-based-routing": "lowesttpm_logger",
    "usage-based-routing-v2": "lowesttpm_logger_v2",
}
STRATEGIES = tuple(HANDLERS)
GROUP, UPSTREAM = "m", "openai/served"
RESULTS = 10
"""As many as it keeps of each deployment."""

MESSAGES = [{"role": "user", "content": "implement a binary search over a sorted list of intervals"}]
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = tuple(BEGUN + timedelta(milliseconds=200 + at * 37 % 1_009) for at in range(1_009))


def router_of(strategy: str, models: int) -> Router:
    """Deployments of one group."""
    served = {"model": UPSTREAM, "api_key": "none", "api_base": "http://127.0.0.1:9/v1"}
    listed = [
        {"model_name": GROUP, "litellm_params": served, "model_info": {"id": f"m{number}"}} for number in range(models)
    ]
    return Router(model_list=listed, routing_strategy=strategy)


def told(name: str) -> dict[str, Any]:
    """What a callback is told of the completion."""
    return {
        "litellm_params": {"metadata": {"model_group": GROUP}, "model_info": {"id": name}},
        "standard_logging_object": {
            "model_group": GROUP,
            "hidden_params": {"litellm_model_name": UPSTREAM},
            "model_id": name,
            "total_tokens": 150,
        },
    }


def steps(strategy: str, models: int) -> tuple[Callable[[], str], Callable[[str], None]]:
    """A pick, and the callbacks of its result; every deployment has some results to begin with."""
    router = router_of(strategy, models)
    named = HANDLERS[strategy]
    handler: Any = None if named is None else getattr(router, named)
    begins = handler.log_pre_api_call if strategy == "least-busy" else None
    answer = ModelResponse(usage=Usage(prompt_tokens=100, completion_tokens=50, total_tokens=150))
    calls = {f"m{number}": told(f"m{number}") for number in range(models)}
    at = 0

    def route() -> str:
        picked = router.get_available_deployment(GROUP, messages=MESSAGES, request_kwargs={})
        name: str = picked["model_info"]["id"]
        if begins is not None:
            begins(UPSTREAM, MESSAGES, calls[name])
        return name

    def report(name: str) -> None:
        nonlocal at
        at = (at + 1) % len(ENDS)
        router.sync_deployment_callback_on_success(calls[name], answer, BEGUN, ENDS[at])
        if handler is not None:
            handler.log_success_event(calls[name], answer, BEGUN, ENDS[at])

    for name, call in calls.items():
        for _ in range(RESULTS):
            if begins is not None:
                begins(UPSTREAM, MESSAGES, call)
            report(name)
    return route, report
