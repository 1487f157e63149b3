"""Models that do the work: instances made of functions and addresses, and what their failures say of them."""

import pytest

from pointsman import Strategy, TaskRouter
from pointsman.errors import DuplicateModel, InstanceFailed, Misuse
from pointsman.library.instances import FunctionInstance


def failing(kind, **more):
    def answer(prompt):
        raise InstanceFailed("no", kind=kind, **more)

    return answer


def ask(router, times=1):
    for _ in range(times):
        with pytest.raises(InstanceFailed), router.task("implement a queue") as model:
            model.instance.ask("implement a queue")


def test_a_function_is_an_instance():
    with TaskRouter() as router:
        router.register_model("shouts", str.upper)
        with router.task("hello") as model:
            assert model.instance.ask("hello") == "HELLO"
        instance = router.get_instance("shouts")
        assert isinstance(instance, FunctionInstance)
        assert router.health_check() == {"shouts": True}
    assert not instance.alive


def test_an_address_is_an_instance():
    router = TaskRouter()
    router.register_model("llama", "ollama://127.0.0.1:9/llama3")
    with pytest.raises(InstanceFailed), router.task("hello") as model:
        model.instance.ask("hello", timeout=5)
    assert router.get_model_metrics("llama").failed_tasks == 1
    router.close()


def test_an_address_that_makes_no_sense_registers_nobody():
    router = TaskRouter()
    with pytest.raises(Misuse):
        router.register_model("a", "gopher://somewhere/x")
    assert router.model_ids == ()


def test_what_is_made_for_nobody_is_closed():
    with TaskRouter() as router:
        router.register_model("a", str.upper)
        with pytest.raises(DuplicateModel):
            router.register_model("a", str.lower)
        assert router.get_instance("a").ask("x") == "X"


def test_any_object_is_kept_as_it_is():
    class Session:
        def __call__(self, prompt):
            return prompt

    session = Session()
    router = TaskRouter()
    router.register_model("a", session)
    assert router.get_instance("a") is session


def test_a_task_that_is_to_blame_counts_and_leaves_nobody_out():
    router = TaskRouter()
    router.register_model("a", failing("context"))
    ask(router, 10)
    assert router.get_model_metrics("a").failed_tasks == 10
    assert not router.get_circuit_breaker_status("a")


def test_who_wants_to_rest_rests():
    router = TaskRouter(Strategy.RANDOM, seed=1)
    router.register_model("a", failing("rate_limited", retry_after=20.0))
    ask(router)
    status = router.get_circuit_breaker_status("a")
    assert "rate_limited" in status.reason
    assert 19.0 < status.retry_after <= 20.0
    assert router.health_check() == {"a": False}


@pytest.mark.parametrize("kind", ["server_error", "timeout", "refused", "something new"])
def test_the_fifth_failure_in_a_row_leaves_it_out(kind):
    router = TaskRouter()
    router.register_model("a", failing(kind))
    ask(router, 5)
    assert router.health_check() == {"a": False}
