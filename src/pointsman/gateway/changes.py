"""What differs between two configurations, in the words of their files. Names only: no value is told."""

from __future__ import annotations

import msgspec

from pointsman.config.settings import Settings

SECTIONS = {
    "exact": "exact_matches",
    "aliases": "model_group_alias",
    "alias_groups": "model_group_alias",
    "hidden": "model_group_alias",
    "context_fallbacks": "context_window_fallbacks",
    "content_fallbacks": "content_policy_fallbacks",
    "router": "router_settings",
    "server": "general_settings",
    "tags": "enable_tag_filtering",
    "metadata": "request_metadata_routing",
    "sizes": "model_size_routing",
    "redundant": "redundant_models",
    "chains": "fallback_chains",
    "semantic": "semantic_router",
    "warm": "first_request_routing",
    "rest": "rate_limited_fallback, error_based_routing",
}
"""Field of Settings -> where it is configured, if that goes by another name."""

TOLD_APART = frozenset({"deployments", "sources"})
"""Deployments are told one by one; from which files something comes does not matter."""


class Changes(msgspec.Struct, frozen=True):
    """Ids of deployments, and the sections that say something else."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.sections))


def changes(old: Settings, new: Settings) -> Changes:
    """Nothing, if both mean the same."""
    before, after = ({d.id: d for d in settings.deployments} for settings in (old, new))
    compared = [field for field in Settings.__struct_fields__ if field not in TOLD_APART]
    sections = [SECTIONS.get(field, field) for field in compared if getattr(old, field) != getattr(new, field)]
    if [name for name in before if name in after] != [name for name in after if name in before]:
        sections.append("model_list")  # their order, which may say who is asked first
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
        sections=tuple(dict.fromkeys(sections)),
    )
