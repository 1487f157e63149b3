"""Tasks that end by themselves: blocks, decorated functions, several at a time."""

import pickle

import pytest

from pointsman import Limits, Strategy, TaskCategory, TaskRouter
from pointsman.errors import Misuse, NoCandidate
from pointsman.fakes import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def router(clock):
    router = TaskRouter(Strategy.LEAST_LOADED, clock=clock)
    router.register_model("a", "the instance of a")
    return router


def test_a_block_is_a_task(router, clock):
    with router.task("implement a queue") as model:
        assert (str(model), model.model, f"{model}", model) == ("a", "a", "a", "a")
        assert (model.instance, model.category) == ("the instance of a", TaskCategory.CODING)
        assert router.get_model_metrics("a").pending == 1
        clock.advance(2.0)
        assert model.elapsed == 2.0
    metrics = router.get_model_metrics("a")
    assert (metrics.pending, metrics.total_requests, metrics.successful_tasks, metrics.routed) == (0, 1, 1, 1)
    assert metrics.average_latency == 2.0


def test_what_is_raised_in_a_block_is_a_failure_and_goes_on(router):
    with pytest.raises(ZeroDivisionError), router.task("divide") as model:
        assert 1 / 0
    metrics = router.get_model_metrics(model)
    assert (metrics.failed_tasks, metrics.pending) == (1, 0)


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_who_leaves_says_nothing_of_the_model(router, leaving):
    with pytest.raises(leaving), router.task("stay"):
        raise leaving
    metrics = router.get_model_metrics("a")
    assert (metrics.total_requests, metrics.pending, metrics.routed) == (0, 0, 1)


def test_an_answer_that_is_no_good_is_a_failure(router):
    with router.task("write a haiku") as model:
        model.fail("seven lines")
    assert router.get_model_metrics("a").failed_tasks == 1
    with pytest.raises(Misuse, match="inside"):
        model.fail()


def test_a_block_ends_once(router):
    with router.task("one") as model:
        model.end()
    assert router.get_model_metrics("a").total_requests == 1
    assert repr(model) == "Task('a', unknown, ended)"


def test_a_copy_of_a_task_is_the_id(router):
    with router.task("one") as model:
        assert pickle.loads(pickle.dumps(model)) == "a"


def test_a_function_is_routed(router):
    @router.routed
    def solve(prompt, model):
        """Solves."""
        return f"{model}: {prompt}"

    assert solve("one") == "a: one"
    assert solve(prompt="two") == "a: two"
    assert solve.__doc__ == "Solves."
    assert router.get_model_metrics("a").successful_tasks == 2


def test_a_function_is_routed_with_wishes(router):
    router.register_model("b", "the instance of b", capabilities=["vision"])

    @router.routed(prompt="question", capabilities=["vision"])
    def look(picture, question, *, instance):
        return f"{instance}: {question} {picture}"

    assert look("cat.png", "what is this?") == "the instance of b: what is this? cat.png"
    assert [m.total_requests for m in router.get_all_metrics().values()] == [0, 1]


def test_a_routed_function_that_raises_is_a_failure(router):
    @router.routed
    def solve(prompt, **how):
        raise ValueError(how["model"])

    with pytest.raises(ValueError, match="a"):
        solve("one")
    assert router.get_model_metrics("a").failed_tasks == 1


def test_methods_are_routed(router):
    class Solver:
        @router.routed
        def solve(self, prompt, model):
            return str(model)

    assert Solver().solve("one") == "a"


def test_many_are_spread(router):
    router.register_model("b")
    chosen = router.route_many([f"task {n}" for n in range(10)])
    assert (chosen.count("a"), chosen.count("b")) == (5, 5)
    assert router.get_model_metrics("a").pending == 5
    for name in chosen:
        router.record_task_result(name, True, 0.1)
    assert router.get_model_metrics("a").pending == 0


def test_many_of_whom_one_gets_nobody_are_taken_back(clock):
    router = TaskRouter(clock=clock)
    router.register_model("a", limits=Limits(max_parallel=2))
    with pytest.raises(NoCandidate):
        router.route_many(["one", "two", "three"])
    assert router.get_model_metrics("a").pending == 0


def test_what_is_never_reported_is_given_up(clock):
    router = TaskRouter(Strategy.LEAST_LOADED, clock=clock, lease_timeout=60)
    router.register_model("a")
    for _ in range(10):
        router.route_task("and then silence")
    clock.advance(61)
    for _ in range(12):
        router.record_task_result(router.route_task("one"), True, 1.0)
    assert router.get_model_metrics("a").pending <= 1


def test_the_oldest_task_is_the_one_reported_on(router, clock):
    router.route_task("implement a queue")
    clock.advance(1.0)
    router.route_task("implement a stack")
    router.record_task_result("a", True, 5.0)
    assert router.get_model_metrics("a").pending == 1


def test_who_left_meanwhile_is_not_counted(router):
    with router.task("one"):
        router.unregister_model("a")
        router.register_model("a")
    assert router.get_model_metrics("a").total_requests == 0
    with pytest.raises(ZeroDivisionError), router.task("two"):
        assert 1 / (router.unregister_model("a") or 0)
    assert router.model_ids == ()


def test_it_tells_how_it_stands(router):
    assert repr(router) == "TaskRouter(least_loaded, 1 models, 0 tasks under way)"
    router.register_model("b")
    for _ in range(5):
        router.record_task_result("b", False, 0.1)
    with router.task("one"):
        assert repr(router) == "TaskRouter(least_loaded, 2 models, 1 left out, 1 tasks under way)"
    assert (len(router), "a" in router, "c" in router) == (2, True, False)


async def nothing(prompt, model):
    """A coroutine function."""


def words(prompt, model):
    """A generator."""
    yield prompt


@pytest.mark.parametrize("function", [nothing, words, 5])
def test_what_goes_on_after_it_has_returned_is_not_routed(router, function):
    with pytest.raises(Misuse, match=r"AsyncTaskRouter|generator|function"):
        router.routed(function)


def test_a_call_that_makes_no_sense_is_nobodys_failure(router):
    @router.routed
    def solve(prompt, /, effort, *, model):
        return effort, model

    for args, named in (
        (("x",), {}),
        (("x", 1), {"model": "z"}),
        (("x", 1, 2), {}),
        ((), {"prompt": "x", "effort": 1}),
    ):
        with pytest.raises(TypeError):
            solve(*args, **named)
    assert router.get_model_metrics("a").routed == 0
    assert solve("x", 1) == (1, "a")


def test_the_model_may_stand_anywhere(router):
    @router.routed
    def solve(model, prompt="write tests for the parser", *rest, instance, **more):
        return model, prompt, rest, instance, more

    assert solve() == ("a", "write tests for the parser", (), "the instance of a", {})
    assert solve("x", 1, 2, k=3) == ("a", "x", (1, 2), "the instance of a", {"k": 3})


def test_a_wish_that_nobody_knows_is_told_at_once(router):
    with pytest.raises(Misuse, match="prioritty"):
        router.routed(prioritty=5)(lambda prompt, model: model)


def test_an_explanation_changes_nothing_of_what_comes(clock):
    for strategy in Strategy:
        runs = []
        for asking in (False, True):
            router = TaskRouter(strategy, clock=clock, seed=5)
            for name in "abcd":
                router.register_model(name, weight=2)
            chosen = []
            for number in range(60):
                told = router.explain("implement a queue").model if asking else None
                chosen.append(router.route_task("implement a queue"))
                assert told in (None, chosen[-1])
                router.record_task_result(chosen[-1], number % 5 > 0, 0.1 + number % 3)
            runs.append(chosen)
        assert runs[0] == runs[1], strategy
