"""``pointsman check``: every finding of a configuration, for people or as JSON. Nothing is started or sent."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from pointsman.config.findings import Finding
from pointsman.config.load import Loaded, load

COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}


def check(paths: list[Path], as_json: bool) -> int:
    """Print the findings of files and folders read together. 1 if any is an error, else 0.

    Names that nothing here defines are warnings: a file may be one of several.
    """
    loaded = load(paths, environ=os.environ, standalone=True)
    if as_json:
        print(as_text(loaded))
    else:
        _show(loaded, paths, Console(highlight=False, soft_wrap=True))
    return 0 if loaded.settings is not None else 1


def as_text(loaded: Loaded) -> str:
    """The findings as a JSON object: ``{"ok", "errors", "warnings", "findings": […]}``."""
    told = {
        "ok": loaded.settings is not None,
        "errors": _count(loaded, "error"),
        "warnings": _count(loaded, "warning"),
        "findings": loaded.findings,
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def _count(loaded: Loaded, severity: str) -> int:
    return sum(finding.severity == severity for finding in loaded.findings)


def _show(loaded: Loaded, paths: list[Path], console: Console) -> None:
    for finding in loaded.findings:
        console.print(_line(finding))
    console.print(_summary(loaded, paths))


def _line(finding: Finding) -> Text:
    line = Text()
    line.append(f"{finding.place}: " if finding.file else "", style="dim")
    line.append(finding.severity, style=COLOURS[finding.severity])
    line.append(": ")
    line.append(f"{finding.key}: " if finding.key else "", style="bold")
    line.append(finding.message)
    if finding.suggestion:
        line.append(f" ({finding.suggestion})", style="green")
    return line


def _summary(loaded: Loaded, paths: list[Path]) -> Text:
    errors, warnings = _count(loaded, "error"), _count(loaded, "warning")
    counted = f"{_many(errors, 'error')}, {_many(warnings, 'warning')}"
    if loaded.settings is None:
        return Text(f"{counted}: this configuration can't be used", style="red")
    named = sum(deployment.model is not None for deployment in loaded.settings.deployments)
    files = len(loaded.settings.sources) or len(paths)
    content = f"{_many(named, 'deployment')}, {_many(len(loaded.settings.providers), 'provider')}"
    return Text(f"{counted}: {content} from {_many(files, 'file')}", style="green")


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
