"""``@router.routed``: a function whose model is chosen for each call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pointsman.errors import Misuse

GIVEN = ("model", "instance")
"""Arguments that the router gives."""


class Call(msgspec.Struct, frozen=True):
    """One call, checked before anybody is asked: ``prompt`` is what it is about."""

    prompt: str
    arguments: inspect.BoundArguments
    shape: Shape

    def with_model(self, task: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the function is called with."""
        shape = self.shape
        found = {"model": task, "instance": task.instance}
        for name in shape.given:
            self.arguments.arguments[name] = found[name]
        if shape.more is not None:
            self.arguments.arguments.setdefault(shape.more, {}).update(model=task)
        order = list(shape.whole.parameters)
        ordered = sorted(self.arguments.arguments.items(), key=lambda item: order.index(item[0]))
        whole = inspect.BoundArguments(shape.whole, dict(ordered))
        return whole.args, whole.kwargs


class Shape(msgspec.Struct, frozen=True):
    """``whole`` is the function's signature, ``own`` without what the router gives: those in ``given``, or the model
    within ``more`` (``**kwargs``). ``prompt`` is the argument that a call is about.
    """

    whole: inspect.Signature
    own: inspect.Signature
    prompt: str
    given: tuple[str, ...]
    more: str | None

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Raises TypeError for arguments that the function does not take."""
        bound = self.own.bind(*args, **kwargs)
        bound.apply_defaults()
        return Call(bound.arguments[self.prompt], bound, self)


def shape_of(function: Callable[..., Any], prompt: str | None, wishes: Iterable[str], known: Iterable[str]) -> Shape:
    """``prompt``: the name of the argument that is the prompt; else the one of that name, or the first. Raises Misuse
    if there is none, if the function takes neither ``model`` nor ``instance``, or for a wish that nobody knows.
    """
    if not callable(function):
        raise Misuse(f"{function!r:.80} is no function, so it can't be routed", param="function")
    unknown = sorted(set(wishes) - set(known))
    if unknown:
        raise Misuse(f"no task can wish for {', '.join(unknown)}; there are: {', '.join(known)}", param=unknown[0])
    whole = inspect.signature(function)
    own = whole.replace(parameters=[each for name, each in whole.parameters.items() if name not in GIVEN])
    free = [name for name in own.parameters if name not in ("self", "cls")]
    wanted = prompt or ("prompt" if "prompt" in free else free[0] if free else "prompt")
    named = str(getattr(function, "__name__", function))
    if wanted not in own.parameters:
        raise Misuse(f"{named} has no argument {wanted!r} to route by", param="prompt")
    given = tuple([name for name in GIVEN if name in whole.parameters])
    more = next((name for name, each in whole.parameters.items() if each.kind is each.VAR_KEYWORD), None)
    if not given and more is None:
        raise Misuse(f"{named} takes neither `model` nor `instance`: what is it routed for?", param="model")
    return Shape(whole, own, wanted, given, None if "model" in given else more)
