"""The async twin: the same decisions, awaited."""

import asyncio

import pytest

from pointsman import AsyncTaskRouter, Strategy
from pointsman.errors import Misuse, NoModels


@pytest.fixture
def router():
    router = AsyncTaskRouter(Strategy.LEAST_LOADED)
    for name in "ab":
        router.register_model(name, f"instance of {name}")
    return router


async def test_a_task_is_routed_and_reported(router):
    name = await router.route_task("implement a queue")
    router.record_task_result(name, True, 0.2)
    assert router.get_model_metrics(name).successful_tasks == 1


async def test_a_block_is_a_task(router):
    async with router.task("one") as first, router.task("two") as second:
        assert {first, second} == {"a", "b"}
    with pytest.raises(ValueError, match="boom"):
        async with router.task("three"):
            raise ValueError("boom")
    metrics = router.get_all_metrics().values()
    assert sum(m.successful_tasks for m in metrics) == 2
    assert sum(m.failed_tasks for m in metrics) == 1


async def test_a_block_that_is_cancelled_says_nothing(router):
    begun = asyncio.Event()

    async def work():
        async with router.task("one"):
            begun.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert all(m.total_requests == m.pending == 0 for m in router.get_all_metrics().values())


async def test_many_run_side_by_side(router):
    @router.routed
    async def solve(prompt, model):
        await asyncio.sleep(0)
        return str(model)

    found = await asyncio.gather(*[solve(f"task {n}") for n in range(10)])
    assert (found.count("a"), found.count("b")) == (5, 5)
    assert sorted(await router.route_many(["one", "two"])) == ["a", "b"]


async def test_a_function_that_is_no_coroutine_is_told_where_to_go(router):
    with pytest.raises(Misuse, match="TaskRouter"):
        router.routed(lambda prompt, model: model)


async def test_nobody_is_an_error_here_too():
    with pytest.raises(NoModels):
        await AsyncTaskRouter().route_task("hello")
