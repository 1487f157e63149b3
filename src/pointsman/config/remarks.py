"""What a question to Settings may answer: a finding whose place is not known there, only what it is about."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pointsman.config.findings import Path, Report, Severity

DEPLOYMENT = "deployments"
"""First part of a subject that is a deployment; the second is its id."""


class Remark(msgspec.Struct, frozen=True):
    """One finding whose place is not known here. ``subject``: a path in the document, or a deployment by its id."""

    severity: Severity
    subject: Path
    template: str
    values: tuple[str | int, ...] = ()
    suggestion: str = ""

    def tell(self, report: Report, paths: Mapping[str, Path]) -> None:
        """Say it where it belongs. ``paths``: deployments' places by id."""
        path = self.subject
        if path[:1] == (DEPLOYMENT,):
            path = paths.get(str(path[1]), path)
        report.say(self.severity, path, self.template, *self.values, suggestion=self.suggestion)
