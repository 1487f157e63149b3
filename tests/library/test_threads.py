"""Sixteen threads: nothing is lost, nothing counted twice."""

from threading import Barrier, Thread

import pytest

from pointsman import Strategy, TaskRouter

THREADS, OPERATIONS = 16, 1_000_000


def together(work):
    """Run ``work`` in all threads at once; what they raise is raised here."""
    barrier, raised = Barrier(THREADS), []

    def run(number):
        barrier.wait()
        try:
            work(number)
        except Exception as error:  # noqa: BLE001  raised again below
            raised.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def test_no_update_is_lost_in_a_million():
    router = TaskRouter(Strategy.RANDOM, seed=1)
    for name in "abcd":
        router.register_model(name)
    each = OPERATIONS // THREADS // 2  # a choice and a result

    def work(number):
        for n in range(each):
            router.record_task_result(router.route_task("implement a queue"), n % 4 != 0, 0.001, "coding")

    # one failure in four never opens a breaker here: five in a row of one model would
    router.circuit_breaker_config = type(router.circuit_breaker_config)(failure_threshold=10**9)
    together(work)
    metrics = list(router.get_all_metrics().values())
    done = each * THREADS
    assert sum(m.routed for m in metrics) == sum(m.total_requests for m in metrics) == done
    assert sum(m.failed_tasks for m in metrics) == THREADS * len([n for n in range(each) if n % 4 == 0])
    assert all(m.pending == 0 for m in metrics)
    assert all(abs(m.average_latency - 0.001) < 1e-9 for m in metrics)


@pytest.mark.parametrize(("strategy", "off"), [(Strategy.ROUND_ROBIN, 1), (Strategy.RANDOM, 250)])
def test_shares_are_fair_as_configured(strategy, off):
    router = TaskRouter(strategy, seed=1)
    for name, weight in {"a": 3, "b": 1, "c": 1, "d": 1}.items():
        router.register_model(name, weight=weight)

    def work(number):
        for _ in range(500):
            router.record_task_result(router.route_task("implement a queue"), True, 0.001)

    together(work)
    routed = [m.routed for m in router.get_all_metrics().values()]
    whole = 500 * THREADS
    assert sum(routed) == whole
    assert routed == [pytest.approx(whole * share / 6, abs=off) for share in (3, 1, 1, 1)]


def test_models_come_and_go_meanwhile():
    router = TaskRouter(Strategy.HYBRID, seed=1)
    router.register_model("stays")

    def work(number):
        own = f"model-{number}"
        for n in range(200):
            router.register_model(own)
            with router.task("implement a queue", deadline=10):
                router.explain("fix the bug")
            if n % 50 == 0:
                router.set_routing_strategy((Strategy.AFFINITY, Strategy.PERFORMANCE, Strategy.ROUND_ROBIN)[n % 3])
                router.reset_metrics()
                router.get_all_metrics()
                router.health_check()
            router.unregister_model(own)

    together(work)
    assert router.model_ids == ("stays",)
    assert router.get_model_metrics("stays").pending == 0
