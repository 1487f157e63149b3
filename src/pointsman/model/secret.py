"""A value that never prints. Only ``reveal()`` gives it out, so every use can be found by name."""

from __future__ import annotations

from typing import final

import msgspec


@final
class Secret:
    """A key or password. ``repr``, ``str``, formatting and pickling show a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, ("***",)


class Key(msgspec.Struct, frozen=True, gc=False):
    """One of the keys that a provider has. ``name`` is what logs, records and metrics call it: what the configuration
    calls it, else its number.
    """

    secret: Secret
    name: str
