"""The Pythonic way: a block that leases a model, times it and records what came of it; a decorator that does the same.

Instances are what does the work, here made of two functions, of which one is down. An exception that leaves the block
is its failure, and the next try goes to somebody else once the breaker has had enough of it.
"""

from __future__ import annotations

from pointsman import CircuitBreakerConfig, Strategy, Task, TaskRouter
from pointsman.library.instances import Instance

router = TaskRouter(Strategy.ROUND_ROBIN, circuit_breaker_config=CircuitBreakerConfig(failure_threshold=2))


def unreachable(text: str) -> str:
    raise ConnectionError(f"nobody there to count {text!r}")


def word_count(text: str) -> str:
    return f"{len(text.split())} words"


router.register_model("primary", unreachable)
router.register_model("backup", word_count)


def with_block(prompt: str, tries: int = 3) -> str:
    """Ask until somebody answers."""
    for _ in range(tries):
        try:
            with router.task(prompt) as model:
                answer: str = model.instance.ask(prompt)
                print(f"  {model}: {answer}  ({model.category.value} task)")
                return answer
        except ConnectionError as error:
            print(f"  {model}: {type(error).__name__}")
    raise RuntimeError(f"{tries} tries were not enough")


@router.routed
def checked(prompt: str, model: Task, instance: Instance) -> str:
    """Neither model nor instance is for the caller to give. An answer that is no good may be called a failure."""
    answer = instance.ask(prompt)
    if answer == "0 words":
        model.fail("there was nothing to count")
    return f"{answer}, says {model}"


def main() -> TaskRouter:
    print("with router.task(prompt) as model:")
    for prompt in ("write tests for the parser", "document the parser", "fix the parser", "review the parser"):
        with_block(prompt)
    print("@router.routed:")
    for prompt in ("refactor the parser, please", ""):
        print(f"  {checked(prompt)}")
    for model_id, m in router.get_all_metrics().items():
        state = router.get_circuit_breaker_status(model_id).state
        print(f"{model_id}: {m.successful_tasks} good, {m.failed_tasks} failed, breaker {state}, {m.pending} under way")
    return router


if __name__ == "__main__":
    main()
