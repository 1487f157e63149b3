"""The sections of the routing configuration together: rules, capabilities, chains, sizes, shares, rests."""

from __future__ import annotations

from typing import Any

from pointsman.config.rules import Rules
from pointsman.config.schema import Document
from pointsman.config.sections.balancing import check_args, read_strategies
from pointsman.config.sections.capabilities import read_capabilities
from pointsman.config.sections.chains import read_chains
from pointsman.config.sections.context import Context
from pointsman.config.sections.metadata import read_metadata
from pointsman.config.sections.redundant import by_weight, read_redundant
from pointsman.config.sections.rest import check_metrics, read_rest, read_warm, read_watch
from pointsman.config.sections.sizes import read_sizes


def read_routes(document: Document, context: Context) -> dict[str, Any]:
    """Fields of Settings."""
    report, general = context.report, document.general_settings
    rules = Rules(document, context)
    check_metrics(document.routing_metrics, report)
    router, blocks = document.router_settings, (document.load_balancing, document.strategies)
    strategies = read_strategies(router.routing_strategy, blocks, router.routing_strategy_args, context)
    routes: dict[str, Any] = {
        "default_provider": rules.default_provider,
        "exact": rules.exact,
        "patterns": rules.patterns,
        "metadata": read_metadata(document.request_metadata_routing, context),
        "capabilities": read_capabilities(document.capabilities, context),
        "sizes": read_sizes(document.model_size_routing, context),
        "redundant": read_redundant(document.redundant_models, context),
        "chains": read_chains(document.fallback_chains, context),
        "strategies": by_weight(document.redundant_models, strategies, report),
        "warm": read_warm(document.first_request_routing, report),
        "watch": read_watch(general.background_health_checks, general.health_check_interval),
        "rest": read_rest(document.rate_limited_fallback, document.error_based_routing),
    }
    own = [wanted.strategy for wanted in routes["capabilities"].values() if wanted.strategy is not None]
    check_args(router.routing_strategy_args, {strategies.default, *strategies.groups.values(), *own}, report)
    return routes
