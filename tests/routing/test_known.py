"""What is known of a deployment beyond its configuration: who says so, what counts first, and to whom it applies."""

from __future__ import annotations

from datetime import date

import pytest

from pointsman.config.settings import RouterSettings, Strategies
from pointsman.fakes import FakeView, LoadedDice, deployment, provider, request, settings
from pointsman.model.listing import Card, Listing
from pointsman.model.prices import Price, PriceList, PriceTable
from pointsman.routing.strategies.lowest_cost import LowestCost
from pointsman.routing.topology import compile_topology

ROW = Price(2.0, 8.0, 0.5, up_to=100_000, context=128_000, vision=False, tools=True)
SHIPPED = PriceTable({"api.openai.com": PriceList(date(2026, 10, 1), {"gpt": ROW, "other": Price(1.0)})})
OWN = PriceTable({"api.openai.com": PriceList(date(2026, 11, 1), {"gpt": Price(1.0)})})
PUBLIC = provider("openai", base_url="https://api.openai.com")
TOLD = "table of 2026-10-01"


def known(at=PUBLIC, tables=(SHIPPED,), lists=None, router=None, **more):
    made = settings(deployment("a", "gpt", at, **more), prices=tables, router=router or RouterSettings())
    return compile_topology(made, lists or {}).deployments[0]


def charges(found) -> tuple:
    return found.input_cost, found.output_cost, found.cached_cost, found.price_up_to, found.price_source


NOTHING = (None, None, None, None, None)


def test_a_table_tells_what_a_public_service_charges():
    """In dollars a token, with its day; and what the model takes."""
    found = known()
    assert charges(found) == (2e-6, 8e-6, 0.5e-6, 100_000, TOLD)
    assert (found.vision, found.tools, found.window, found.window_told) == (
        False,
        True,
        128_000,
        f"128000 (from {TOLD})",
    )


@pytest.mark.parametrize(
    "at",
    [
        provider("mine", base_url="http://127.0.0.1:8000"),
        provider("proxy", base_url="https://gateway.example/api.openai.com"),
        provider("port", base_url="https://api.openai.com:8443"),
        provider("lookalike", base_url="https://api.openai.com.example"),
        provider("vllm", kind="vllm", base_url="https://api.openai.com"),
        provider("ollama", kind="ollama", base_url="https://api.openai.com"),
        provider("native", kind="llama_cpp_native", base_url="https://api.openai.com"),
        provider("python", kind="llama_cpp_python", base_url="https://api.openai.com"),
    ],
    ids=lambda at: at.name,
)
def test_a_server_at_any_other_address_is_not_billed(at):
    """Nor one of those that people run themselves, wherever it is."""
    found = known(at)
    assert charges(found) == NOTHING
    assert (found.vision, found.window) == (None, None)


def test_the_configuration_says_all_prices_or_none():
    """A table never adds to one that is configured, but for the cache's alone. One that is not given is nothing."""
    assert charges(known(input_cost=0.5)) == (0.5, 0.0, None, None, None)
    assert charges(known(output_cost=1.0)) == (0.0, 1.0, None, None, None)
    assert charges(known(cached_cost=0.0)) == (2e-6, 8e-6, 0.0, 100_000, TOLD)


def test_what_the_configuration_says_a_model_takes_counts():
    """A table does not overrule it."""
    found = known(vision=True, tools=False, context=10)
    assert (found.vision, found.tools, found.window, found.window_told) == (True, False, 10, "10")


def test_the_first_table_that_has_the_model_counts():
    """All of its row, and nothing of another."""
    assert charges(known(tables=(OWN, SHIPPED))) == (1e-6, 0.0, None, None, "table of 2026-11-01")
    assert charges(known(tables=(OWN, SHIPPED), model="other"))[0::4] == (1e-6, TOLD)


@pytest.mark.parametrize(("checks", "binding"), [(False, None), (True, 128_000)])
def test_a_tables_context_binds_only_where_lists_do(checks, binding):
    """With ``enable_pre_call_checks``."""
    assert known(router=RouterSettings(pre_call_checks=checks)).context == binding


@pytest.mark.parametrize(
    ("card", "window"), [(Card(context=64_000), "64000 (from openai's list)"), (Card(7.0), f"128000 (from {TOLD})")]
)
def test_the_providers_own_list_counts_before_a_table(card, window):
    """Where it tells a context."""
    found = known(lists={PUBLIC: Listing({"gpt": card})})
    assert found.window_told == window
    assert found.listed.size == card.size


LISTED = Card(input_cost=1e-7, output_cost=4e-7, cached_cost=5e-8, written_cost=2e-7, vision=True, tools=False)


def test_the_providers_own_prices_count_before_a_table_and_after_the_configuration():
    """All of one of them, and whose word it is."""
    lists = {PUBLIC: Listing({"gpt": LISTED})}
    found = known(lists=lists)
    assert charges(found) == (1e-7, 4e-7, 5e-8, None, "openai's list")
    assert (found.written_cost, found.written_hour_cost) == (2e-7, None)
    assert charges(known(lists=lists, input_cost=0.5)) == (0.5, 0.0, None, None, None)
    assert charges(known(lists=lists, cached_cost=0.0, written_cost=0.1))[2:] == (0.0, None, "openai's list")
    assert known(lists=lists, written_cost=0.1).written_cost == 0.1
    assert charges(known(tables=(OWN, SHIPPED), lists=lists))[-1] == "table of 2026-11-01"
    own = provider("mine", kind="vllm", base_url="http://127.0.0.1:1")
    assert charges(known(own, lists={own: Listing({"gpt": LISTED})}))[-1] == "mine's list"


def test_what_a_list_says_a_model_takes_counts_before_a_table():
    """It binds nobody; where it says nothing the table does."""
    found = known(lists={PUBLIC: Listing({"gpt": LISTED})})
    assert (found.vision, found.tools, found.lacking) == (None, None, {"tools"})
    found = known(lists={PUBLIC: Listing({"gpt": Card(vision=True)})})
    assert (found.vision, found.tools, found.lacking) == (None, True, frozenset())


def test_a_list_that_tells_no_prices_leaves_the_tables():
    """And a table's context beside what else is listed."""
    found = known(lists={PUBLIC: Listing({"gpt": Card(7.0, max_output=100)})})
    assert charges(found)[-1] == TOLD
    assert (found.window_told, found.longest, found.longest_told) == (
        f"128000 (from {TOLD})",
        100,
        "100 (from openai's list)",
    )


@pytest.mark.parametrize(
    ("kind", "params", "window"),
    [
        ("ollama", {"num_ctx": 32_768}, "32768 (from its num_ctx)"),
        ("ollama", {"options": {"num_ctx": 32_768}}, "32768 (from its num_ctx)"),
        ("ollama", {"num_ctx": "wide", "options": None}, "4096 (from box's list)"),
        ("ollama", {"num_ctx": True}, "4096 (from box's list)"),
        ("vllm", {"num_ctx": 32_768}, "4096 (from box's list)"),
    ],
)
def test_a_context_that_its_requests_ask_for_counts_before_a_listed_one(kind, params, window):
    """Ollama runs a model with the context that it is asked for."""
    box = provider("box", kind)
    lists = {box: Listing({"gpt": Card(7.0, 4096, tools=False)})}
    found = known(box, lists=lists, params=params)
    assert (found.window_told, found.lacking) == (window, {"tools"})
    bound = known(box, lists=lists, params=params, router=RouterSettings(pre_call_checks=True))
    assert bound.context == found.window
    assert known(box, lists=lists, params=params, context=10).window == 10


def test_who_serves_any_name_is_charged_for_the_one_it_serves():
    """An open deployment has no price until it is bound to a name."""
    made = compile_topology(settings(deployment("openai", "*", PUBLIC, model=None), prices=(SHIPPED,)))
    assert charges(made.deployments[0]) == NOTHING
    (bound,) = made.bound("openai", "gpt")
    assert charges(bound)[-1] == TOLD
    (stranger,) = made.bound("openai", "stranger")
    assert charges(stranger) == NOTHING


def test_a_pick_by_price_names_the_table():
    """So that whoever wonders knows how old it is."""
    pool = (known(), deployment("b", "gpt"))
    _, step = LowestCost("gpt", pool, Strategies()).pick(request("gpt", tokens=1000), FakeView(), LoadedDice())
    assert step.reason == f"lowest-cost: a is expected to charge $0.004400; next: b has no price ({TOLD})"
