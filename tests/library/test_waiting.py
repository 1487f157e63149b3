"""Who waits for room: in threads and on event loops, the urgent first, nobody for ever."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from pointsman import AsyncTaskRouter, Limits, TaskRouter
from pointsman.errors import AtLimit, DeadlineMissed, QueueFull

LONG = 30.0
"""Seconds that nothing in here takes."""


def full(router, places=1):
    """A router with a model whose places are all taken."""
    router.register_model("a", limits=Limits(max_parallel=places))
    for _ in range(places):
        router._desk.take(router._asked("the one under way"))[0]
    return router


def standing(router):
    return len(router._desk.board.queue)


def until(router, number):
    """Wait until so many stand in line: they are woken by nothing else than what the test does."""
    seen = Event()
    while standing(router) != number:
        seen.wait(0.001)


def test_who_wishes_nothing_is_refused_at_once():
    router = full(TaskRouter())
    with pytest.raises(AtLimit, match="1 parallel requests reached"):
        router.route_task("me too")


def test_a_place_goes_to_the_most_urgent():
    router, order = full(TaskRouter()), []
    with ThreadPoolExecutor(4) as pool:
        waiting = []
        for number, priority in enumerate((2, 5, 9, 0), start=1):

            def ask(priority=priority):
                with router.task("wait", priority=priority, deadline=LONG):
                    order.append(priority)

            waiting.append(pool.submit(ask))
            until(router, number)
        router.record_task_result("a", True, 0.1)
        for each in waiting:
            each.result(LONG)
    assert order == [9, 5, 2, 0]
    assert router.get_model_metrics("a").total_requests == 5


def test_a_deadline_is_kept():
    router = full(TaskRouter())
    with pytest.raises(DeadlineMissed, match="in time"):
        router.route_task("hurry", deadline=0.01)
    with pytest.raises(TimeoutError):
        router.route_task("hurry", deadline=0)
    assert standing(router) == 0


def test_the_line_is_bounded():
    router = full(TaskRouter(queue_size=1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(router.route_task, "one", deadline=LONG)
        until(router, 1)
        with pytest.raises(QueueFull):
            router.route_task("two", priority=9)
        router.record_task_result("a", True, 0.1)
        assert waiting.result(LONG) == "a"


def test_whoever_waits_is_let_in_when_somebody_comes():
    router = full(TaskRouter())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(router.route_task, "one", deadline=LONG)
        until(router, 1)
        router.register_model("b")
        assert waiting.result(LONG) == "b"


def test_many_threads_share_few_places():
    router, most, now = TaskRouter(), [], []
    router.register_model("a", limits=Limits(max_parallel=2))

    def work():
        for _ in range(50):
            with router.task("one", deadline=LONG):
                now.append(None)
                most.append(len(now))
                now.pop()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    metrics = router.get_model_metrics("a")
    assert (metrics.total_requests, metrics.pending, max(most) <= 2) == (400, 0, True)


async def in_line(router):
    """Wait until somebody stands in line."""
    while standing(router) == 0:  # noqa: ASYNC110  nobody tells of it
        await asyncio.sleep(0)


async def test_on_an_event_loop_nothing_else_has_to_wait():
    router = full(AsyncTaskRouter())
    waiting = asyncio.create_task(router.route_task("one", deadline=LONG))
    await in_line(router)
    router.record_task_result("a", True, 0.1)
    assert await waiting == "a"


async def test_a_thread_may_wake_an_event_loop():
    router = full(AsyncTaskRouter())
    waiting = asyncio.create_task(router.route_task("one", priority=5))
    await in_line(router)
    await asyncio.to_thread(router.record_task_result, "a", True, 0.1)
    assert await waiting == "a"


async def test_who_is_cancelled_leaves_the_line():
    router = full(AsyncTaskRouter())
    waiting = asyncio.create_task(router.route_task("one", deadline=LONG))
    await in_line(router)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert standing(router) == 0
    router.record_task_result("a", True, 0.1)
    assert await router.route_task("two") == "a"


async def test_a_deadline_is_kept_on_an_event_loop():
    router = full(AsyncTaskRouter())
    with pytest.raises(DeadlineMissed):
        await router.route_task("hurry", deadline=0.01)
