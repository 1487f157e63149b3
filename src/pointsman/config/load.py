"""The way in: files or a mapping to Settings, with every finding told at once.

read → resolve the environment → check keys → validate sections → assemble → check the whole. Each step goes on with
what the one before could make sense of; Settings come out only if no step had an error to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as File
from typing import Any

import msgspec

from pointsman.config.assemble import assemble
from pointsman.config.check import check
from pointsman.config.environment import SECTION, Environment, resolved
from pointsman.config.findings import Finding, Place, Report
from pointsman.config.keys import check_keys
from pointsman.config.schema import Document
from pointsman.config.settings import Settings
from pointsman.config.sources import read_all
from pointsman.config.validate import document
from pointsman.errors import ConfigurationError


class Loaded(msgspec.Struct, frozen=True):
    """``settings`` is None if and only if one of the findings is an error. ``further`` are the files that the
    configuration names and that were read with it.
    """

    settings: Settings | None
    findings: tuple[Finding, ...]
    further: tuple[str, ...] = ()


def load(paths: Sequence[File], *, environ: Mapping[str, str], standalone: bool = False) -> Loaded:
    """Read files and folders, merged. ``standalone``: names that nothing here defines are warnings, not errors."""
    report = Report()
    read = read_all([File(path) for path in paths], report)
    if read.marks is not None:
        report.locate = read.marks.place
    return _loaded(read.value, report, environ, standalone=standalone or report.failed)


def load_or_raise(paths: Sequence[File], *, environ: Mapping[str, str], standalone: bool = False) -> Settings:
    """Read files and folders. Raises ConfigurationError with all findings, one a line."""
    return _settings(load(paths, environ=environ, standalone=standalone))


def from_mapping(
    mapping: Mapping[str, Any], *, environ: Mapping[str, str] | None = None, name: str = "configuration"
) -> Settings:
    """The same from a mapping of the YAML's shape. ``name`` stands in findings for the file."""
    return _settings(load_mapping(mapping, environ=environ or {}, name=name))


def load_mapping(
    mapping: Mapping[str, Any],
    *,
    environ: Mapping[str, str],
    name: str = "configuration",
    standalone: bool = False,
) -> Loaded:
    """``load`` for a mapping."""
    report = Report(lambda _path: Place(name))
    return _loaded(mapping, report, environ, standalone=standalone)


def _settings(loaded: Loaded) -> Settings:
    if loaded.settings is None:
        raise ConfigurationError("\n".join(str(finding) for finding in loaded.findings))
    return loaded.settings


def _loaded(raw: Any, report: Report, environ: Mapping[str, str], *, standalone: bool) -> Loaded:
    if not isinstance(raw, Mapping):
        report.error((), "this is not a mapping of sections")
        return Loaded(None, report.findings())
    environment = Environment(environ)
    data = resolved(raw, environment, report)
    check_keys(Document, data, (), report)
    whole = document(data, report)
    assembled = assemble(whole, data, environment, report, standalone=standalone)
    for name in environment.unused():
        text = "nothing here refers to it, and it is not exported to the process"
        report.warning((SECTION, name), text)
    for remark in check(assembled.settings, standalone=standalone or report.failed, whole=not report.failed):
        remark.tell(report, assembled.paths)
    findings = report.findings()
    settings = None if report.failed else _sourced(assembled.settings, report)
    return Loaded(settings, findings, report.further)


def _sourced(settings: Settings, report: Report) -> Settings:
    return msgspec.structs.replace(settings, sources=report.files)
