"""Every key of a document against the schema: unknown ones are errors, those that wait are warnings, near misses too.

It walks the data beside the models' annotations, before any value is validated, so that one wrong value hides no key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from pointsman.config.bare import OWN, home_of
from pointsman.config.findings import Path, Report
from pointsman.config.litellm import BODY_PARAMS
from pointsman.config.nearest import near
from pointsman.config.schema import Document, LitellmParams
from pointsman.config.section import LATER_WORDS, Section


class Inner(msgspec.Struct, frozen=True):
    """A field that holds sections: one, a ``list`` of them, or a ``dict`` of them by name."""

    model: type[Section]
    holder: type | None


@cache
def inner(model: type[Section]) -> dict[str, Inner]:
    """The fields of a section that hold sections themselves."""
    found = {name: _inner(field.annotation) for name, field in model.model_fields.items()}
    return {name: held for name, held in found.items() if held is not None}


def _inner(annotation: Any) -> Inner | None:
    origin = get_origin(annotation)
    if origin in (Union, UnionType, Annotated):
        options = (_inner(option) for option in get_args(annotation))
        return next((option for option in options if option is not None), None)
    if origin in (list, dict):
        item = _inner(get_args(annotation)[-1])
        return Inner(item.model, origin) if item is not None and item.holder is None else None
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Inner(annotation, None)
    return None


def check_keys(model: type[Section], data: Any, path: Path, report: Report) -> None:
    """Report every key of ``data``, and of the sections inside of it, that the schema does not take as it is."""
    if not isinstance(data, Mapping):
        return
    inside = inner(model)
    for key, value in data.items():
        name = model.SPELLINGS.get(key, key)
        if name in inside:
            for place, item in _items(inside[name].holder, value):
                check_keys(inside[name].model, item, (*path, key, *place), report)
        elif name not in model.model_fields:
            _stray(model, key, value, (*path, key), report)


def _items(holder: type | None, value: Any) -> Iterator[tuple[Path, Any]]:
    if holder is None:
        yield (), value
    elif holder is list and isinstance(value, list):
        for index, item in enumerate(value):
            yield (index,), item
    elif holder is dict and isinstance(value, Mapping):
        for key, item in value.items():
            yield (key,), item


def _stray(model: type[Section], key: str, value: Any, path: Path, report: Report) -> None:
    if key in model.LATER:
        report.warning(path, LATER_WORDS)
    elif key in model.INSTEAD:
        severity, text = model.INSTEAD[key]
        report.say(severity, path, text)
    elif model is LitellmParams:
        _near_miss(key, path, report)
    elif model.OPEN or (model is Document and key.startswith(OWN)):
        return
    else:
        home = home_of(key, value) if model is Document else None
        home = home or _home(model, key)
        hint = f"it belongs in `{home}`" if home else ""
        known = () if home else (*model.model_fields, *model.SPELLINGS, *sorted(model.LATER), *model.INSTEAD)
        report.unknown("error", path, "unknown key {}", key, known, hint)


def _near_miss(key: str, path: Path, report: Report) -> None:
    """``litellm_params`` takes any key; one that looks like a slip of the pen is worth a warning."""
    if key in BODY_PARAMS:
        return
    known = _carried()
    if near(key, known) is not None:
        report.unknown("warning", path, "key {} is not known and is carried to the provider as it is", key, known)


@cache
def _carried() -> tuple[str, ...]:
    return (*LitellmParams.model_fields, *sorted(LitellmParams.LATER), *sorted(BODY_PARAMS))


@cache
def _home(model: type[Section], key: str) -> str | None:
    """The section inside of ``model`` that has this key, if it stands too far out."""
    for name, held in inner(model).items():
        inside = held.model
        if held.holder is None and (key in inside.model_fields or key in inside.LATER or key in inside.INSTEAD):
            return name
    return None
