"""Who waits for room: in threads and on event loops, the urgent first, nobody for ever."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread

import pytest

from pointsman import AsyncTaskRouter, Limits, TaskRouter
from pointsman.errors import AtLimit, DeadlineMissed, NoCandidate, NoModels, QueueFull
from pointsman.fakes import FakeClock

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
    seen, looks = Event(), 0
    while standing(router) != number:
        seen.wait(0.001)
        looks += 1
        assert looks < LONG * 1000, f"{standing(router)} stand in line and not {number}"


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


async def test_a_place_that_comes_to_somebody_who_leaves_is_nobodys():
    """Cancelled in the very turn of the loop in which the place is handed over, before it or after it."""
    for turns in range(4):
        router = AsyncTaskRouter()
        router.register_model("a", limits=Limits(max_parallel=1))

        async def work(router=router):
            async with router.task("one", deadline=LONG):
                await asyncio.Event().wait()

        for ask in (work, lambda router=router: router.route_task("one", deadline=LONG)):
            first = router.task("the one under way")
            await first.__aenter__()
            waiting = asyncio.create_task(ask())
            await in_line(router)
            await first.__aexit__(None, None, None)
            for _ in range(turns):
                await asyncio.sleep(0)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            while router._desk.models["a"].held:  # route_task had returned: it is to be reported on
                router.record_task_result("a", True, 0.1)
            assert (router.get_model_metrics("a").pending, standing(router)) == (0, 0)


def test_a_loop_that_was_closed_keeps_no_place():
    router = full(AsyncTaskRouter())
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(router.route_task("one", deadline=LONG))
    loop.run_until_complete(in_line(router))
    loop.close()
    router.record_task_result("a", True, 0.1)
    assert router.get_model_metrics("a").pending == 0
    waiting._log_destroy_pending = False  # what is left of it is this test's doing


def test_nobody_waits_for_what_cannot_come():
    router = TaskRouter()
    with pytest.raises(NoModels):
        router.route_task("one", deadline=LONG)
    router.register_model("a", tags=["fast"])
    with pytest.raises(NoCandidate, match="slow"):
        router.route_task("one", tags=["slow"], priority=9)


def test_a_minute_that_is_over_is_the_most_urgents_first():
    clock, order = FakeClock(), []
    router = TaskRouter(clock=clock, queue_timeout=10_000)
    router.register_model("a", limits=Limits(rpm=1))
    router.route_task("the one of this minute")
    with ThreadPoolExecutor(3) as pool:
        waiting = []
        for number, priority in enumerate((2, 9, 5), start=1):

            def ask(priority=priority):
                router.route_task("wait", priority=priority, deadline=10_000)
                order.append(priority)

            waiting.append(pool.submit(ask))
            until(router, number)
        for left in (2, 1, 0):
            clock.advance(61)
            for ticket in list(router._desk.board.queue.tickets):
                if ticket.wake is not None:
                    ticket.wake()  # as its time would, on a clock that goes by itself
            until(router, left)
        for each in waiting:
            each.result(LONG)
    assert order == [9, 5, 2]
