"""The files of a configuration over time: they are read when asked, and noticed when they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as File

import msgspec

from pointsman.config.load import Loaded, load
from pointsman.config.settings import Settings
from pointsman.config.sources import Stamp, stamp


def as_read(settings: Settings) -> Settings:
    return settings


class Files:
    """Files and folders read as one configuration. ``adjust`` is what has the last word over what they say, ``watched``
    whether a change is to be acted on without being asked.
    """

    def __init__(
        self,
        paths: Sequence[File],
        environ: Mapping[str, str],
        *,
        adjust: Callable[[Settings], Settings] = as_read,
        watched: bool = False,
    ) -> None:
        self.watched = watched
        self._paths = tuple(paths)
        self._further: tuple[File, ...] = ()
        self._environ = environ
        self._adjust = adjust
        self._read: Stamp = ()
        self._looked: Stamp = ()

    def read(self) -> Loaded:
        """What they say now."""
        before = stamp(self._paths)
        loaded = load(self._paths, environ=self._environ)
        self._further = tuple(map(File, loaded.further))
        self._read = self._looked = (*before, *stamp(self._further))
        if loaded.settings is None:
            return loaded
        return msgspec.structs.replace(loaded, settings=self._adjust(loaded.settings))

    def changed(self) -> bool:
        """Are they others than those that were read last? Only if they are as they were at the look before: what is
        still being written is left alone.
        """
        before, self._looked = self._looked, (*stamp(self._paths), *stamp(self._further))
        return before == self._looked != self._read
