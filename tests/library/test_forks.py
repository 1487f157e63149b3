"""A forked child routes on, whatever the threads of its parent were about."""

import os
from threading import Event, Thread

import pytest

from pointsman import Strategy, TaskRouter


def in_child(do):
    """What ``do`` returns in a forked child: a short text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, do().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        found = told.read()
    os.waitpid(child, 0)
    return found


@pytest.fixture
def router():
    router = TaskRouter(Strategy.RANDOM)
    for number in range(50):
        router.register_model(f"m{number}")
    for prompt in ("implement a queue", "x"):  # what is read for the first time goes through locks that are not ours
        router.get_task_category(prompt)
    return router


def test_a_child_is_not_held_up_by_a_lock_of_its_parents(router):
    over = Event()

    def work():
        while not over.is_set():
            router.record_task_result(router.route_task("implement a queue"), True, 0.1)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            assert in_child(lambda: router.route_task("implement a queue")).startswith("m")
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_children_throw_dice_of_their_own(router):
    assert len({in_child(lambda: ",".join(router.route_many(["x"] * 10))) for _ in range(3)}) == 3


def test_seeded_dice_are_the_same_everywhere():
    def run():
        router = TaskRouter(Strategy.RANDOM, seed=4)
        for number in range(50):
            router.register_model(f"m{number}")
        return router

    router = run()
    router.get_task_category("x")
    assert in_child(lambda: ",".join(router.route_many(["x"] * 10))) == ",".join(run().route_many(["x"] * 10))
