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
    """``router`` is all that belongs to no model, but for the moment ``taken``; ``models`` are by id."""

    taken: float
    router: str
    models: dict[str, str]


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
    """The rows of a snapshot. Raises StoreFailed for what could not be read back, such as a number that is none."""
    whole = _encoded(Whole(snapshot.strategy, snapshot.arms), "what belongs to the router")
    models = {model.id: _encoded(model, f"the record of model {model.id!r}") for model in snapshot.models}
    return Rows(snapshot.taken, whole, models)


def _encoded(part: msgspec.Struct, what: str) -> str:
    try:
        row = msgspec.json.encode(part)
        msgspec.json.decode(row, type=type(part))
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreFailed(f"{what} can't be kept ({error}).") from error
    return row.decode()


def changes(rows: Rows, before: Rows | None) -> Changes:
    """What to write after ``before`` was (None: nothing was). The moment alone is no change."""
    if before is None:
        return Changes(rows.models, (), router=True)
    known = before.models
    return Changes(
        {id_: row for id_, row in rows.models.items() if known.get(id_) != row},
        tuple(id_ for id_ in known if id_ not in rows.models),
        router=rows.router != before.router,
    )
