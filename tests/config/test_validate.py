"""Wrong keys and wrong values, each with its exact place, what was expected, and a suggestion where one helps."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

ENTRY = "model_list:\n  - model_name: a\n    litellm_params:\n      model: ollama/x\n"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("modle_list: []\n", "1:1 error modle_list: unknown key `modle_list` (did you mean `model_list`?)"),
        ("num_retries: 3\n", "1:1 error num_retries: unknown key `num_retries` (it belongs in `router_settings`)"),
        ("qwertz: 1\n", "1:1 error qwertz: unknown key `qwertz`"),
        ("router_settings:\n  timout: 3\n", "2:3 error router_settings.timout: unknown key `timout` (did you mean `timeout`?)"),
        ("router_settings: [1]\n", "1:1 error router_settings: expected a mapping, got a list"),
        ("model_list: {a: 1}\n", "1:1 error model_list: expected a list, got a mapping"),
        ("model_list:\n  - 5\n", "2:5 error model_list[0]: expected a mapping, got a number"),
        ("providers: text\n", "1:1 error providers: expected a mapping, got text"),
        (ENTRY + "    rmp: 5\n", "5:5 error model_list[0].rmp: unknown key `rmp` (did you mean `rpm`?)"),
        (ENTRY + "    tags: [x]\n", "5:5 error model_list[0].tags: unknown key `tags` (it belongs in `litellm_params`)"),
        (ENTRY + "    rpm: fast\n", "5:5 error model_list[0].rpm: expected a whole number, got text"),
        (ENTRY + "    rpm: 1.5\n", "5:5 error model_list[0].rpm: expected a whole number, got a number"),
        (ENTRY + "    rpm: true\n", "5:5 error model_list[0].rpm: expected a number, got true or false"),
        (ENTRY + "    rpm: 0\n", "5:5 error model_list[0].rpm: must be greater than 0"),
        (ENTRY + "    weight: -1\n", "5:5 error model_list[0].weight: must be at least 0"),
        (ENTRY + "    weight: .nan\n", "5:5 error model_list[0].weight: expected a finite number of at most 64 bits"),
        ("router_settings: {hedge_after: p99}\n", "1:19 error router_settings.hedge_after: expected a number or 'p95', got text"),
        ("router_settings: {hedge_after: true}\n", "1:19 error router_settings.hedge_after: expected a number or 'p95', got true or false"),
        ("router_settings: {mid_stream: maybe}\n", "1:19 error router_settings.mid_stream: expected 'resume' or 'error', got text"),
        ("router_settings: {mid_stream: 5}\n", "1:19 error router_settings.mid_stream: expected 'resume' or 'error', got a number"),
        ("router_settings: {hedge_after: 0}\n", "1:19 error router_settings.hedge_after: must be greater than 0"),
        (ENTRY + "      timeout: .inf\n", "5:7 error model_list[0].litellm_params.timeout: expected a finite number of at most 64 bits"),
        (ENTRY + "      timeout: 0\n", "5:7 error model_list[0].litellm_params.timeout: must be greater than 0"),
        (ENTRY + "      timeout: {}\n", "5:7 error model_list[0].litellm_params.timeout: expected a number, got a mapping"),
        (ENTRY + "      tags: retrieval\n", "5:7 error model_list[0].litellm_params.tags: expected a list, got text"),
        (ENTRY + "      api_key: 12345\n", "5:7 error model_list[0].litellm_params.api_key: expected text, got a number (put it in quotes)"),
        ("model_list:\n  - model_name: a\n", "2:5 error model_list[0].litellm_params: is required"),
        ("model_list:\n  - litellm_params: {model: ollama/x}\n", "2:5 error model_list[0].model_name: is required"),
        ("model_list:\n  - {model_name: '', litellm_params: {model: ollama/x}}\n", "2:6 error model_list[0].model_name: must not be empty"),
        (
            'model_list:\n  - {model_name: "a\\nb", litellm_params: {model: ollama/x}}\n',
            "2:6 error model_list[0].model_name: expected text without control characters, got text",
        ),
        ("router_settings: {num_retries: 101}\n", "1:19 error router_settings.num_retries: must be at most 100"),
        ("router_settings: {debug_router: maybe}\n", "1:19 error router_settings.debug_router: expected true or false, got text"),
        ("debug: 7\n", "1:1 error debug: expected true or false, got a number"),
        ("default_provider: [a]\n", "1:1 error default_provider: expected text, got a list"),
        ("general_settings: {max_request_size_mb: 0}\n", "1:20 error general_settings.max_request_size_mb: must be greater than 0"),
        ("providers:\n  v: {type: vllm, kind: ollama}\n", "2:7 error providers.v.type: says something else than `kind` (keep one of the two)"),
        ("providers:\n  v: {type: vllm, api_base: 5}\n", "2:19 error providers.v.api_base: expected text, got a number (put it in quotes)"),
        ("patterns:\n  - provider: p\n", "2:5 error patterns[0].pattern: is required"),
        ("exact_matches: {m: {provder: p}}\n", "1:21 error exact_matches.m.provder: unknown key `provder` (did you mean `provider`?)"),
        ("exact_matches: {m: [p]}\n", "1:17 error exact_matches.m: expected text or a mapping, got a list"),
        ("exact_matches: {m: ''}\n", "1:17 error exact_matches.m: must not be empty"),
        ("exact_matches: {m: p}\n", "1:17 warning exact_matches.m: provider `p` is not defined here (add it to `providers`)"),
    ],
)  # fmt: skip
def test_a_wrong_key_or_value_is_told_with_its_place(told, text, finding):
    """Line, column and path are those of the key; the message says what was expected, never the value."""
    assert finding in told(text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (ENTRY + "      rmp: 5\n", "5:7 warning model_list[0].litellm_params.rmp: key `rmp` is not known and is carried to the provider as it is (did you mean `rpm`?)"),
        (ENTRY + "      wieght: 5\n", "5:7 warning model_list[0].litellm_params.wieght: key `wieght` is not known and is carried to the provider as it is (did you mean `weight`?)"),
        (ENTRY + "      api_bass: x\n", "5:7 warning model_list[0].litellm_params.api_bass: key `api_bass` is not known and is carried to the provider as it is (did you mean `api_base`?)"),
        (ENTRY + "      mock_timeout: true\n", "5:7 warning model_list[0].litellm_params.mock_timeout: known, but not acted on by this version"),
        (ENTRY + "      stream: true\n", "5:7 warning model_list[0].litellm_params.stream: is the caller's to say, and is left out"),
        (ENTRY + "  - {model_name: openai/*, litellm_params: {model: openai/*}}\n", "5:6 warning model_list[1].model_name: a wildcard: known, but not acted on by this version; the entry is left out (name the models one by one, or route them with `patterns`)"),
        ("mcp_servers: {}\n", "1:1 warning mcp_servers: known, but not acted on by this version"),
        ("router_settings: {search_tools: []}\n", "1:19 warning router_settings.search_tools: known, but not acted on by this version"),
        ("litellm_settings: {cache: true}\n", "1:20 warning litellm_settings.cache: known, but not acted on by this version"),
        ("general_settings: {database_url: x}\n", "1:20 warning general_settings.database_url: known, but not acted on by this version"),
        ("exact_matches: {m: {provider: p, priority: secondary}}\n", "1:34 warning exact_matches.m.priority: is not acted on: an exact match always comes first"),
        (
            "router_settings: {routing_strategy: provider-budget-routing}\n",
            "1:19 warning router_settings.routing_strategy: strategy `provider-budget-routing` is not in this version, simple-shuffle is used instead",
        ),
        ("router_settings: {enable_pre_call_checks: true}\n", "1:19 info router_settings.enable_pre_call_checks: configured context windows, limits and health are looked at before every call in any case; with it, also the context windows that providers list themselves"),
        ("router_settings: {enable_pre_call_checks: false}\n", "1:19 info router_settings.enable_pre_call_checks: switches nothing off: configured context windows, limits and health are looked at before every call in any case, which costs nothing"),
        ("providers: {ollama: {watch_load: true}}\n", "1:22 warning providers.ollama.watch_load: is not acted on: servers of this kind don't tell how many requests they have (vllm, llama_cpp_native)"),
    ],
)  # fmt: skip
def test_what_is_known_but_not_acted_on_is_told(told, text, finding):
    """A configuration never lies silently: what has no effect is a warning at its place."""
    assert finding in told(text)


@pytest.mark.parametrize("key", ["temperature", "num_ctx", "num_gpu", "keep_alive", "stop", "top_k", "some_vendor_key"])
def test_any_other_parameter_is_carried_without_a_word(told, key):
    """What a model server may know is not ours to doubt."""
    assert told(ENTRY + f"      {key}: 1\n") == []


def test_all_findings_are_told_at_once(told):
    """Unknown keys, wrong values, unknown strategies and unknown prefixes are told together, in the file's order."""
    lines = told(
        """\
        router_settings:
          routing_strategy: least-bussy
          timout: 5
          num_retries: x
        model_list:
          - model_name: a
            litellm_params: {model: olama/x, rpm: x, tpm: y}
          - model_nam: b
        patterns:
          - {pattern: "(", provider: p}
        """
    )

    assert [line.split(": ")[0] for line in lines if "error" in line] == [
        "2:3 error router_settings.routing_strategy",
        "3:3 error router_settings.timout",
        "4:3 error router_settings.num_retries",
        "7:22 error model_list[0].litellm_params.model",
        "7:38 error model_list[0].litellm_params.rpm",
        "7:46 error model_list[0].litellm_params.tpm",
        "8:5 error model_list[1].model_nam",
        "8:5 error model_list[1].model_name",
        "8:5 error model_list[1].litellm_params",
        "10:6 error patterns[0].pattern",
    ]


def test_one_wrong_item_costs_that_item(told):
    """What is right beside a wrong item still counts, so that one mistake is one finding."""
    lines = told(
        """\
        providers: {ollama: {models: [a, 5, b]}}
        router_settings: {fallbacks: [{a: [b]}]}
        """,
        standalone=False,
    )

    assert lines == ["1:34 error providers.ollama.models[1]: expected text, got a number (put it in quotes)"]


def test_a_wrong_value_of_two_possible_kinds_costs_no_other(told):
    """It is told once, by its own key, and what stands beside it is still read."""
    text = "router_settings: {hedge_after: p99, num_retries: -1, context_window_fallbacks: [5]}\n"
    assert [line.split(": ")[0].split()[-1] for line in told(text) if " error " in line] == [
        "router_settings.hedge_after",
        "router_settings.num_retries",
        "router_settings.context_window_fallbacks[0]",
    ]


def test_keys_of_the_users_own_begin_with_x(told):
    """``x-…`` at the top is a place for anchors, and nobody asks what is in it."""
    assert told("x-defaults: &d {rpm: [no, sense]}\n") == []


def test_numbers_in_quotes_and_switches_in_words_are_understood(loading):
    """``"30"`` is a number where one is needed (variables are always text), ``yes`` is true where a switch is."""
    loaded = loading('router_settings: {timeout: "30", num_retries: "${N}", debug_router: yes}\n', environ={"N": "4"})

    router = loaded.settings.router
    assert (router.timeout, router.num_retries, router.debug_router) == (30.0, 4, True)
