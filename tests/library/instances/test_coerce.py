"""What an instance can be made of."""

from __future__ import annotations

import pytest

from pointsman.errors import Misuse
from pointsman.library.instances import EndpointInstance, FunctionInstance, ProcessInstance, as_instance
from support.beside import provided


def test_none_is_none_and_an_instance_is_itself():
    """Nothing is wrapped that needs no wrapping."""
    assert as_instance(None) is None
    for instance in (FunctionInstance(str.upper), EndpointInstance("http://box", "m"), ProcessInstance("cat")):
        assert as_instance(instance) is instance


def test_a_callable_answers_prompts():
    """A function, or an object that can be called; not a class, which would make an object of every prompt."""
    assert as_instance(str.upper).ask("one") == "ONE"
    with pytest.raises(Misuse, match="no instance can be made of the class FunctionInstance"):
        as_instance(FunctionInstance)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ollama://box:11434/llama3", "'llama3', ollama at http://box:11434"),
        ("ollama://box/llama3.1:8b", "'llama3.1:8b', ollama at http://box:11434"),
        ("ollama:///llama3", "'llama3', ollama at http://127.0.0.1:11434"),
        ("ollama+https://box/hf.co/org/model", "'hf.co/org/model', ollama at https://box"),
        ("vllm://box:8001/org/model%201", "'org/model 1', vllm at http://box:8001"),
        ("llamacpp://[::1]/m", "'m', llama_cpp_native at http://[::1]:8080"),
        ("openai:///gpt-4o", "'gpt-4o', openai at https://api.openai.com"),
        ("http://box:8000/v1#org/model", "'org/model', openai at http://box:8000"),
        ("https://box/some/path/v1/#m", "'m', openai at https://box/some/path"),
    ],
)
def test_a_url_is_an_endpoint(url, shown):
    """With the model in its path, or behind the #."""
    assert repr(as_instance(url)) == f"EndpointInstance({shown})"


def test_a_url_of_a_server_is_asked():
    """The same address in both spellings."""
    with provided("ollama") as (mock, _):
        for url in (f"ollama://127.0.0.1:{mock.port}/{mock.models[0]}", f"{mock.base_url}/v1#{mock.models[0]}"):
            with as_instance(url) as instance:
                assert instance.ask("one")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ollama://box", "names no model"),
        ("http://box/v1", "names no model"),
        ("claude", "begins with http"),
        ("gopher://box/claude", "not 'gopher'"),
        ("http+unix://box/m", "not 'http"),
        ("ollama+ssh://box/m", "not 'ollama"),
        ("ollama://box:port/m", "no valid host and port"),
        ("ollama://me:hunter2@box/m", "use EndpointInstance with api_key"),
        ("http://me:hunter2@box/v1#m", "use EndpointInstance with api_key"),
        ("http:///v1#m", "no valid host and port"),
    ],
)
def test_a_text_that_is_no_url_of_a_model_is_refused(url, says):
    """With how to write it, and never with a password."""
    with pytest.raises(Misuse, match=says) as refused:
        as_instance(url)
    assert "hunter2" not in str(refused.value)


class Half:
    def send_prompt(self, prompt: str) -> None: ...

    def has_updated(self) -> tuple[bool, bool]:
        return False, True


@pytest.mark.parametrize(
    ("thing", "says"), [(1, "int"), (b"ollama://box/m", "bytes"), (["cat"], "list"), (object(), "object")]
)
def test_anything_else_is_refused(thing, says):
    """It is told what would do."""
    with pytest.raises(Misuse, match=f"no instance can be made of {says}: an Instance, a function") as refused:
        as_instance(thing)
    assert refused.value.param == "instance"


def test_what_is_half_an_instance_is_told_what_it_lacks():
    """The methods by name."""
    with pytest.raises(Misuse, match="Half, which lacks title, alive, output, result, ask, aask, close"):
        as_instance(Half())
