"""Retry policies, the retry budget and how long is waited, as the configuration has them."""

from __future__ import annotations

import pytest

from pointsman.config.failures import AGAIN, CLASSES, ENDS, KINDS, REST, names
from pointsman.config.load import load_mapping
from pointsman.config.settings import RetrySettings, RouterSettings
from pointsman.model.outcome import CONSEQUENCES, FailureKind

MODELS = [{"model_name": name, "litellm_params": {"model": f"ollama/{name}"}} for name in ("m", "n")]


def load(router=None, **sections):
    return load_mapping({"model_list": MODELS, "router_settings": router or {}, **sections}, environ={})


def read(router=None, **sections) -> RouterSettings:
    loaded = load(router, **sections)
    assert loaded.settings is not None, loaded.findings
    return loaded.settings.router


def told(router, **sections) -> list[str]:
    found = load(router, **sections).findings
    return [f"{f.severity} {f.key}: {f.message}" + (f" ({f.suggestion})" if f.suggestion else "") for f in found]


def policy(**entries) -> dict[str, int]:
    """By our words."""
    return {kind.value: retries for kind, retries in read({"retry_policy": entries}).retries.policy.items()}


def test_what_nobody_says_is_as_usual():
    """Two retries of any cause, a fifth of the requests, five groups."""
    assert read() == RouterSettings()


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({}, {}),
        ({"BadRequestErrorRetries": 1}, {"bad_request": 1}),
        ({"AuthenticationErrorRetries": 0}, {"auth": 0}),
        ({"RateLimitErrorRetries": 3}, {"rate_limited": 3, "quota": 3}),
        ({"RateLimitErrorRetries": 3, "quota": 0}, {"rate_limited": 3, "quota": 0}),
        ({"quota": 0, "RateLimitErrorRetries": 3}, {"rate_limited": 3, "quota": 0}),
        ({"ContentPolicyViolationErrorRetries": 1, "NotFoundErrorRetries": 2}, {"filtered": 1, "not_found": 2}),
        (
            {"TimeoutErrorRetries": 1},
            dict.fromkeys(["connect_timeout", "timeout", "first_token_timeout", "idle_timeout"], 1),
        ),
        (
            {"InternalServerErrorRetries": 4, "ServiceUnavailableErrorRetries": 5},
            {**dict.fromkeys(["server_error", "refused", "reset", "garbage", "cut"], 4), "overloaded": 5},
        ),
        ({"RateLimitErrorRetries": None, "context": None}, {}),
        ({"context": 1}, {"context": 1}),
    ],
)
def test_a_policy_is_written_in_litellms_words_or_ours(entries, expected):
    """A class stands for its kinds; a kind's own word counts before it, wherever it stands; null says nothing."""
    assert policy(**entries) == expected


def test_the_default_is_for_what_may_come_out_otherwise():
    """Never for what would be the same again, and not for what has an entry of its own."""
    found = policy(DefaultRetries=7, RateLimitErrorRetries=1)
    again = {kind.value: 7 for kind in AGAIN}
    assert found == again | {"rate_limited": 1, "quota": 1}
    assert found.keys().isdisjoint(["bad_request", "filtered", "deadline", "client_gone"])


def test_every_kind_has_a_word_and_every_class_has_kinds():
    """But for those that no upstream said: they would be final in any case. No kind is of two classes."""
    assert set(KINDS.values()) == set(FailureKind) - ENDS
    assert not any(CONSEQUENCES[kind].elsewhere or CONSEQUENCES[kind].counts for kind in ENDS)
    listed = [kind for kinds in CLASSES.values() for kind in kinds]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(KINDS.values())
    assert set(AGAIN) == {kind for kind in KINDS.values() if CONSEQUENCES[kind].elsewhere}
    assert REST not in CLASSES


UNKNOWN = "unknown kind of failure"


@pytest.mark.parametrize(
    ("name", "retries", "finding"),
    [
        ("RateLimitErorRetries", 3, f"{UNKNOWN} `RateLimitErorRetries` (did you mean `RateLimitErrorRetries`?)"),
        ("rate_limitd", 3, f"{UNKNOWN} `rate_limitd` (did you mean `rate_limited`?)"),
        ("Nonsense", 3, f"{UNKNOWN} `Nonsense` ({', '.join(names('Retries')[:9])})"),
        ("client_gone", 3, f"{UNKNOWN} `client_gone` ({', '.join(names('Retries')[:9])})"),
        ("timeout", -1, "must be at least 0"),
        ("timeout", 101, "must be at most 100"),
        ("timeout", "often", "expected a whole number, got text"),
        ("timeout", True, "expected a number, got true or false"),
    ],
)
def test_what_is_no_policy_is_told_with_its_place(name, retries, finding):
    """An unknown name with the nearest one, or with those of LiteLLM; of one public name as of all."""
    assert told({"retry_policy": {name: retries}}) == [f"error router_settings.retry_policy.{name}: {finding}"]
    place = f"router_settings.model_group_retry_policy.m.{name}"
    assert told({"model_group_retry_policy": {"m": {name: retries}}}) == [f"error {place}: {finding}"]


def test_a_list_is_no_policy():
    """It says by kind of failure how often."""
    assert told({"retry_policy": [1]}) == ["error router_settings.retry_policy: expected a mapping, got a list"]


def test_a_name_may_have_a_policy_of_its_own():
    """An alias is the name that it stands for; a name that nobody serves is told; null says nothing."""
    groups = {"m": {"RateLimitErrorRetries": 4}, "nick": {"timeout": 1}, "x7": {"reset": 2}}
    router = {"model_group_retry_policy": groups, "model_group_alias": {"nick": "n"}}
    found = read(router, patterns=[{"pattern": "^x", "provider": "ollama"}]).retries.groups
    assert found == {
        "m": {FailureKind.RATE_LIMITED: 4, FailureKind.QUOTA: 4},
        "n": {FailureKind.TIMEOUT: 1},
        "x7": {FailureKind.RESET: 2},
    }
    assert read({"model_group_retry_policy": {"m": None}}).retries.groups == {"m": {}}
    place = "router_settings.model_group_retry_policy.stranger"
    expected = [f"error {place}: `stranger` is no model and no capability here"]
    assert told({"model_group_retry_policy": {"stranger": {}}}) == expected


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        ({"retry_budget": {"percent": 50, "min": 0}}, RetrySettings(share=0.5, least=0)),
        ({"retry_budget": {"percent": 0.5}}, RetrySettings(share=0.005)),
        ({"retry_budget": {"min": 10}}, RetrySettings(least=10)),
        ({"retry_budget": None, "retry_possibly_billed": None}, RetrySettings()),
        ({"retry_possibly_billed": False}, RetrySettings(sent=False)),
        ({"retry_possibly_billed": True}, RetrySettings(sent=True)),
    ],
)
def test_the_budget_is_percent_of_the_requests_under_way(router, expected):
    """And at least so many; what is not said of it is as usual."""
    assert read(router).retries == expected


@pytest.mark.parametrize(
    ("budget", "finding"),
    [
        ({"percent": 101}, "error router_settings.retry_budget.percent: must be at most 100"),
        ({"percent": -1}, "error router_settings.retry_budget.percent: must be at least 0"),
        ({"min": 1.5}, "error router_settings.retry_budget.min: expected a whole number, got a number"),
        (
            {"percentage": 5},
            "error router_settings.retry_budget.percentage: unknown key `percentage` (did you mean `percent`?)",
        ),
    ],
)
def test_what_is_no_budget_is_told_with_its_place(budget, finding):
    """Percent go from 0 to 100."""
    assert told({"retry_budget": budget}) == [finding]


def test_how_many_groups_follow_and_how_long_is_waited():
    """LiteLLM's settings say the first too; the router's count before them."""
    times = {"first_token_timeout": 10, "idle_timeout": 20, "stream_timeout": 30, "max_fallbacks": 0}
    found = read(times, litellm_settings={"max_fallbacks": 9})
    assert (found.first_token_timeout, found.idle_timeout, found.stream_timeout, found.max_fallbacks) == (10, 20, 30, 0)
    assert read(litellm_settings={"max_fallbacks": 9}).max_fallbacks == 9
