"""Metrics that survive a restart: what one router learned, the next one goes on from."""

import pytest

from pointsman import Strategy, TaskRouter
from pointsman.errors import ConfigurationError, InstanceFailed, Misuse, StoreFailed
from pointsman.fakes import FakeClock


@pytest.fixture
def file(tmp_path):
    return tmp_path / "metrics.db"


@pytest.fixture
def clock():
    return FakeClock()


def router_over(file, clock=None, strategy=Strategy.AFFINITY, **more):
    router = TaskRouter(strategy, store=file, seed=1, **({"clock": clock} if clock else {}), **more)
    for name in ("a", "b"):
        router.register_model(name, tags=["down"] if name == "a" else [])
    return router


def test_counts_affinity_and_breakers_go_on(file):
    with router_over(file) as router:
        for _ in range(10):
            router.record_task_result("a", True, 0.2, "testing")
        for _ in range(5):
            router.record_task_result("b", False, 0.1, "testing")
        router.route_task("write tests for the parser")
        before = router.get_all_metrics()
    with router_over(file) as again:
        after = again.get_all_metrics()
        assert after["a"].affinity["testing"] == pytest.approx(1.0)
        for name in "ab":
            assert (after[name].total_requests, after[name].routed) == (
                before[name].total_requests,
                before[name].routed,
            )
            assert after[name].average_latency == before[name].average_latency
            assert after[name].median_latency == before[name].median_latency
        assert again.get_circuit_breaker_status("b").state == "open"
        assert again.explain("write tests for the lexer").model == "a"
        assert "best at testing" in again.explain("write tests for the lexer").reason


@pytest.mark.parametrize(("kind", "failures"), [("server_error", 5), ("refused", 5), ("auth", 1)])
def test_who_is_left_out_stays_so_whosever_fault_it_is(file, kind, failures):
    """A model that fails, one whose server is gone, one whose key is refused."""

    def told(router):
        status = router.get_circuit_breaker_status("a")
        return status.state, status.failures, kind != "auth" or "(auth at" in status.reason, router.health_check()

    with router_over(file) as router:
        for _ in range(failures):
            with router.task("hello", tags=["down"]) as task:
                task.end(InstanceFailed("down", kind=kind))
        before = told(router)
    with router_over(file) as again:
        assert told(again) == before
        assert again.health_check() == {"a": False, "b": True}


def test_who_is_not_alive_is_kept_all_the_same(file):
    """Whether it is alive is for its instance to say, after the restart too."""

    class Instance:
        alive = False

    with TaskRouter(store=file) as router:
        router.register_model("a", Instance())
        router.record_task_result("a", True, 0.2)
        assert router.health_check() == {"a": False}
        router.close()
        assert router.store_status.unfit == ()
    with router_over(file) as again:
        assert (again.get_model_metrics("a").total_requests, again.health_check()["a"]) == (1, True)


def test_what_a_bandit_learned_goes_on(file):
    with router_over(file, strategy=Strategy.BANDIT) as router:
        for _ in range(30):
            router.record_task_result(router.route_task("implement a queue"), True, 0.1)
        rounds = router.regret().rounds
    with router_over(file, strategy=Strategy.BANDIT) as again:
        assert again.regret().rounds == rounds == 30


def test_who_does_not_come_back_at_once_is_not_forgotten(file):
    with router_over(file) as router:
        router.record_task_result("a", True, 0.2)
    with TaskRouter(store=file) as second:
        second.register_model("b")
        second.record_task_result("b", True, 0.2)
    with router_over(file) as third:
        assert third.get_model_metrics("a").total_requests == 1


def test_who_is_unregistered_is_forgotten(file):
    with router_over(file) as router:
        router.record_task_result("a", True, 0.2)
    with router_over(file) as router:
        router.unregister_model("a")
    with router_over(file) as router:
        assert router.get_model_metrics("a").total_requests == 0


def test_a_reset_is_kept_too(file):
    with router_over(file) as router:
        router.record_task_result("a", True, 0.2, "coding")
    with router_over(file) as router:
        router.reset_metrics()
    with router_over(file) as router:
        assert router.get_model_metrics("a").total_requests == 0
        assert router.get_model_metrics("a").affinity == {}


def test_it_is_told_how_saving_goes(file):
    assert TaskRouter().store_status is None
    router = router_over(file)
    router.record_task_result("a", True, 0.2)
    router.close()
    assert router.store_status.saved is not None
    assert router.route_task("it goes on") in ("a", "b")


def test_a_store_that_cannot_be_read_is_told_at_once(file):
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreFailed):
        TaskRouter(store=file)
    with pytest.raises(ConfigurationError):
        TaskRouter(store="gopher://somewhere")
    assert file.read_bytes().startswith(b"this is no database")


@pytest.mark.parametrize("name", ["no/such/metrics.db", "file/metrics.db", "."])
def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path, name):
    """Not ten seconds later, in a log."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match="its folder must exist"):
        TaskRouter(store=tmp_path / name)


@pytest.mark.parametrize("store", [5, b"metrics.db", ["metrics.db"], type(None)])
def test_what_is_no_store_is_misuse(store):
    with pytest.raises(Misuse, match="store is a path, a URL, or an object"):
        TaskRouter(store=store)


def test_a_place_for_metrics_is_made_with_the_router(file):
    """So that it is known to be there."""
    TaskRouter(store=file).close()
    assert file.exists()


def test_one_odd_model_keeps_nobody_else_from_being_saved(file):
    with router_over(file) as router:
        router.record_task_result("a", True, 0.2)
        router.record_task_result("b", True, 0.2)
        router._desk.model("b").latency = float("inf")
        router.close()
        assert (router.store_status.failure, router.store_status.unfit) == (None, ("b",))
    with router_over(file) as again:
        assert [again.get_model_metrics(name).total_requests for name in "ab"] == [1, 0]


def test_time_goes_on_while_nobody_runs(file, monkeypatch):
    from pointsman.library import base

    wall = FakeClock(1_000_000.0)
    monkeypatch.setattr(base, "time", wall)
    with router_over(file, FakeClock(50.0)) as router:
        for _ in range(5):
            router.record_task_result("a", False, 0.1)
        assert router.get_circuit_breaker_status("a").retry_after == 30.0
    wall.advance(20.0)
    with router_over(file, FakeClock(7.0)) as router:
        assert router.get_circuit_breaker_status("a").retry_after == pytest.approx(10.0, abs=0.01)
    wall.advance(20.0)
    with router_over(file, FakeClock(7.0)) as router:
        assert router.route_many(["one", "two"], tags=[])
        assert not router.get_circuit_breaker_status("a")
