"""A conversation as one text, by each template there is."""

from __future__ import annotations

import pytest

from pointsman.config.kinds import CHOICES
from pointsman.providers.triton.backends import BACKENDS
from pointsman.providers.triton.prompt import TEMPLATES, prompt_of, template_of

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Hello."}
MORE = {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "you?"}]}
TALK = [SYSTEM, USER, ANSWER, MORE]


def prompt(messages: list[dict], **params) -> str:
    return prompt_of(messages, template_of(params))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "System: Be brief.\n\nUser: Hi\n\nAssistant: Hello.\n\nUser: And\nyou?\n\nAssistant:"),
        (
            {"chat_template": "chatml"},
            (
                "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nAnd\nyou?<|im_end|>\n<|im_start|>assistant\n"
            ),
        ),
        (
            {"chat_template": "llama3"},
            (
                "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
                "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
                "<|start_header_id|>user<|end_header_id|>\n\nAnd\nyou?<|eot_id|>"
                "<|start_header_id|>assistant<|end_header_id|>\n\n"
            ),
        ),
        (
            {"chat_template": "phi3"},
            (
                "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello.<|end|>\n"
                "<|user|>\nAnd\nyou?<|end|>\n<|assistant|>\n"
            ),
        ),
        (
            {"chat_template": "zephyr"},
            (
                "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n"
                "<|user|>\nAnd\nyou?</s>\n<|assistant|>\n"
            ),
        ),
        (
            {
                "roles": {
                    "system": {"pre_message": "<<SYS>>", "post_message": "<</SYS>>"},
                    "user": {"pre_message": "[INST]", "post_message": "[/INST]"},
                    "assistant": {"post_message": "\n"},
                },
                "initial_prompt_value": "!",
                "final_prompt_value": "?",
                "bos_token": "<s>",
                "eos_token": "</s>",
            },
            "<s>!<<SYS>>Be brief.<</SYS>>[INST]Hi[/INST]Hello.\n</s>[INST]And\nyou?[/INST]?",
        ),
        ({"bos_token": "<s>", "roles": "nonsense"}, "<s>Be brief.HiHello.And\nyou?"),
    ],
)
def test_a_conversation_in_each_template(params, expected):
    """Each turn with its marks, then where the answer is to begin; LiteLLM's words as LiteLLM puts them together."""
    assert prompt(TALK, **params) == expected


def test_one_message_of_the_user_s_is_its_text():
    """Where no template is said, and nothing else was."""
    assert prompt([USER]) == "Hi"
    assert prompt([SYSTEM]) == "System: Be brief.\n\nAssistant:"
    assert prompt([USER], chat_template="chatml").startswith("<|im_start|>user\n")


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_answer_that_has_begun_is_gone_on_with(name):
    """Its marks are not closed, so that the model goes on with it."""
    begun = prompt([USER, {"role": "assistant", "content": "Hel"}], chat_template=name)
    assert begun.endswith("Hel")
    assert begun.startswith(prompt([USER, ANSWER, USER], chat_template=name).partition("Hello.")[0])


def test_developers_speak_for_the_system():
    """And who says nothing says an empty text."""
    talk = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": None}]
    assert prompt(talk) == "System: Be brief.\n\nUser: \n\nAssistant:"


def test_the_configuration_knows_the_names():
    """It checks them before a request does."""
    assert CHOICES["triton"] == {"triton_backend": tuple(BACKENDS), "chat_template": tuple(TEMPLATES)}
