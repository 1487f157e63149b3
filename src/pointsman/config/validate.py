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
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "number_needed": "a number",
    "printable": "text without control characters",
    "size_needed": 'a size like "13B"',
    "string_type": "text",
}
"""pydantic's error type -> what was expected. Choices tell their words themselves."""

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
        wrong = _wrong(given, error)
        for place, details in wrong.items():
            if place[0] not in lost:
                _tell(details, place, path, written, report)
        try:
            made = model.model_validate(_without(given, list(wrong)))
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
        for place, details in _wrong(value, error).items():
            _tell(details, place, (name,), {}, report)
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


def _wrong(value: Any, error: ValidationError) -> dict[Path, list[ErrorDetails]]:
    """What is wrong by its place in ``value``. Where one of several kinds may stand each says what it misses."""
    found: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(_place(value, detail["loc"]), []).append(detail)
    return found


def _tell(
    details: Sequence[ErrorDetails], place: Path, path: Path, written: Mapping[str, Path], report: Report
) -> None:
    """``place``: within the section at ``path``. ``written``: where a field is that goes by another name there.

    A value of a right kind that is out of bounds is told by that alone.
    """
    where = (*path, *(step for part in place for step in written.get(str(part), (part,))))
    detail = next((each for each in details if each["type"] in BOUNDS), details[0])
    kind = detail["type"]
    if kind == "missing":
        report.error(where, "is required")
    elif kind == "string_too_short":
        report.error(where, "must not be empty")
    elif kind in BOUNDS:
        template, bound = BOUNDS[kind]
        report.error(where, template, _number(detail.get("ctx", {}).get(bound)))
    else:
        quoted = kind == "string_type" and isinstance(detail["input"], int | float)
        suggestion = "put it in quotes" if quoted else ""
        report.error(where, f"{_expected(details)}, got {_word(detail['input'])}", suggestion=suggestion)


def _expected(details: Sequence[ErrorDetails]) -> str:
    """What may stand there: of each kind what it is, of a choice its words."""
    words = [detail.get("ctx", {}).get("expected") or EXPECTED.get(detail["type"]) for detail in details]
    known = list(dict.fromkeys(word for word in words if word is not None))
    return f"expected {' or '.join(known)}" if known else "is not valid here"


def _number(bound: Any) -> int:
    return int(bound)


def _word(value: Any) -> str:
    return WORDS.get(type(value), "something else")
