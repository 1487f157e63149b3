"""What holds of every instance, whoever does the work."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from library.instances.conftest import KINDS
from pointsman import TaskRouter
from pointsman.errors import (
    InstanceBusy,
    InstanceClosed,
    InstanceFailed,
    Misuse,
    NothingSent,
    PointsmanError,
    StillWorking,
)
from pointsman.library.instances import Instance, Update, as_instance
from support.beside import wait_until


def test_it_is_an_instance(made, kind):
    """The protocol's methods are there, and it is taken as it is."""
    instance = made(kind)
    assert isinstance(instance, Instance)
    assert as_instance(instance) is instance
    assert instance.title


def test_what_is_asked_is_answered(made, kind):
    """Several in a row, and each its own answer."""
    instance = made(kind)
    one, other = instance.ask("one"), instance.ask("another")
    assert one
    assert one != other
    assert instance.ask("one") == one


def test_a_prompt_is_sent_and_its_result_waited_for(made, kind):
    """In between ``has_updated`` tells of news, and at the end that it waits for the next prompt."""
    instance = made(kind)
    assert (instance.has_updated(), instance.output) == (Update(updated=False, has_prompt=True), "")
    assert instance.send_prompt("one") is None
    answer = instance.result()
    assert answer == instance.ask("one")
    assert instance.has_updated() == (True, True)
    assert instance.has_updated() == (False, True)
    assert instance.output == answer
    instance.send_prompt("another")
    assert instance.result() != answer
    assert instance.result() == instance.result()


def test_one_prompt_is_sent_at_a_time(made, kind):
    """The second is refused; the first goes on being worked on, and may be waited for a while at a time."""
    instance = made(kind, hangs=True)
    instance.send_prompt("one")
    with pytest.raises(InstanceBusy, match="still works"):
        instance.send_prompt("another")
    for _ in range(2):
        with pytest.raises(StillWorking):
            instance.result(timeout=0)
    with pytest.raises(TimeoutError):
        instance.result(timeout=0.001)
    assert not instance.has_updated().has_prompt


def test_nothing_sent_has_no_result(made, kind):
    """An error that says so, not a wait for ever; asking is no sending."""
    instance = made(kind)
    instance.ask("one")
    with pytest.raises(NothingSent):
        instance.result()


def test_an_answer_that_is_late_is_given_up(made, kind):
    """By the time that the question had, else by the instance's own; sent prompts too."""
    instance = made(kind, hangs=True, timeout=0.05)
    for late in (lambda: instance.ask("one"), lambda: instance.ask("one", timeout=0.01)):
        with pytest.raises(InstanceFailed, match="no answer within") as failed:
            late()
        assert (failed.value.kind, failed.value.status, failed.value.retryable) == ("timeout", 504, True)
    instance.send_prompt("one")
    with pytest.raises(InstanceFailed, match=instance.title):
        instance.result()
    assert instance.has_updated() == (True, True)


def test_closing_gives_up_what_is_under_way(made, kind):
    """Who waits is told; whoever comes later too. Closing again changes nothing."""
    instance = made(kind, hangs=True)
    instance.send_prompt("one")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(instance.result)
        instance.close()
        with pytest.raises(InstanceClosed):
            waiting.result()
    instance.close()
    assert (instance.alive, instance.has_updated().has_prompt) == (False, False)
    for late in (lambda: instance.ask("one"), lambda: instance.send_prompt("one"), instance.result):
        with pytest.raises(InstanceClosed):
            late()
    assert "closed" in repr(instance)


def test_it_closes_with_its_block(made, kind):
    """And one that was never asked anything closes as well."""
    with made(kind) as instance:
        assert instance.alive
    assert not instance.alive


async def test_coroutines_await_it(made, kind):
    """Several at once, without blocking the loop; late answers are late here too."""
    instance = made(kind)
    answers = await asyncio.gather(*[instance.aask(prompt) for prompt in ("one", "another", "one")])
    assert answers[0] == answers[2] != answers[1]
    with pytest.raises(InstanceFailed):
        await made(kind, hangs=True).aask("one", timeout=0.05)


async def test_who_is_cancelled_gives_the_work_up(made, kind):
    """The instance is free for the next."""
    instance = made(kind, hangs=True)
    asking = asyncio.create_task(instance.aask("one"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    instance.send_prompt("another")
    await asyncio.to_thread(instance.close)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "coroutine"])  # which is the caller's own
async def test_who_is_closed_tells_those_that_await(made, kind):
    """As it tells threads."""
    instance = made(kind, hangs=True)
    asking = asyncio.create_task(instance.aask("one"))
    await asyncio.sleep(0)
    await asyncio.to_thread(instance.close)
    with pytest.raises(InstanceClosed):
        await asking


def test_many_threads_may_ask_at_once(made, kind):
    """Everybody has the answer to its own question."""
    instance = made(kind)
    prompts = [f"number {n}" for n in range(4)] * 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(instance.ask, prompts))
    assert answers[:4] * 4 == answers
    assert len(set(answers)) == 4


def test_asking_stands_apart_from_sending(made, kind):
    """What is asked meanwhile changes nothing in what is known of the prompt that was sent."""
    instance = made(kind)
    instance.send_prompt("one")
    sent = instance.result()
    instance.has_updated()
    instance.ask("another")
    assert instance.has_updated() == (False, True)
    assert instance.result() == sent


@pytest.mark.parametrize("prompt", [None, b"one", 1])
def test_a_prompt_is_a_text(made, kind, prompt):
    """Anything else is refused before anybody works, and nothing is under way afterwards."""
    instance = made(kind)
    for asked in (instance.ask, instance.send_prompt):
        with pytest.raises(Misuse, match="a prompt is a text") as refused:
            asked(prompt)
        assert isinstance(refused.value, ValueError)
    with pytest.raises(NothingSent):
        instance.result()


def test_a_text_of_any_make_is_a_prompt(made, kind):
    """A task of the router's, say, which is its model's id."""
    instance = made(kind)
    router = TaskRouter()
    router.register_model("one")
    with router.task("hello") as task:
        assert instance.ask(task) == instance.ask("one")
        instance.send_prompt(task)
        assert instance.result() == instance.ask("one")


async def test_a_text_of_any_make_is_a_prompt_for_coroutines(made, kind):
    """Likewise."""
    instance = made(kind)
    assert await instance.aask(type("Own", (str,), {})("one")) == await instance.aask("one")


def test_a_time_to_wait_may_be_a_timedelta(made, kind):
    """Of the instance, of a question, of a result."""
    instance = made(kind, timeout=timedelta(minutes=10))
    assert instance.timeout == 600.0
    assert instance.ask("one", timedelta(seconds=60)) == instance.ask("one")
    instance.send_prompt("one")
    assert instance.result(timedelta(seconds=60))


def test_an_option_that_there_is_not_is_an_error_as_of_any_function(made, kind):
    """A slip of the pen is told, not swallowed."""
    with pytest.raises(TypeError, match="titel"):
        made(kind, titel="mine")


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), "soon", True])
def test_a_time_to_wait_is_a_number_of_seconds(made, kind, timeout):
    """Here, at the question, and where a result is waited for."""
    instance = made(kind)
    instance.send_prompt("one")
    for asked in (lambda: instance.ask("one", timeout), lambda: instance.result(timeout)):
        with pytest.raises(Misuse, match="timeout"):
            asked()
    with pytest.raises(Misuse, match="timeout"):
        made(kind, timeout=timeout)


def test_errors_name_it_by_its_title(made, kind):
    """A title that the user gave, in errors and repr."""
    instance = made(kind, hangs=True, title="the third one")
    with pytest.raises(PointsmanError, match="the third one"):
        instance.ask("one", timeout=0.01)
    assert "'the third one'" in repr(instance)


def test_news_is_told_once_and_a_wait_needs_no_lock(made, kind):
    """Polling, as a program does that has other things to do."""
    instance = made(kind)
    instance.send_prompt("one")
    told = []
    wait_until(lambda: told.append(instance.has_updated()) or told[-1].has_prompt)
    assert any(update.updated for update in told)
    assert instance.has_updated() == (False, True)
