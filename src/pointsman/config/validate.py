"""Plain data to typed sections, keeping what is right: one wrong value costs that value, never the rest.

pydantic judges; here its verdicts become findings in the user's words, with a place and without any value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from pointsman.config.findings import Path, Report
from pointsman.config.keys import Inner, inner
from pointsman.config.schema import Document
from pointsman.config.section import Section

S = TypeVar("S", bound=Section)

EXPECTED: dict[str, str] = {
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "dict_type": "expected a mapping",
    "finite_number": "expected a finite number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "int_from_float": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a smaller whole number",
    "int_type": "expected a whole number",
    "list_type": "expected a list",
    "model_type": "expected a mapping",
    "model_attributes_type": "expected a mapping",
    "number_needed": "expected a number",
    "printable": "expected text without control characters",
    "size_needed": 'expected a size like "13B"',
    "string_type": "expected text",
}
"""pydantic's error type -> what was expected."""

BOUNDS: dict[str, tuple[str, str]] = {
    "greater_than": ("must be greater than {}", "gt"),
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than_equal": ("must be at most {}", "le"),
    "string_too_long": ("must have at most {} characters", "max_length"),
}

WORDS: dict[type, str] = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "text",
    type(None): "nothing",
}


def document(data: Mapping[str, Any], report: Report) -> Document:
    """All sections that could be read. Those that say nothing have their defaults."""
    parts: dict[str, Any] = {}
    inside = inner(Document)
    for name, value in data.items():
        if name not in Document.model_fields or value is None:
            continue
        part = _held(inside[name], value, (name,), report) if name in inside else _plain(name, value, report)
        if part is not None:
            parts[name] = part
    return Document.model_construct(**parts)


def section(model: type[S], data: Any, path: Path, report: Report) -> S | None:
    """One section; None if what it can't do without is wrong."""
    fields = _fields(model, data, path, report)
    if fields is None:
        return None
    given, written = fields
    parts = _parts(model, given, path, written, report)
    lost = {name for name, part in parts.items() if part is None}
    given = {name: value for name, value in (given | parts).items() if name not in lost}
    try:
        made = model.model_validate(given)
    except ValidationError as error:
        wrong = [(detail, _place(given, detail["loc"])) for detail in error.errors(include_url=False)]
        for detail, place in wrong:
            if place[0] not in lost:
                _tell(detail, place, path, written, report)
        try:
            made = model.model_validate(_without(given, [place for _, place in wrong]))
        except ValidationError:
            return None
    made.at(path, written)
    return made


def _parts(
    model: type[Section], given: Mapping[str, Any], path: Path, written: Mapping[str, Path], report: Report
) -> dict[str, Any]:
    """The sections inside of a section, by field; None for those that were told to be wrong."""
    return {
        name: _held(held, given[name], (*path, *written.get(name, (name,))), report)
        for name, held in inner(model).items()
        if given.get(name) is not None
    }


def _fields(
    model: type[Section], data: Any, path: Path, report: Report
) -> tuple[dict[str, Any], dict[str, Path]] | None:
    """What is said by field, and where in the section those are that go by another spelling. None if it is none."""
    if isinstance(data, str) and model.SHORT is not None:
        return {model.SHORT: data}, {model.SHORT: ()}
    if isinstance(data, Mapping):
        written: dict[str, Path] = {
            name: (word,) for word, name in model.SPELLINGS.items() if word in data and name not in data
        }
        return _spelled(model, data, path, report), written
    expected = "a mapping" if model.SHORT is None else "text or a mapping"
    report.error(path, f"expected {expected}, got {_word(data)}")
    return None


def _held(held: Inner, value: Any, path: Path, report: Report) -> Any:
    if held.holder is None:
        return section(held.model, value, path, report)
    if not isinstance(value, dict | list) or not isinstance(value, held.holder):
        report.error(path, f"expected {WORDS[held.holder]}, got {_word(value)}")
        return None
    if isinstance(value, list):
        made = [section(held.model, item, (*path, index), report) for index, item in enumerate(value)]
        return [part for part in made if part is not None]
    named = {
        key: section(held.model, {} if item is None else item, (*path, key), report) for key, item in value.items()
    }
    return {key: part for key, part in named.items() if part is not None}


def _plain(name: str, value: Any, report: Report) -> Any:
    field = Document.model_fields[name]
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _tell(detail, _place(value, detail["loc"]), (name,), {}, report)
        return None


def _spelled(model: type[Section], data: Mapping[str, Any], path: Path, report: Report) -> dict[str, Any]:
    """The same mapping with our spellings. Both spellings at once must say the same."""
    if not model.SPELLINGS.keys() & data.keys():
        return dict(data)
    given = {key: value for key, value in data.items() if key not in model.SPELLINGS}
    for spelling, name in model.SPELLINGS.items():
        if spelling in data:
            if given.get(name) not in (None, data[spelling]):
                report.error((*path, spelling), "says something else than {}", name, suggestion="keep one of the two")
            given.setdefault(name, data[spelling])
    return given


def _without(value: Any, places: Sequence[Path]) -> Any:
    """A copy without what stands at these places; places that don't exist are no matter."""
    gone = {place[0] for place in places if len(place) == 1}
    deeper: dict[str | int, list[Path]] = {}
    for place in places:
        if len(place) > 1:
            deeper.setdefault(place[0], []).append(place[1:])
    if isinstance(value, Mapping):
        kept = ((key, item) for key, item in value.items() if key not in gone)
        return {key: _without(item, deeper[key]) if key in deeper else item for key, item in kept}
    if isinstance(value, list):
        items = ((index, item) for index, item in enumerate(value) if index not in gone)
        return [_without(item, deeper[index]) if index in deeper else item for index, item in items]
    return value


def _place(value: Any, steps: Path) -> Path:
    """As much of it as leads through what was said: pydantic also names the branches of a union, which nobody wrote."""
    for number, step in enumerate(steps):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return steps[:number]
    return steps


def _tell(detail: ErrorDetails, place: Path, path: Path, written: Mapping[str, Path], report: Report) -> None:
    """``place``: within the section at ``path``. ``written``: where a field is that goes by another name there."""
    where = (*path, *(step for part in place for step in written.get(str(part), (part,))))
    kind, got = detail["type"], f", got {_word(detail['input'])}"
    if kind == "missing":
        report.error(where, "is required")
    elif kind == "string_too_short":
        report.error(where, "must not be empty")
    elif kind in BOUNDS:
        template, bound = BOUNDS[kind]
        report.error(where, template, _number(detail.get("ctx", {}).get(bound)))
    elif kind == "string_type" and isinstance(detail["input"], int | float):
        report.error(where, EXPECTED[kind] + got, suggestion="put it in quotes")
    else:
        report.error(where, EXPECTED.get(kind, "is not valid here") + got)


def _number(bound: Any) -> int:
    return int(bound)


def _word(value: Any) -> str:
    return WORDS.get(type(value), "something else")
