"""``model_list`` to deployments: the table of ``litellm.py`` applied to each entry, in document order.

An id is ``model_info.id``, else ``<model_name>@<provider>``, a second one ``#2``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pointsman.config.address import Address, Addresses
from pointsman.config.findings import Path, Report
from pointsman.config.kinds import CHOICES
from pointsman.config.litellm import ANYWHERE, CALLERS, DEPLOYMENT, TRAITS
from pointsman.config.patterns import program
from pointsman.config.schema import ModelEntry, ModelInfo, ProviderSection
from pointsman.config.section import LATER_WORDS, Section
from pointsman.config.sections.params import read_dropped
from pointsman.config.sections.rest import read_allowed, read_breaker
from pointsman.model.deployment import Deployment

ID = ("model_info", "id")
TAKEN = "id {} is taken, by another entry or a provider's name"


class Placed(msgspec.Struct, frozen=True):
    """A deployment with the path it was read from."""

    deployment: Deployment
    path: Path


class Ids:
    """Ids given out so far; made ones avoid those that were chosen."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def choose(self, wanted: str) -> bool:
        """Reserve an id; False if somebody has it."""
        if wanted in self._taken:
            return False
        self._taken.add(wanted)
        return True

    def make(self, model_name: str, provider: str) -> str:
        stem = f"{model_name}@{provider}"
        while True:
            number = self._counts[stem] = self._counts.get(stem, 0) + 1
            made = stem if number == 1 else f"{stem}#{number}"
            if self.choose(made):
                return made


def deployments(
    entries: Sequence[ModelEntry], addresses: Addresses, providers: Mapping[str, ProviderSection], report: Report
) -> list[Placed]:
    """One deployment an entry; entries without an address or with a wildcard are left out with a finding.

    ``providers``: the section, for what it says of every model at one of them.
    """
    ids = Ids(())
    chosen = [_chosen(entry, ids, report) for entry in entries]
    made: list[Placed] = []
    for entry, own in zip(entries, chosen, strict=True):
        if "*" in entry.model_name or entry.litellm_params.model.endswith("*"):
            hint = "name the models one by one, or route them with `patterns`"
            path = (*entry.path, "model_name")
            report.warning(path, f"a wildcard: {LATER_WORDS}; the entry is left out", suggestion=hint)
            continue
        address = addresses.of(entry.litellm_params)
        if address is not None:
            id_ = own or ids.make(entry.model_name, address.provider.name)
            known = traits(entry.litellm_params, entry.model_info, providers.get(address.provider.name))
            made.append(Placed(_deployment(entry, id_, address, known, report), entry.path))
    return made


def _chosen(entry: ModelEntry, ids: Ids, report: Report) -> str | None:
    wanted = entry.model_info.id if entry.model_info else None
    if wanted is not None and not ids.choose(wanted):
        report.error((*entry.path, *ID), TAKEN, wanted)
    return wanted


def check_ids(placed: Iterable[Placed], providers: Container[str], report: Report) -> None:
    """A provider's open deployment has the provider's name for its id. Ids that are made up are no such names."""
    for each in placed:
        if each.deployment.id in providers:
            report.error((*each.path, *ID), TAKEN, each.deployment.id)


def traits(*sections: Section | None) -> dict[str, Any]:
    """What is known of a model: the first of its sections that says something counts. The rest stays unknown."""
    known = {field: _first(keys, sections) for field, keys in TRAITS.items()}
    return {field: value for field, value in known.items() if value is not None}


def _first(keys: Sequence[str], sections: Iterable[Section | None]) -> Any:
    fields = ((section, key) for section in sections for key in keys if section is not None)
    said = (getattr(section, key) for section, key in fields if key in type(section).model_fields)
    return next((value for value in said if value is not None), None)


def _deployment(entry: ModelEntry, id_: str, address: Address, known: Mapping[str, Any], report: Report) -> Deployment:
    params = entry.litellm_params
    fields = {ours: getattr(params, theirs) for theirs, ours in DEPLOYMENT.items() if theirs not in ANYWHERE}
    fields["tags"] = tuple(dict.fromkeys(params.tags or ()))
    fields["tag_regex"] = tuple(
        pattern
        for index, pattern in enumerate(params.tag_regex or ())
        if program(pattern, (*params.path, "tag_regex", index), report) is not None
    )
    for key in ANYWHERE:
        fields[key] = _anywhere(entry, key, report)
    dropped = params.additional_drop_params
    fields["additional_drop_params"] = read_dropped(dropped, (*params.path, "additional_drop_params"), report)
    info = entry.model_info or ModelInfo()
    fields["breaker"] = read_breaker(info.breaker, params.cooldown_time)
    fields["allowed"] = read_allowed(
        info.allowed_fails_policy, info.place("allowed_fails_policy"), report, info.allowed_fails
    )
    if entry.model_info is not None and "tags" in (entry.model_info.model_extra or {}):
        report.warning((*entry.model_info.path, "tags"), "tells nobody apart: tags stand in `litellm_params`")
    return Deployment(
        id=id_,
        model_name=entry.model_name,
        provider=address.provider,
        model=address.model,
        path=address.path,
        params=_body(entry, address.provider.kind, report),
        info=entry.model_info.model_dump(exclude_none=True) if entry.model_info else {},
        **fields,
        **known,
    )


def _anywhere(entry: ModelEntry, key: str, report: Report) -> Any:
    """The first of the places that says something; another one that says something else is told."""
    places = [(entry, key), (entry.litellm_params, key)]
    if entry.model_info is not None:
        places.append((entry.model_info, key))
    said = [(getattr(section, key), (*section.path, key)) for section, key in places]
    said = [(value, path) for value, path in said if value is not None]
    for value, path in said[1:]:
        if value != said[0][0]:
            report.warning(path, "another {} stands further out, and that one counts", key)
    return said[0][0] if said else None


def _body(entry: ModelEntry, kind: str, report: Report) -> dict[str, Any]:
    """What is added to every request: keys without a meaning of their own, and ``extra_body``."""
    params = entry.litellm_params
    waiting = type(params).LATER
    body = {key: value for key, value in (params.model_extra or {}).items() if key not in waiting and value is not None}
    given = [((*params.path, key), key) for key in body]
    for key, value in (params.extra_body or {}).items():
        body[key] = value
        given.append(((*params.path, "extra_body", key), key))
    for path, key in given:
        if key in CALLERS:
            report.warning(path, "is the caller's to say, and is left out")
            body.pop(key, None)
        options = CHOICES.get(kind, {}).get(key)
        if options is not None and body[key] not in options:
            report.unknown("error", path, "unknown word {}", str(body[key]), options, ", ".join(options))
    return body
