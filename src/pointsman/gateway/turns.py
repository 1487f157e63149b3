"""Whom a caller wants asked instead: the body's fields that list fallbacks."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import msgspec

from pointsman.errors import InvalidBody
from pointsman.gateway.envelope import (
    LISTED,
    LONGEST_NAME,
    MALFORMED,
    check_bounds,
    check_content,
    envelope_of,
    mistyped,
)
from pointsman.model.request import Endpoint, Fields, Turn

LARGEST, MOST = 256 * 1024, 32
"""Bytes and entries of such a field: more of either is no request but an attempt to cost time."""

ANY = "*"
"""In a list by groups: every name without its own entry."""

Entries = list[str | Fields]

_decode_entries = msgspec.json.Decoder(Entries | None).decode
_decode_text = msgspec.json.Decoder(str).decode


class Reader(msgspec.Struct, frozen=True):
    """Of one ``field``. ``fixed``: what a fallback can't ask for otherwise than its request. ``group``: the name asked
    for, where LiteLLM has a list by groups, ``[{"group": ["name", …]}]``; None where it has none.
    """

    endpoint: Endpoint
    field: str
    fixed: AbstractSet[str]
    group: str | None = None

    def read(self, raw: bytes) -> Turn | None:
        """``["name"]`` or LiteLLM's ``[{"model": "name", …}]``, whose further fields take the place of the request's.
        None if it is null or nothing. Raises InvalidBody.
        """
        if not raw:
            return None
        try:
            entries = _decode_entries(raw) if len(raw) <= LARGEST else [""]
            if entries and self.group is not None:
                entries = _of_group(self.group, entries)
        except MALFORMED:
            entries = [""]
        if entries is None:
            return None
        found = [self._entry(index, entry) for index, entry in enumerate(entries[: MOST + 1])]
        names = tuple(name for name, _ in found)
        if len(names) > MOST or not all(0 < len(name) <= LONGEST_NAME for name in names):
            raise InvalidBody(f"{self.field} must be a short list of model names", param=self.field)
        return Turn(names, tuple(fields for _, fields in found) if any(fields for _, fields in found) else ())

    def _entry(self, index: int, entry: str | Fields) -> tuple[str, Fields]:
        """A name, "" if there is none, and what is asked for otherwise there."""
        if isinstance(entry, str):
            return entry, {}
        try:
            name = _decode_text(entry.pop("model", b""))
        except MALFORMED:
            return "", {}
        fixed = sorted(self.fixed & entry.keys())
        if fixed:
            raise InvalidBody(f"{self.field}[{index}] can't have a {fixed[0]} of its own", param=self.field)
        try:
            if entry:
                check_bounds(envelope_of(entry))
            if LISTED[self.endpoint] in entry:
                check_content(self.endpoint, entry)
        except msgspec.ValidationError as error:
            raise self._inside(index, mistyped(error)) from None
        except InvalidBody as error:
            raise self._inside(index, error) from None
        return name, entry

    def _inside(self, index: int, error: InvalidBody) -> InvalidBody:
        return InvalidBody(f"{self.field}[{index}]: {error.message}", param=self.field)


def _of_group(name: str, entries: Entries) -> Entries | None:
    """Of a list by groups what stands for ``name``, else for any, else nothing. Any other list is as it was."""
    groups: Fields = {}
    for entry in entries:
        if isinstance(entry, str) or not entry or any(memoryview(raw)[0] != ord("[") for raw in entry.values()):
            return entries
        groups = {**entry, **groups}
    raw = groups.get(name, groups.get(ANY))
    return _decode_entries(raw) if raw is not None else []
