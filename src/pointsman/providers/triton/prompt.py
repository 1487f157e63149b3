"""A conversation as one text: behind Triton's generate endpoint nobody applies a model's own template.

Which template is used is the deployment's to say: by a name, or word by word as LiteLLM has it (``roles`` and the texts
around them). Marks that a tokenizer sets in front of every prompt by itself stand in none of the named ones.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.providers.shapes import Inexpressible

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"

ROLES = {"system": SYSTEM, "developer": SYSTEM, "user": USER, "assistant": ASSISTANT}


class Turn(msgspec.Struct, frozen=True):
    """What stands before and behind the words of one role."""

    before: str = ""
    after: str = ""


NOTHING = Turn()


class Template(msgspec.Struct, frozen=True):
    """``head`` stands before all turns; ``tail`` behind them, where the answer begins. ``alone``: a conversation that
    is one message of the user's is its text, and nothing around it.
    """

    turns: dict[str, Turn]
    head: str = ""
    tail: str = ""
    alone: bool = False


def _alike(before: str, after: str) -> Template:
    """All roles are written in the same way, by their names."""
    turns = {role: Turn(before.format(role), after) for role in (SYSTEM, USER, ASSISTANT)}
    return Template(turns, tail=turns[ASSISTANT].before)


_PLAIN = Template(
    {role: Turn(f"{role.capitalize()}: ", "\n\n") for role in (SYSTEM, USER, ASSISTANT)}, tail="Assistant:", alone=True
)

TEMPLATES = {
    "plain": _PLAIN,
    "chatml": _alike("<|im_start|>{}\n", "<|im_end|>\n"),
    "llama3": _alike("<|start_header_id|>{}<|end_header_id|>\n\n", "<|eot_id|>"),
    "phi3": _alike("<|{}|>\n", "<|end|>\n"),
    "zephyr": _alike("<|{}|>\n", "</s>\n"),
}
"""By llama.cpp's names for them. ``plain`` is the one where nothing is said."""

OWN = ("roles", "initial_prompt_value", "final_prompt_value", "bos_token", "eos_token")
"""LiteLLM's keys for a template of one's own."""


def template_of(params: dict[str, Any]) -> Template:
    """The deployment's template. Raises Inexpressible for a name that nobody knows."""
    if any(key in params for key in OWN):
        return _own(params)
    name = params.get("chat_template", "plain")
    found = TEMPLATES.get(name) if isinstance(name, str) else None
    if found is None:
        raise Inexpressible("chat_template", f"the deployment's litellm_params say none of {', '.join(TEMPLATES)}")
    return found


def _own(params: dict[str, Any]) -> Template:
    texts = {key: params[key] if isinstance(params.get(key), str) else "" for key in OWN[1:]}
    roles = params.get("roles")
    said = {role: value for role, value in roles.items() if isinstance(value, dict)} if isinstance(roles, dict) else {}
    turns = {
        role: Turn(str(each.get("pre_message", "")), str(each.get("post_message", ""))) for role, each in said.items()
    }
    spoken = turns.get(ASSISTANT, NOTHING)
    turns[ASSISTANT] = Turn(spoken.before, spoken.after + texts["eos_token"])
    return Template(turns, texts["bos_token"] + texts["initial_prompt_value"], texts["final_prompt_value"])


def prompt_of(messages: Any, template: Template) -> str:
    """The prompt. A last message of the assistant's is the beginning of the answer. Raises Inexpressible."""
    if not isinstance(messages, list) or not messages:
        raise Inexpressible("messages", "a list of messages is needed")
    said = [_said(message) for message in messages]
    if template.alone and len(said) == 1 and said[0][0] == USER:
        return said[0][1]
    *before, (role, text) = said
    parts = [template.head, *[_turn(template, *each) for each in before]]
    if role == ASSISTANT:
        parts += [template.turns.get(role, NOTHING).before, text]
    else:
        parts += [_turn(template, role, text), template.tail]
    return "".join(parts)


def _turn(template: Template, role: str, text: str) -> str:
    turn = template.turns.get(role, NOTHING)
    return f"{turn.before}{text}{turn.after}"


def _said(message: Any) -> tuple[str, str]:
    """Who speaks, and what."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Inexpressible("messages", "each message is an object with a role")
    role = ROLES.get(message["role"])
    if role is None:
        raise Inexpressible("messages", f"the role {message['role']!r} is not known to this provider")
    if message.get("tool_calls"):
        raise Inexpressible("messages", "tool calls can't be sent to this provider")
    content = message.get("content")
    if content is None or isinstance(content, str):
        return role, content or ""
    return role, "\n".join(_text(part) for part in (content if isinstance(content, list) else [content]))


def _text(part: Any) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind != "text" or not isinstance(part.get("text"), str):
        raise Inexpressible("messages", f"content parts of type {kind!r} can't be sent to this provider")
    return str(part["text"])
