"""A snapshot as rows of JSON text, one a model, and back. Older forms are brought up to date, newer ones refused. Pure.

Every store keeps a version beside the rows. ``UPGRADES[n]`` makes version n + 1 of a whole snapshot of version n, both
as plain data (dicts, lists, numbers), so that it needs no struct that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pointsman.errors import StoreFailed
from pointsman.library.store.snapshot import VERSION, Snapshot

Plain = dict[str, Any]
"""A snapshot as plain data."""

UPGRADES: dict[int, Callable[[Plain], Plain]] = {}
"""From each version before ``VERSION`` to the next one."""

UNTOUCHED = "Nothing was changed."


class Rows(msgspec.Struct, frozen=True):
    """``router`` is all that belongs to no model, but for the moment ``taken``; ``models`` are by id. ``unfit``: ids of
    those that could not be read back, such as one with a number that is none, and that have no row.
    """

    taken: float
    router: str
    models: dict[str, str]
    unfit: tuple[str, ...] = ()


class Whole(msgspec.Struct, frozen=True):
    """What belongs to no model, as ``Rows.router`` has it."""

    strategy: str | None
    arms: dict[str, tuple[float, ...]]


class Changes(msgspec.Struct, frozen=True):
    """What is to be written after other rows were, and the ids of models that are ``gone``."""

    models: dict[str, str]
    gone: tuple[str, ...]
    router: bool

    def __bool__(self) -> bool:
        return bool(self.models or self.gone or self.router)


class Form(msgspec.Struct, frozen=True):
    """The version that is written, and how older ones are brought up to it."""

    version: int = VERSION
    upgrades: Mapping[int, Callable[[Plain], Plain]] = UPGRADES

    def admit(self, name: str, version: object) -> None:
        """Raises StoreFailed if the store ``name`` is of a version that can't be read."""
        if not isinstance(version, int) or version < 1:
            raise StoreFailed(f"{name} says that it is version {version!r}, which never was. {UNTOUCHED}")
        if version > self.version:
            raise StoreFailed(
                f"{name} was written by a newer Pointsman (version {version}; this one reads up to {self.version}): "
                f"upgrade Pointsman, or name another store. {UNTOUCHED}"
            )

    def decoded(self, name: str, version: int, rows: Rows) -> Snapshot:
        """The snapshot that was kept. Raises StoreFailed if a row can't be read."""
        self.admit(name, version)
        what = "what belongs to the router"
        try:
            plain: Plain = {**msgspec.json.decode(rows.router, type=Plain), "taken": rows.taken, "models": []}
            for id_, row in rows.models.items():
                what = f"the record of model {id_!r}"
                plain["models"].append(msgspec.json.decode(row))
            what = "its snapshot"
            for each in range(version, self.version):
                plain = self.upgrades[each](plain)
            return msgspec.convert(plain, Snapshot)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise StoreFailed(
                f"{name}: {what} can't be read ({error}). {UNTOUCHED} Name another store, or move this one away."
            ) from error


CURRENT = Form()
"""What this Pointsman writes."""


def encoded(snapshot: Snapshot) -> Rows:
    """The rows of a snapshot. Raises StoreFailed if what belongs to the router could not be read back."""
    try:
        whole = _encoded(Whole(snapshot.strategy, snapshot.arms))
    except _UNFIT as error:
        raise StoreFailed(f"what belongs to the router can't be kept ({error}). {UNTOUCHED}") from error
    models, unfit = {}, []
    for model in snapshot.models:
        try:
            models[model.id] = _encoded(model)
        except _UNFIT:
            unfit.append(model.id)
    return Rows(snapshot.taken, whole, models, tuple(unfit))


_UNFIT = (msgspec.MsgspecError, UnicodeError)


def _encoded(part: msgspec.Struct) -> str:
    """Raises what ``_UNFIT`` lists for what could not be read back."""
    row = msgspec.json.encode(part)
    msgspec.json.decode(row, type=type(part))
    return row.decode()


def changes(rows: Rows, before: Rows | None) -> Changes:
    """What to write after ``before`` was (None: nothing was). The moment alone is no change."""
    if before is None:
        return Changes(rows.models, (), router=True)
    known, there = before.models, rows.models.keys() | set(rows.unfit)
    return Changes(
        {id_: row for id_, row in rows.models.items() if known.get(id_) != row},
        tuple(id_ for id_ in known if id_ not in there),
        router=rows.router != before.router,
    )
