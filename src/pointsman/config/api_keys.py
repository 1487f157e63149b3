"""The keys that a section says, in order: ``api_key``, then ``api_keys``, then those of ``api_key_file``.

A file has one key a line, so the usual secret of Docker or Kubernetes, one key and a line end, is such a file too. It
is read with the configuration, and again with every reload.
"""

from __future__ import annotations

import re
from pathlib import Path as File

from pydantic import SecretStr

from pointsman.config.environment import Environment
from pointsman.config.findings import Path, Report
from pointsman.config.schema import KeySection, LitellmParams, ProviderSection
from pointsman.config.sources import secret
from pointsman.model.secret import Key, Secret

FIELDS = frozenset({"api_key", "api_keys", "api_key_file"})

MOST_BYTES = 64 * 1024
"""Of a file of keys."""

COMMENT = "#"

UNSENDABLE = "has characters that can't be sent in a header"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


def says_keys(section: ProviderSection | LitellmParams) -> bool:
    """Does it say anything of keys, be it that there is none?"""
    return not FIELDS.isdisjoint(section.model_fields_set)


def read_keys(section: ProviderSection | LitellmParams, environment: Environment, report: Report) -> tuple[Key, ...]:
    """All keys of a provider or an entry; those that are no use are left out with a finding."""
    reader = _Reader(environment, report)
    if section.api_key is not None:
        reader.take(section.api_key, section.place("api_key"), quiet=True)
    for each in section.api_keys or ():
        reader.take_section(each)
    if section.api_keys == []:
        report.warning(section.place("api_keys"), "names no key")
    if section.api_key_file is not None:
        reader.take_file(section.api_key_file, section.place("api_key_file"))
    return tuple(reader.keys)


def read_key(given: SecretStr | None, path: Path, report: Report) -> Secret | None:
    """A key as it can be sent in a header; None if there is none or it can't."""
    text = given.get_secret_value().strip() if given is not None else ""
    if not text:
        return None
    if not sendable(text):
        report.error(path, UNSENDABLE)
        return None
    report.secret(text)
    return Secret(text)


def sendable(text: str) -> bool:
    """Can it stand in a header?"""
    return text.isascii() and text.isprintable() and " " not in text


class _Reader:
    """Of one section. ``keys`` are those that were taken."""

    def __init__(self, environment: Environment, report: Report) -> None:
        self.keys: list[Key] = []
        self._environment = environment
        self._report = report

    def take(self, given: SecretStr, path: Path, name: str | None = None, *, quiet: bool = False) -> None:
        """One key. ``quiet``: an empty one says that there is none."""
        key = read_key(given, path, self._report)
        if key is not None:
            self._add(key, path, name)
        elif not quiet and path not in self._environment.lost and not given.get_secret_value().strip():
            self._report.warning(path, "is empty: this key is left out")

    def take_section(self, section: KeySection) -> None:
        """An entry of ``api_keys``."""
        report = self._report
        if section.name is not None and _NAME.match(section.name) is None:
            report.error(section.place("name"), "a key's name has letters, digits, `_`, `-` and `.` only, 64 at most")
        elif section.key is not None and section.file is not None:
            report.error(section.place("file"), "stands beside `key`", suggestion="make two entries of it")
        elif section.file is not None:
            self.take_file(section.file, section.place("file"), section.name)
        elif section.key is not None:
            self.take(section.key, section.place("key"), section.name)
        elif not (report.wrong((*section.path, "key")) or report.wrong((*section.path, "file"))):
            report.error(section.path, "expected `key` or `file`")

    def take_file(self, path: str, place: Path, name: str | None = None) -> None:
        """Every key of a file, which is found from the folder of the file that names it."""
        report = self._report
        file = File(report.locate(place).file).parent / File(path).expanduser()
        report.beside(str(file))
        read = secret(file, MOST_BYTES)
        if isinstance(read, str):
            report.error(place, "{} can't be read: " + read, str(file))
            return
        if len(read) > MOST_BYTES:
            report.error(place, "{0} has more than {1} bytes", str(file), MOST_BYTES)
            return
        lines = [line.strip() for line in read.decode("utf-8-sig", "replace").splitlines()]
        found = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith(COMMENT)]
        if not found:
            report.error(place, "{} has no key in it", str(file))
        if name is not None and len(found) > 1:
            report.error(place, "{} has several keys, which can't all have the same name", str(file))
            return
        for number, line in found:
            if sendable(line):
                report.secret(line)
                self._add(Secret(line), place, name)
            else:
                report.error(place, f"line {{0}} of {{1}} {UNSENDABLE}", number, str(file))

    def _add(self, key: Secret, path: Path, name: str | None) -> None:
        for known in self.keys:
            if known.secret == key:
                self._report.warning(path, "is the same key as {}: it is left out", known.name)
                return
        said = name or str(len(self.keys) + 1)
        if key.reveal() in said:
            self._report.error(path, "its name tells what the key is", suggestion="give it another name")
        elif any(known.name == said for known in self.keys):
            self._report.error(path, "another key has the name {}", said, suggestion="give each its own name")
        else:
            self.keys.append(Key(key, said))
