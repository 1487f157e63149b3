"""What every section of a configuration is made of: known keys, a place in the file, and values with bounds.

Only shape and bounds are said here and by the models built on it; what values mean together is told by the files that
build Settings from them. Keys that are neither fields nor LATER nor INSTEAD are unknown, unless a section is OPEN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError

from pointsman.config.findings import Path, Severity
from pointsman.model.sizes import billions

LATER_WORDS = "known, but not acted on by this version"

LARGEST = 2**53
"""Whole numbers up to here are the same in every JSON reader."""

MOST_RETRIES = 100


def not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number_needed", "a number, not true or false")
    return value


def _printable(value: Any) -> Any:
    if isinstance(value, str) and not all(c.isprintable() for c in value):
        raise PydanticCustomError("printable", "text without control characters")
    return value


def _billions(value: Any) -> Any:
    size = billions(value) if isinstance(value, str) else not_bool(value)
    if size is None:
        raise PydanticCustomError("size_needed", "a size")
    return size


Whole = Annotated[int, Field(ge=0, le=LARGEST), BeforeValidator(not_bool)]
Retries = Annotated[int, Field(ge=0, le=MOST_RETRIES), BeforeValidator(not_bool)]
Positive = Annotated[int, Field(gt=0, le=LARGEST), BeforeValidator(not_bool)]
Share = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False), BeforeValidator(not_bool)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(not_bool)]
Seconds = Annotated[float, Field(gt=0, le=86_400 * 365, allow_inf_nan=False), BeforeValidator(not_bool)]
Pause = Annotated[float, Field(ge=0, le=86_400 * 365, allow_inf_nan=False), BeforeValidator(not_bool)]
Milliseconds = Annotated[float, Field(ge=0, le=86_400_000, allow_inf_nan=False), BeforeValidator(not_bool)]
Size = Annotated[
    float,
    Field(gt=0, le=100_000, allow_inf_nan=False),
    BeforeValidator(_billions),
    WithJsonSchema({"type": ["number", "string"]}),
]
"""Parameters of a model: "13B", "8x7B", "500M", or a number of billions."""

Name = Annotated[str, Field(min_length=1, max_length=512), BeforeValidator(_printable)]
Place = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^/[!-~]*$")]
"""A path below a server's base URL, as it is sent."""

Names = Annotated[list[Name], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
"""A list of names; one name may stand for itself."""

Text = Annotated[str, Field(max_length=100_000)]

_NAMES = {"type": "array", "items": {"type": "string"}}
Fallbacks = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "array",
            "items": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"model": {"type": "string"}, "fallback_models": _NAMES},
                        "required": ["model", "fallback_models"],
                        "additionalProperties": False,
                    },
                    {"type": "object", "additionalProperties": _NAMES},
                ]
            },
        }
    ),
]
"""``[{a: [b, c]}]`` or ``[{model: a, fallback_models: [b, c]}]``; read by ``names.py``, which tells the exact place."""

Aliases = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "string"},
                    _NAMES,
                    {
                        "type": "object",
                        "properties": {"model": {"type": "string"}, "hidden": {"type": "boolean"}},
                        "required": ["model"],
                        "additionalProperties": False,
                    },
                ]
            },
        }
    ),
]


class OrText:
    """Beside the type of a section with a SHORT field: editors know that a text may stand for it."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(core)]}


def _closed(schema: dict[str, Any], model: type[Section]) -> None:
    """What pydantic can't know: other spellings, keys that wait, and whether anything else may stand here."""
    properties = schema.setdefault("properties", {})
    for spelling, field in model.SPELLINGS.items():
        properties[spelling] = dict(properties[field])
    for field in [field for field in schema.get("required", ()) if field in model.SPELLINGS.values()]:
        schema["required"].remove(field)
        words = (field, *(word for word, meant in model.SPELLINGS.items() if meant == field))
        schema.setdefault("allOf", []).append({"anyOf": [{"required": [word]} for word in words]})
    for key in sorted(model.LATER):
        properties.setdefault(key, {"description": LATER_WORDS})
    for key, (_, text) in model.INSTEAD.items():
        properties.setdefault(key, {"description": text})
    schema["additionalProperties"] = model.OPEN


class Section(BaseModel):
    """A mapping with known keys. ``path`` is where it stands. Unknown keys are reported by ``keys.py``.

    ``SHORT``: the field that a text in place of the mapping means. ``INSTEAD``: further keys that are known and not
    acted on, each with what is to be said of it.
    """

    model_config = ConfigDict(
        extra="ignore", hide_input_in_errors=True, protected_namespaces=(), json_schema_extra=_closed
    )
    LATER: ClassVar[frozenset[str]] = frozenset()
    INSTEAD: ClassVar[Mapping[str, tuple[Severity, str]]] = {}
    SPELLINGS: ClassVar[dict[str, str]] = {}
    OPEN: ClassVar[bool] = False
    SHORT: ClassVar[str | None] = None

    _path: Path = PrivateAttr(default=())
    _written: dict[str, Path] = PrivateAttr(default_factory=dict)

    @property
    def path(self) -> Path:
        return self._path

    def at(self, path: Path, written: dict[str, Path] | None = None) -> None:
        """Tell the section where it stands, and where in it those of its fields are that go by another spelling."""
        self._path = path
        self._written = written or {}

    def place(self, field: str) -> Path:
        """The path of one of its fields, as it is written."""
        return (*self._path, *self._written.get(field, (field,)))
