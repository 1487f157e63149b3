"""Endpoints: every kind of server there is, what is sent to it, and every way in which it fails."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.errors import InstanceClosed, InstanceFailed, Misuse
from pointsman.library.instances import EndpointInstance
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.secret import Secret
from support.beside import provided, wait_until
from support.fleet import ALONE, KINDS

KEY = "sk-very-secret-key"


def body(mock) -> dict:
    """Of the last request that it has received."""
    return mock.ledger.last.body


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_server_answers(kind):
    """In its own protocol, and in OpenAI's, which nearly all of them speak; with /v1 behind the address or without."""
    with provided(kind, name="box") as (mock, _):
        model = mock.models[0]
        for spoken in {KINDS[kind], "openai" if kind not in ALONE else kind}:
            for address in (mock.base_url, f"{mock.base_url}/v1", f"{mock.base_url}/v1/"):
                with EndpointInstance(address, model, kind=spoken) as instance:
                    assert instance.ask("hello").startswith(f"[box/{model}]")


def test_what_is_sent_is_a_conversation_of_its_own():
    """The prompt, before it what the system says, and the fields that every request is to have; streamed."""
    with provided() as (mock, _):
        params = {"temperature": 0.1, "max_tokens": 5}
        with EndpointInstance(mock.base_url, mock.models[0], system="Be brief.", params=params) as instance:
            instance.ask("one")
            instance.ask("another")
        assert body(mock) == {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "another"}],
            "model": mock.models[0],
            "stream": True,
            **params,
        }


def test_a_connection_is_kept_for_the_next_prompt():
    """And closed with the instance."""
    with provided() as (mock, _):
        with EndpointInstance(mock.base_url, mock.models[0]) as instance:
            instance.ask("one")
            instance.ask("another")
            assert mock.connections == 1
        wait_until(lambda: mock.connections == 0)


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_an_answer_is_seen_while_it_comes(kind):
    """A server that falls silent within its answer: the beginning is here, and there is no end."""
    with provided(kind, faults=["hang_after=3"]) as (mock, _):
        with EndpointInstance(mock.base_url, mock.models[0], kind=kind) as instance:
            instance.send_prompt("one")
            wait_until(lambda: instance.has_updated().updated)
            wait_until(lambda: instance.output)
            assert not instance.has_updated().has_prompt
            assert f"[{kind}/{mock.models[0]}]".startswith(instance.output[:5])
        with pytest.raises(InstanceClosed):
            instance.result()
        assert instance.output


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("status=500", "server_error"),
        ("status=503", "overloaded"),
        ("status=429:retry_after=7", "rate_limited"),
        ("says=context_length", "context"),
        ("says=quota", "quota"),
        ("cut=3", "cut"),
        ("cut=3:variant=torn", "cut"),
        ("reset", "reset"),
        ("reset=3", "cut"),
        ("garbage", "garbage"),
        ("garbage=broken", "garbage"),
        ("empty", "garbage"),
        ("error_frame=3", "server_error"),
        ("hang", "timeout"),
        ("hang=head", "timeout"),
        ("hang_after=3", "timeout"),
    ],
)
def test_failures_have_the_kinds_that_the_gateway_tells(kind, fault, failure):
    """And what the kind means: a status, a code, whether to try again; nothing that is the server's own business."""
    limit = 0.2 if failure == "timeout" else 30.0
    with provided(kind, faults=[fault]) as (mock, _):
        with EndpointInstance(mock.base_url, mock.models[0], kind=kind, title="box", timeout=limit) as instance:
            instance.send_prompt("one")
            with pytest.raises(InstanceFailed, match=r"^box: ") as failed:
                instance.result()
            assert instance.has_updated() == (True, True)
    error, means = failed.value, CONSEQUENCES[FailureKind(failure)]
    assert (error.kind, error.status, error.code) == (failure, means.status, means.code)
    assert error.retry_after == (7 if "429" in fault else None)
    assert str(mock.port) not in str(error)


def test_a_server_that_is_not_there_refuses():
    """And is asked again by the next prompt."""
    with provided() as (mock, beside):
        with EndpointInstance(mock.base_url, mock.models[0]) as instance:
            instance.ask("one")
            mock.faults.set("refuse")
            beside.run(mock.close())
            with pytest.raises(InstanceFailed, match="connection refused") as failed:
                instance.ask("one")
            assert failed.value.kind == "refused"
            mock.faults.clear()
            beside.run(mock.start())
            assert instance.ask("one")


def test_a_model_that_it_does_not_have():
    """The server's own sentence says which."""
    with provided("ollama") as (mock, _), EndpointInstance(mock.base_url, "nobody", kind="ollama") as instance:
        with pytest.raises(InstanceFailed, match="nobody") as failed:
            instance.ask("one")
        assert failed.value.kind == "not_found"


def test_a_whole_answer_in_the_place_of_a_stream_is_taken():
    """Some servers do not heed ``stream``."""
    with provided(faults=["plain:times=1"]) as (mock, _), EndpointInstance(mock.base_url, mock.models[0]) as instance:
        assert instance.ask("one") == instance.ask("one")
        assert mock.ledger.total == 2


@pytest.mark.parametrize("key", [KEY, Secret(KEY)])
def test_a_key_is_sent_and_never_shown(key):
    """Neither in repr nor in an error about a wrong one."""
    with provided(api_key=KEY) as (mock, _):
        with EndpointInstance(mock.base_url, mock.models[0], api_key=key) as instance:
            assert instance.ask("one")
            assert KEY not in repr(instance)
            assert KEY not in repr(vars(instance))
    with provided(api_key="another") as (mock, _):
        with EndpointInstance(mock.base_url, mock.models[0], api_key=key) as instance:
            with pytest.raises(InstanceFailed) as failed:
                instance.ask("one")
            assert failed.value.kind == "auth"
            assert KEY not in str(failed.value) + repr(failed.value)


@pytest.mark.parametrize("end", ["closed", "cancelled", "late"])
async def test_what_nobody_waits_for_is_not_worked_on(end):
    """The server sees that the caller has hung up."""
    with provided(faults=["hang_after=3"]) as (mock, beside):
        instance = EndpointInstance(mock.base_url, mock.models[0])
        asking = asyncio.create_task(instance.aask("one", timeout=0.1 if end == "late" else None))
        while not mock.ledger.in_flight:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.002)
        if end == "cancelled":
            asking.cancel()
        elif end == "closed":
            await asyncio.to_thread(instance.close)
        with pytest.raises((asyncio.CancelledError, InstanceClosed, InstanceFailed)):
            await asking
        entry = await asyncio.to_thread(beside.run, mock.ledger.wait_for(lambda entry: entry.client_closed))
        assert entry.client_closed
        await asyncio.to_thread(instance.close)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "is empty"),
        ("127.0.0.1:8000", "no scheme"),
        ("ftp://box", "must begin with http"),
        ("http://user:hunter2@box/v1", "use api_key"),
        ("http://box/v1/chat/completions", "names an endpoint"),
        (None, "is a text"),
        (8000, "is a text"),
    ],
)
def test_an_address_that_is_none_is_refused_at_once(address, says):
    """With what to write instead, and without the password."""
    with pytest.raises(Misuse, match=says) as refused:
        EndpointInstance(address, "m")
    assert refused.value.param == "base_url"
    assert "hunter2" not in str(refused.value)


def test_kinds_and_models_are_checked_at_once():
    """Unknown kinds are told with those there are; spellings are taken."""
    with pytest.raises(Misuse, match="unknown kind 'vertex_ai'; known: openai"):
        EndpointInstance("http://box", "m", kind="vertex_ai")
    with pytest.raises(Misuse, match="unknown kind 'any_llm'; known: openai"):
        EndpointInstance("http://box", "m", kind="any_llm")
    for model in ("", None):
        with pytest.raises(Misuse, match="the name that the server knows it by"):
            EndpointInstance("http://box", model)
    for options, says in (({"api_key": 7}, "api_key is a text"), ({"params": "hot"}, "params is a dict")):
        with pytest.raises(Misuse, match=says):
            EndpointInstance("http://box", "m", **options)
    assert "llama_cpp_native" in repr(EndpointInstance("http://box", "m", kind="llama.cpp"))


def test_repr_says_what_it_is():
    """Title, kind, place."""
    instance = EndpointInstance("http://box:8000/v1", "llama3", kind="vllm")
    assert repr(instance) == "EndpointInstance('llama3', vllm at http://box:8000)"
    instance.close()
    assert repr(instance) == "EndpointInstance('llama3', vllm at http://box:8000, closed)"
