"""How often a failure is tried again: policies by kind of failure, of all names and of one, and the budget over all."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.config.failures import AGAIN, read_policy
from pointsman.config.findings import Path
from pointsman.config.names import Ref
from pointsman.config.schema import RouterSection
from pointsman.config.sections.context import Context
from pointsman.config.settings import RetrySettings
from pointsman.model.outcome import FailureKind

SUFFIX = "Retries"
"""What LiteLLM puts behind the classes of a retry policy."""


def read_retries(section: RouterSection, aliases: Mapping[str, str], context: Context) -> RetrySettings:
    """What is not said is as usual. ``aliases``: a policy for one is the policy of the name that it stands for."""
    usual, budget = RetrySettings(), section.retry_budget
    share = budget.percent / 100 if budget is not None and budget.percent is not None else usual.share
    least = budget.min if budget is not None and budget.min is not None else usual.least
    sent = usual.sent if section.retry_possibly_billed is None else section.retry_possibly_billed
    own = _read(section.retry_policy or {}, section.place("retry_policy"), context)
    return RetrySettings(own, _groups(section, aliases, context), share, least, sent)


def _groups(section: RouterSection, aliases: Mapping[str, str], context: Context) -> dict[str, dict[FailureKind, int]]:
    place = section.place("model_group_retry_policy")
    found = {}
    for name, given in (section.model_group_retry_policy or {}).items():
        context.groups.append(Ref(name, (*place, name)))
        found[aliases.get(name, name)] = _read(given or {}, (*place, name), context)
    return found


def _read(given: Mapping[str, int | None], path: Path, context: Context) -> dict[FailureKind, int]:
    return read_policy(given, SUFFIX, AGAIN, path, context.report)
