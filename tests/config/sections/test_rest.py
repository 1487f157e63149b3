"""When a deployment rests, as the configuration has it: breakers, what is borne, and the switch for all of it."""

from __future__ import annotations

import pytest

from pointsman.config.failures import CLASSES
from pointsman.config.load import load_mapping
from pointsman.config.sections.rest import HELD
from pointsman.fakes import FakeClock, LoadedDice
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.rest import NEVER, Allowed, BreakerSettings, HealthCheck
from pointsman.runtime import Runtime
from pointsman.state.breaker import State

TIMEOUTS = frozenset(CLASSES["TimeoutError"])


def load(router=None, *, params=None, info=None, **sections):
    entry = {"model_name": "m", "litellm_params": {"model": "ollama/m", **(params or {})}, "model_info": info or {}}
    return load_mapping({"model_list": [entry], "router_settings": router or {}, **sections}, environ={})


def settings(router=None, **more):
    loaded = load(router, **more)
    assert loaded.settings is not None, loaded.findings
    return loaded.settings


def told(router=None, **more) -> list[str]:
    return [f"{f.severity} {f.key}: {f.message}" for f in load(router, **more).findings]


def runtime(router=None, **more) -> Runtime:
    return Runtime(settings(router, **more), clock=FakeClock(), dice=LoadedDice([0.5]))


def fail(it: Runtime, kind: FailureKind, times: int = 1, told: float | None = None) -> None:
    for _ in range(times):
        lease = it.board.take(it.topology.deployments[0])
        it.board.failed(lease, kind, told)
        it.board.give_back(lease)


def rest(it: Runtime) -> float:
    """Seconds."""
    return it.board.wait(it.topology.deployments[0])


def test_a_breaker_is_configured_for_all_for_a_provider_and_for_one():
    """What one does not say the next wider one does."""
    found = settings(
        {"breaker": {"threshold": 9, "rate": 0.5, "window": 60, "min_calls": 8, "open": 1, "longest": 20, "jitter": 0}},
        info={"breaker": {"threshold": 1, "slow_start": 0}},
        providers={"ollama": {"base_url": "http://127.0.0.1:1", "breaker": {"threshold": 3, "open": 2}}},
    )
    assert found.router.breaker == BreakerSettings(9, 0.5, 60.0, 8, 1.0, 20.0, 0.0)
    own, open_one = found.deployments
    assert (own.breaker, own.provider.breaker) == (
        (("threshold", 1), ("slow_start", 0.0)),
        (("threshold", 3), ("open", 2.0)),
    )
    assert open_one.breaker == ()


def test_a_trial_is_configured_for_all_for_a_provider_and_for_one():
    """How many probes at a time, and how many successes; as it comes to run."""
    it = runtime(
        {"breaker": {"success_threshold": 4}},
        info={"breaker": {"half_open_requests": 2}},
        providers={"ollama": {"base_url": "http://127.0.0.1:1", "breaker": {"half_open_requests": 3, "threshold": 1}}},
    )
    record = it.board.record(it.topology.deployments[0])
    found = [
        (b.settings.success_threshold, b.settings.half_open_requests) for b in (record.breaker, record.place.breaker)
    ]
    assert found == [(4, 2), (4, 3)]


def test_a_threshold_that_follows_the_usual_rate_is_configured_like_the_others():
    """For one provider here: its own breaker and those of its deployments."""
    at = {"base_url": "http://127.0.0.1:1", "breaker": {"adaptive": True}}
    it = runtime(providers={"ollama": at, "other": {**at, "kind": "vllm", "breaker": {}}})
    found = {d.provider.name: it.board.record(d) for d in it.topology.deployments}
    adaptive = {
        name: (r.breaker.adaptive is not None, r.place.breaker.adaptive is not None) for name, r in found.items()
    }
    assert adaptive == {"ollama": (True, True), "other": (False, False)}


def test_a_deployments_breaker_is_all_three_together():
    """As it comes to run."""
    it = runtime(
        {"breaker": {"longest": 7, "jitter": 0}},
        info={"breaker": {"threshold": 2}},
        providers={"ollama": {"base_url": "http://127.0.0.1:1", "breaker": {"threshold": 3, "open": 100}}},
    )
    fail(it, FailureKind.RESET, 2)
    assert rest(it) == 7.0


@pytest.mark.parametrize(
    ("breaker", "wrong"),
    [
        ({"threshold": -1}, "threshold"),
        ({"rate": 1.5}, "rate"),
        ({"window": 0}, "window"),
        ({"open": -1}, "open"),
        ({"jitter": 2}, "jitter"),
        ({"success_threshold": 0}, "success_threshold"),
        ({"success_threshold": -3}, "success_threshold"),
        ({"half_open_requests": 0}, "half_open_requests"),
        ({"half_open_requests": 1.5}, "half_open_requests"),
        ({"half_open_requests": True}, "half_open_requests"),
        ({"adaptive": "often"}, "adaptive"),
        ({"treshold": 1}, "treshold"),
    ],
)
def test_figures_out_of_bounds_are_told_with_their_place(breaker, wrong):
    """And so are words that there are not."""
    assert any(f"router_settings.breaker.{wrong}" in line for line in told({"breaker": breaker}))


def test_litellms_policy_is_counted_by_class():
    """All kinds of one class together; a kind of its own apart; the default for all others that count."""
    found = settings(
        {"allowed_fails_policy": {"TimeoutErrorAllowedFails": 5, "garbage": 0, "RateLimitErrorAllowedFails": 9}}
    )
    assert set(found.router.allowed) == {
        Allowed(5, TIMEOUTS),
        Allowed(0, frozenset({FailureKind.GARBAGE})),
        Allowed(9, frozenset({FailureKind.RATE_LIMITED, FailureKind.QUOTA})),
    }
    default = settings({"allowed_fails_policy": {"DefaultAllowedFails": 3}})
    assert frozenset().union(*(allowed.kinds for allowed in default.router.allowed)) == frozenset(HELD)
    assert set(HELD) == {kind for kind, means in CONSEQUENCES.items() if means.counts}


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("BadRequestErrorAllowedFails", FailureKind.BAD_REQUEST),
        ("AuthenticationErrorAllowedFails", FailureKind.AUTH),
        ("TimeoutErrorAllowedFails", FailureKind.FIRST_TOKEN_TIMEOUT),
        ("RateLimitErrorAllowedFails", FailureKind.RATE_LIMITED),
        ("ContentPolicyViolationErrorAllowedFails", FailureKind.FILTERED),
        ("InternalServerErrorAllowedFails", FailureKind.CUT),
    ],
)
@pytest.mark.parametrize("where", ["router", "deployment"])
def test_each_class_of_litellms_is_borne_and_then_rests(entry, kind, where):
    """So many a minute change nothing, whatever the kind means otherwise; one more is a rest of ``cooldown_time``."""
    policy = {"allowed_fails_policy": {entry: 2}}
    own = where == "deployment"
    it = runtime({"cooldown_time": 33, **({} if own else policy)}, info=policy if own else {})
    fail(it, kind, 2)
    assert rest(it) == 0.0
    fail(it, kind)
    assert rest(it) == 33.0


def test_allowed_fails_of_a_deployment_counts_before_the_routers():
    """``model_info.allowed_fails``."""
    it = runtime({"allowed_fails": 0, "cooldown_time": 33}, info={"allowed_fails": 2})
    fail(it, FailureKind.RESET, 2)
    assert rest(it) == 0.0
    fail(it, FailureKind.RESET)
    assert rest(it) == 33.0


def test_an_unknown_class_is_told_with_the_near_one():
    """As in a retry policy."""
    lines = told({"allowed_fails_policy": {"TimeoutErrorAllowedFail": 1}}, info={"allowed_fails_policy": {"resett": 1}})
    assert any("router_settings.allowed_fails_policy" in line and "unknown kind of failure" in line for line in lines)
    assert any("model_list[0].model_info.allowed_fails_policy" in line for line in lines)


@pytest.mark.parametrize("where", ["router", "deployment"])
def test_a_cooldown_time_of_zero_leaves_what_upstreams_ask_for(where):
    """No rest by our own guess, neither for a time nor by a breaker."""
    off = {"cooldown_time": 0}
    it = runtime(off if where == "router" else {}, params={} if where == "router" else off)
    for kind in (FailureKind.SERVER_ERROR, FailureKind.RATE_LIMITED):
        fail(it, kind, 50)
    assert (rest(it), it.board.record(it.topology.deployments[0]).breaker.settings.never) == (0.0, True)
    fail(it, FailureKind.RATE_LIMITED, told=3.0)
    assert rest(it) == 3.0


def test_a_breaker_beside_a_cooldown_time_of_zero_is_kept():
    """Who says both means both."""
    assert settings(params={"cooldown_time": 0}).deployments[0].breaker == NEVER
    it = runtime({"cooldown_time": 0, "breaker": {"threshold": 2, "jitter": 0}})
    fail(it, FailureKind.RESET, 2)
    assert it.board.record(it.topology.deployments[0]).breaker.state is State.OPEN


def test_disable_cooldowns_is_for_everybody_and_everything():
    """A refused key, a Retry-After, fifty failures: nobody rests."""
    it = runtime({"disable_cooldowns": True})
    for kind in (FailureKind.AUTH, FailureKind.REFUSED, FailureKind.SERVER_ERROR):
        fail(it, kind, 50, told=100.0)
    assert (rest(it), it.board.resting) == (0.0, {})


@pytest.mark.parametrize(
    ("section", "check"),
    [
        ({}, HealthCheck()),
        ("/healthz", HealthCheck("/healthz")),
        ({"path": "/up?deep=1", "interval": 3, "timeout": 0.5}, HealthCheck("/up?deep=1", 3.0, 0.5)),
    ],
)
def test_a_provider_may_be_asked_whether_it_is_up(section, check):
    """With nothing said all of it is as usual; a text is the path."""
    found = settings(providers={"ollama": {"base_url": "http://127.0.0.1:1", "health_check": section}})
    assert [d.provider.check for d in found.deployments] == [check, check]
    assert found.watch.check is None


@pytest.mark.parametrize("path", ["health", "", "/a b", "/ü", "http://elsewhere/health", "/x\r\ny: z"])
def test_a_path_is_one(path):
    """Below the provider's own address and without anything that a request line can't have."""
    lines = told(providers={"ollama": {"base_url": "http://127.0.0.1:1", "health_check": {"path": path}}})
    assert any(line.startswith("error providers.ollama.health_check.path") for line in lines)


def test_litellms_background_checks_are_for_all_providers():
    """Every five minutes, or as it says."""
    assert settings(general_settings={"background_health_checks": True}).watch.check == HealthCheck(every=300.0)
    often = {"background_health_checks": True, "health_check_interval": 20}
    assert settings(general_settings=often).watch.check == HealthCheck(every=20.0)
    assert settings(general_settings={"health_check_interval": 20}).watch.check is None


def test_a_rate_limit_rests_as_long_as_rate_limited_fallback_says():
    """The longer of that and of what the upstream says; a spent quota too."""
    it = runtime(rate_limited_fallback={"fallback_duration_seconds": 90})
    fail(it, FailureKind.RATE_LIMITED, told=5.0)
    assert rest(it) == 90.0
    other = runtime(rate_limited_fallback={"fallback_duration_seconds": 90})
    fail(other, FailureKind.QUOTA)
    assert rest(other) == 90.0
