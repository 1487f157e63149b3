"""``@router.routed``: a function whose model is chosen for each call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import msgspec

from pointsman.errors import Misuse


class Shape(msgspec.Struct, frozen=True):
    """Where a function takes its prompt, and whether it wants the model and its instance."""

    signature: inspect.Signature
    prompt: str
    model: bool
    instance: bool

    def bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """The prompt of a call."""
        prompt: str = self.signature.bind_partial(*args, **kwargs).arguments.get(self.prompt, "")
        return prompt

    def given(self, task: Any) -> dict[str, Any]:
        """What the router adds to a call."""
        return ({"model": task} if self.model else {}) | ({"instance": task.instance} if self.instance else {})


def shape_of(function: Callable[..., Any], prompt: str | None) -> Shape:
    """``prompt``: the name of the argument that is the prompt; else the one of that name, or the first. Raises Misuse
    if the function has no such argument, or takes neither ``model`` nor ``instance``.
    """
    signature = inspect.signature(function)
    names = list(signature.parameters)
    free = [name for name in names if name not in ("model", "instance", "self", "cls")]
    wanted = prompt or ("prompt" if "prompt" in names else free[0] if free else "")
    if wanted not in names:
        raise Misuse(f"{function.__name__} has no argument {wanted or 'prompt'!r} to route by", param="prompt")
    any_name = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values())
    model, instance = "model" in names or any_name, "instance" in names
    if not model and not instance:
        raise Misuse(f"{function.__name__} takes neither `model` nor `instance`: what is it routed for?", param="model")
    return Shape(signature, wanted, model, instance)
