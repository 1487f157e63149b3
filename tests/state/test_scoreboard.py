"""The scoreboard: leases, limits, fitness, turns, forgetting. The machine beside it tries all orders."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.rest import Allowed, BreakerSettings
from pointsman.model.secret import Secret
from pointsman.model.view import UNSEEN, Standing
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.breaker import State
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.degraded import DegradedSettings
from pointsman.state.memory import MOST_UNLISTED
from pointsman.state.results import MOST
from pointsman.state.scoreboard import MOST_GROUPS, TIMED_OUT, Lease, Rules, Scoreboard

RULES = Rules(BreakerSettings(threshold=2, open=5.0, jitter=0.0))


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return Scoreboard(clock, LoadedDice([0.5]), RULES)


def fail(board: Scoreboard, which, kind: FailureKind = FailureKind.SERVER_ERROR, times: int = 1, **more) -> None:
    for _ in range(times):
        lease = board.take(which)
        board.failed(lease, kind, **more)
        board.give_back(lease)


def half_open(board: Scoreboard, clock: FakeClock, which) -> None:
    fail(board, which, times=2)
    clock.advance(5.0)


def test_a_lease_is_counted_in_and_out_at_the_deployment_and_its_provider(board):
    """The gauge is the number of leases out."""
    place = provider("p")
    one, two = deployment("one", at=place), deployment("two", at=place)
    leases = [board.take(one), board.take(one), board.take(two)]
    assert (board.in_flight(one), board.in_flight(two), board.record(one).place.in_flight) == (2, 1, 3)
    for lease in leases:
        board.give_back(lease)
    assert (board.in_flight(one), board.in_flight(two), board.record(one).place.in_flight) == (0, 0, 0)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_kinds_that_count_are_held_against_a_deployment(board, kind):
    """A bad request or a caller that left leaves no trace."""
    one = deployment("one")
    fail(board, one, kind, times=5)
    assert (board.record(one).failures == 5) == CONSEQUENCES[kind].counts
    assert (board.fitness(one) is None) == (not CONSEQUENCES[kind].counts)


def test_the_reason_names_the_rest_and_its_cause(board, clock):
    """Who is told to wait says how long and for what."""
    one = deployment("one")
    fail(board, one, FailureKind.RATE_LIMITED, retry_after=3.2)
    assert board.fitness(one) == "cooling down for 3.2 s more (rate_limited)"
    assert board.wait(one) == pytest.approx(3.2)
    clock.advance(3.2)
    assert (board.fitness(one), board.resting) == (None, {})


def test_the_reason_names_the_breaker_and_the_failures_that_opened_it(board, clock):
    """An open breaker says for how long still, and after how many failures; a late success does not change that."""
    one = deployment("one")
    late = board.take(one)
    fail(board, one, times=2)
    board.succeeded(late, 0)
    clock.advance(1.0)
    assert board.fitness(one) == "breaker open for 4.0 s more (2 failures)"


def test_a_half_open_breaker_admits_one_probe(board, clock):
    """While the probe is under way everybody else goes elsewhere."""
    one = deployment("one")
    half_open(board, clock, one)
    assert board.fitness(one) is None
    probe = board.take(one)
    assert probe.probe
    assert board.fitness(one) == "breaker half-open: its one probe is under way"


@pytest.mark.parametrize("verdict", ["succeeded", "failed", "left"])
def test_a_request_from_before_the_opening_neither_judges_nor_frees_the_place(board, clock, verdict):
    """What was sent before the breaker opened speaks of the past; the probe alone is listened to."""
    one = deployment("one")
    old = board.take(one)
    half_open(board, clock, one)
    assert board.fitness(one) is None
    probe = board.take(one)
    if verdict == "succeeded":
        board.succeeded(old, 0)
    elif verdict == "failed":
        board.failed(old, FailureKind.TIMEOUT)
    board.give_back(old)
    assert (old.probe, board.record(one).breaker.state) == (False, State.HALF_OPEN)
    assert board.fitness(one) is not None
    board.give_back(probe)
    assert board.fitness(one) is None


def test_a_second_opening_does_not_let_a_second_probe_in_beside_the_first(board, clock):
    """A probe holds its place until it is given back, even when it has failed and the next wait is over."""
    one = deployment("one")
    half_open(board, clock, one)
    assert board.fitness(one) is None
    probe = board.take(one)
    board.failed(probe, FailureKind.TIMEOUT)
    clock.advance(1000.0)
    assert board.fitness(one) is not None
    board.give_back(probe)
    assert board.fitness(one) is None


def test_a_probe_without_a_verdict_makes_way_for_the_next(board, clock):
    """A caller that leaves tells nothing of the deployment: the probe frees its place and changes nothing else."""
    one = deployment("one")
    half_open(board, clock, one)
    assert board.fitness(one) is None
    probe = board.take(one)
    board.failed(probe, FailureKind.CLIENT_GONE)
    board.give_back(probe)
    assert (board.record(one).breaker.state, board.fitness(one)) == (State.HALF_OPEN, None)
    assert board.take(one).probe


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.NOT_FOUND])
@pytest.mark.parametrize("due", [True, False], ids=["as probe", "in need"])
def test_a_client_error_proves_that_a_deployment_is_up(board, clock, kind, due):
    """Who finds fault with a request that was let through since the opening is up; who did so before is not known."""
    one = deployment("one")
    early = board.take(one)
    fail(board, one, times=2)
    clock.advance(5.0 if due else 1.0)
    assert (board.fitness(one) is None, board.in_need([one], [one])) == (due, one)
    lease = board.take(one)
    board.failed(early, kind)
    assert board.record(one).breaker.state is not State.CLOSED
    board.failed(lease, kind)
    assert (board.record(one).breaker.state, board.record(one).failures) == (State.CLOSED, 2)
    board.give_back(lease)
    assert (board.fitness(one), dict(board.resting)) == (None, {})


def test_a_success_after_a_client_error_makes_the_next_opening_short_again(board, clock):
    """A client error closes a breaker without proving that the deployment delivers; a success proves it."""
    one = deployment("one")
    half_open(board, clock, one)
    assert board.fitness(one) is None
    fail(board, one, FailureKind.BAD_REQUEST)
    lease = board.take(one)
    board.succeeded(lease, 0)
    board.give_back(lease)
    fail(board, one, times=2)
    assert board.record(one).breaker.until - clock() == 5.0


def test_client_errors_do_not_hide_failures(board):
    """Somebody's bad requests in between keep no breaker closed."""
    one = deployment("one")
    for kind in (FailureKind.SERVER_ERROR, FailureKind.BAD_REQUEST, FailureKind.SERVER_ERROR):
        fail(board, one, kind)
    assert board.record(one).breaker.state is State.OPEN


def test_a_probe_that_succeeds_closes_the_breaker(board, clock):
    """Then the deployment no longer rests and takes any number of requests."""
    one = deployment("one")
    half_open(board, clock, one)
    assert board.fitness(one) is None
    probe = board.take(one)
    board.succeeded(probe, 0)
    board.give_back(probe)
    assert (board.fitness(one), dict(board.resting)) == (None, {})
    assert [board.take(one).probe, board.take(one).probe] == [False, False]


LIMITS = [
    ({"rpm": 2}, "2 requests a minute reached"),
    ({"max_parallel_requests": 2}, "2 parallel requests reached"),
    ({"at": provider("p", max_parallel_requests=2)}, "2 parallel requests reached at provider p"),
]


@pytest.mark.parametrize(("limit", "reason"), LIMITS)
def test_a_limit_leaves_room_for_so_many_and_no_more(board, limit, reason):
    """The last one that fits is let in, the next is told which limit is reached."""
    one = deployment("one", **limit)
    assert board.room(one, 0) is None
    board.take(one)
    assert board.room(one, 0) is None
    board.take(one)
    assert board.room(one, 0) == reason


@pytest.mark.parametrize(("limit", "_reason"), LIMITS)
def test_a_limit_of_zero_leaves_no_room_at_all(board, limit, _reason):
    """Zero is a limit like any other; only an absent one is none."""
    name = next(iter(limit))
    one = deployment("one", **({"at": provider("p", max_parallel_requests=0)} if name == "at" else {name: 0}))
    assert one.limited
    assert board.room(one, 0) is not None


def test_requests_a_minute_come_back_with_time_and_not_with_the_lease(board, clock):
    """The window forgets after a minute; giving back frees no request of it."""
    one = deployment("one", rpm=1)
    board.give_back(board.take(one))
    assert board.room(one, 0) == "1 requests a minute reached"
    assert board.wait(one) == 60.0
    clock.advance(60.0)
    assert (board.room(one, 0), board.wait(one)) == (None, 0.0)


def test_parallel_requests_come_back_with_the_lease_and_not_with_time(board, clock):
    """A slow request keeps its place however long it takes."""
    one = deployment("one", max_parallel_requests=1)
    lease = board.take(one)
    clock.advance(3600.0)
    assert board.room(one, 0) is not None
    board.give_back(lease)
    assert board.room(one, 0) is None


def test_tokens_a_minute_count_what_was_used_and_what_is_asked_for(board, clock):
    """A request fits if the tokens of the last minute and its own estimate stay within the limit."""
    one = deployment("one", tpm=100)
    lease = board.take(one)
    board.succeeded(lease, 60)
    board.give_back(lease)
    assert board.room(one, 40) is None
    assert board.room(one, 41) == "100 tokens a minute reached"
    clock.advance(60.0)
    assert board.room(one, 100) is None


def test_more_tokens_than_a_minute_has_are_told_so(board):
    """The reason is not that the minute is used up."""
    one = deployment("one", tpm=100)
    assert board.room(one, 101) == "101 tokens are more than its 100 a minute"


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60)), max_size=12), st.integers(0, 100), st.integers(1, 5))
def test_the_wait_ends_when_there_is_room_and_not_before(used, tokens, rpm):
    """For a request of any size that fits at all: no wait if there is room, else exactly as long as there is none."""
    clock = FakeClock()
    board, one = Scoreboard(clock, LoadedDice(), RULES), deployment("one", tpm=100, rpm=rpm)
    for passed, amount in used:
        clock.advance(passed)
        if board.room(one, amount) is None:
            lease = board.take(one)
            board.succeeded(lease, amount)
            board.give_back(lease)
    wait = board.wait(one, tokens)
    assert (wait == 0.0) == (board.room(one, tokens) is None)
    if wait > 1.0:
        clock.advance(wait - 1.0)
        assert board.room(one, tokens) is not None
        clock.advance(1.0)
    else:
        clock.advance(wait)
    clock.advance(1e-6)
    assert board.room(one, tokens) is None


def test_a_providers_limit_counts_all_of_its_deployments(board):
    """Two deployments of one provider share its places; another provider's do not count."""
    place, other = provider("p", max_parallel_requests=1), provider("q", max_parallel_requests=1)
    board.take(deployment("one", at=place))
    assert board.room(deployment("two", at=place), 0) == "1 parallel requests reached at provider p"
    assert board.room(deployment("three", at=other), 0) is None


def test_turns_are_counted_in_the_group_that_gave_them(board):
    """When the first group is down, the fallback group's members take turns, and the first group's are left alone."""
    down, left, right = deployment("down", "a"), deployment("left", "b"), deployment("right", "b")
    also_down = deployment("down2", "a")
    strategies = Strategies("round_robin")
    made = settings(down, also_down, left, right, fallbacks={"a": ("b",)}, strategies=strategies)
    pipeline, dice = Pipeline(compile_topology(made)), LoadedDice([0.0])
    for each in (down, also_down):
        fail(board, each, times=2)
    chosen = []
    for _ in range(4):
        decision = pipeline.decide(request("a"), board, dice)
        board.give_back(board.take(decision.choice, decision.tiers[decision.tier].group))
        chosen.append(decision.choice.id)
    assert chosen == ["left", "right", "left", "right"]
    assert set(board.turns("a").at) == set()


def test_what_is_gone_is_forgotten(board):
    """After a swap nothing is remembered of deployments and providers that no longer exist."""
    one, two = deployment("one", at=provider("p")), deployment("two", at=provider("q"))
    fail(board, one, times=2)
    fail(board, two, times=2)
    board.turns("m")
    board.forget_all_but([two])
    assert (set(board.records()), set(board.resting), set(board._places), board._turns) == ({"two"}, {"two"}, {"q"}, {})


def test_who_still_serves_is_remembered_until_the_next_swap(board):
    """A request under way on a deployment that is gone gives its lease back as any other."""
    one, two = deployment("one"), deployment("two")
    lease = board.take(one)
    board.forget_all_but([two])
    assert board.in_flight(one) == 1
    board.give_back(lease)
    assert board.record(one).in_flight == 0
    board.forget_all_but([two])
    assert set(board.records()) == set()


def test_a_deployment_that_moves_to_another_provider_takes_its_leases_along(board):
    """Requests under way count where the deployment now is, and both providers end at zero."""
    before, after = provider("p"), provider("q", max_parallel_requests=1)
    lease = board.take(deployment("one", at=before))
    moved = deployment("one", at=after)
    board.forget_all_but([moved, deployment("two", at=before)])
    assert board.room(moved, 0) == "1 parallel requests reached at provider q"
    board.give_back(lease)
    assert board.room(moved, 0) is None
    assert {name: place.in_flight for name, place in board._places.items()} == {"q": 0}


def test_new_rules_hold_for_deployments_known_before(board):
    """A swap changes thresholds and rests of everybody, without forgetting what they did."""
    one, two = deployment("one"), deployment("two", cooldown_time=9.0)
    fail(board, one)
    fail(board, two, FailureKind.FORBIDDEN)
    rules = Rules(BreakerSettings(threshold=50, rate=0.0), CooldownSettings(seconds=40.0), allowed=(Allowed(100),))
    board.forget_all_but([one, two], rules)
    fail(board, one, times=10)
    assert board.fitness(one) is None
    fail(board, one, FailureKind.FORBIDDEN)
    fail(board, two, FailureKind.FORBIDDEN)
    assert (board.wait(one), board.wait(two)) == (40.0, 9.0)


def test_limits_that_a_swap_brings_are_counted_at_once(board):
    """A deployment that gets an rpm while it runs is held to it from then on."""
    board.give_back(board.take(deployment("one")))
    limited = deployment("one", rpm=1)
    board.forget_all_but([limited])
    assert board.room(limited, 0) is None
    board.give_back(board.take(limited))
    assert board.room(limited, 0) is not None


def test_threads_lose_no_count(board):
    """Taking and giving back from many threads ends at zero, in flight and in the provider's share."""
    one = deployment("one", rpm=10**9)

    def work() -> None:
        for _ in range(500):
            with board.lock:
                lease = board.take(one)
            board.succeeded(lease, 1)
            board.give_back(lease)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = board.record(one)
    assert (record.in_flight, record.place.in_flight, record.successes, record.requests.total) == (0, 0, 4000, 4000)


def test_a_lease_says_what_it_is_in_one_line(board):
    """Printing a lease tells how it was let through and no key."""
    at = provider("p", api_key=Secret("sk-hush"))
    told = repr(Lease(board.record(deployment("one", at=at))))
    assert "passage=None" in told
    assert "sk-hush" not in told


def answer(board: Scoreboard, clock: FakeClock, which, seconds: float = 1.0, **more) -> None:
    lease = board.take(which)
    clock.advance(seconds)
    board.succeeded(lease, more.pop("tokens", 0), **more)
    board.give_back(lease)


def test_results_are_known_when_the_lease_ends(board, clock):
    """A success when it is given back, a failure when it is told; who was never asked is unseen."""
    one = deployment("one")
    assert board.standing(one) is UNSEEN
    lease = board.take(one)
    clock.advance(2.0)
    assert board.succeeded(lease, 30, 8) == 2.0
    assert board.standing(one) is UNSEEN
    board.give_back(lease)
    assert board.standing(one) == Standing(1, 1.0, 2.0, None, 0.25, 2.0)
    fail(board, one)
    assert (board.standing(one).samples, board.standing(one).success_rate) == (2, 0.5)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_failures_that_count_are_results(board, clock, kind):
    """And only a time-out tells how long it waited."""
    one = deployment("one")
    lease = board.take(one)
    clock.advance(7.0)
    assert board.failed(lease, kind) == 7.0
    board.give_back(lease)
    found = board.standing(one)
    assert found.samples == CONSEQUENCES[kind].counts
    assert found.peak == (7.0 if kind in TIMED_OUT else None)


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        (deployment("one", weight=3.0), True),
        (deployment("one", model="larger"), False),
        (deployment("one", at=provider("up", base_url="http://127.0.0.1:2/v1")), False),
        (deployment("one", at=provider("up", "ollama")), False),
    ],
)
def test_results_survive_a_swap_if_they_still_speak_of_the_same_server_and_model(board, clock, later, kept):
    """A new weight changes nothing; what another model took says nothing of this one."""
    answer(board, clock, deployment("one"))
    board.forget_all_but([later])
    assert board.standing(later).samples == kept


def test_who_is_asked_about_is_counted_from_then_on(board, clock):
    """Without limits nothing is counted until a strategy looks; a swap ends it, and the next look begins it again."""
    one = deployment("one")
    answer(board, clock, one, tokens=50)
    assert board.used(one) == (0, 0)
    answer(board, clock, one, tokens=50)
    assert board.used(one) == (1, 50)
    clock.advance(60.0)
    assert board.used(one) == (0, 0)
    board.forget_all_but([one])
    answer(board, clock, one, tokens=50)
    assert board.used(one) == (0, 0)


def everything(board: Scoreboard, one) -> tuple:
    """All that is remembered of a deployment, but for limits."""
    record = board.record(one)
    counts = record.successes, record.failures, board.standing(one).samples
    return counts, board.fitness(one), board.served(one), board.home("s"), board.label("s"), set(board.degraded)


def test_a_reset_forgets_all_but_what_is_under_way_and_limits(clock):
    """Results, rests, sessions and who is degraded; a lease goes on, and so does a minute that was promised."""
    rules = Rules(BreakerSettings(threshold=1), degraded=DegradedSettings(threshold=1), label=60.0)
    board, one = Scoreboard(clock, LoadedDice([0.5]), rules), deployment("one", rpm=3)
    lease = board.take(one)
    answer(board, clock, one)
    board.remember("s", home="one", label="math")
    fail(board, one)
    assert everything(board, one) == (
        (1, 1, 2), "breaker open for 5.0 s more (1 failures)", True, "one", "math", {"one"},
    )  # fmt: skip
    board.reset()
    assert everything(board, one) == ((0, 0, 0), None, False, None, None, set())
    assert (board.in_flight(one), board.room(one, 0), dict(board.resting)) == (1, "3 requests a minute reached", {})
    board.give_back(lease)
    assert board.in_flight(one) == 0


def test_a_reset_may_spare_the_breakers(clock):
    """Then who rests goes on resting, and who is degraded stays so."""
    rules = Rules(BreakerSettings(threshold=1), degraded=DegradedSettings(threshold=1))
    board, one = Scoreboard(clock, LoadedDice([0.5]), rules), deployment("one")
    fail(board, one)
    board.reset(keep_breakers=True)
    assert everything(board, one) == (
        (0, 0, 0), "breaker open for 5.0 s more (1 failures)", False, None, None, {"one"},
    )  # fmt: skip


def test_names_that_callers_make_up_cost_a_bounded_memory(board):
    """Those that the configuration lists are never forgotten, nor those that serve somebody; others make room."""
    listed = [deployment(f"listed-{n}") for n in range(10_000)]
    board.forget_all_but(listed)
    for each in listed:
        board.record(each)
    busy = [deployment(f"busy-{n}") for n in range(10)]
    leases = [board.take(each) for each in busy]
    for n in range(3 * MOST_UNLISTED):
        made_up = deployment(f"made-up-{n}@p")
        fail(board, made_up, times=2)
        board.turns(f"made-up-{n}")
        assert len(board.records()) <= len(listed) + MOST_UNLISTED
    for n in range(MOST_GROUPS):
        board.turns(f"group-{n}")
    known = set(board.records())
    assert {d.id for d in (*listed, *busy)} <= known
    assert made_up.id in known
    assert set(board.resting) <= known
    assert set(board.health.degraded._errors) <= known
    assert len(board._turns) <= MOST_GROUPS
    for lease in leases:
        board.give_back(lease)


def test_a_lease_is_counted_out_though_its_deployment_was_forgotten_meanwhile(board):
    """By whom it was taken does not matter to the one it was taken from."""
    one = deployment("one")
    lease = board.take(one)
    board.forget_all_but([])
    board.give_back(lease)
    board.forget_all_but([])
    assert (set(board.records()), lease.record.in_flight, board._places) == (set(), 0, {})


def test_threads_that_do_everything_at_once_lose_nothing(clock):
    """Successes, failures, figures, sessions, resets of figures and swaps from many threads: the sums are right."""
    rules = Rules(BreakerSettings(threshold=0, rate=0.0), degraded=DegradedSettings(10**6))
    board, pool = Scoreboard(clock, LoadedDice([0.5]), rules), [deployment(name) for name in "ab"]
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(300):
                which = pool[(n + number) % 2]
                with board.lock:
                    lease = board.take(which)
                if n % 3:
                    board.succeeded(lease, 3, 1)
                    board.remember(f"{number}-{n}", home=which.id)
                else:
                    board.failed(lease, FailureKind.TIMEOUT)
                    board.leave(f"{number}-{n - 1}", which.id)
                board.give_back(lease)
                assert board.standing(which).samples <= MOST
                assert board.used(which)[0] >= 0
                if n % 50 == 0:
                    board.forget_all_but(pool)
        except BaseException as problem:  # noqa: BLE001  told by the test's own thread
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [board.record(each) for each in pool]
    assert problems == []
    assert [record.in_flight + record.place.in_flight for record in records] == [0, 0]
    assert sum(record.successes for record in records) == 8 * 200
    assert sum(record.failures for record in records) == 8 * 100
    assert [board.standing(each).samples for each in pool] == [MOST, MOST]
