"""The documents' shape: one pydantic model a section, one line in Document for each.

Only shape and bounds are said here; what the values mean together is told by the files that build Settings from them.
Keys that are neither fields nor LATER are unknown, unless a section is OPEN. To act on one more section: a model, a
line in Document, and its name out of ``litellm.TOP_LATER``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    SecretStr,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError

from pointsman.config import litellm
from pointsman.config.findings import Path

LATER_WORDS = "known, but not acted on by this version"

LARGEST = 2**53
"""Whole numbers up to here are the same in every JSON reader."""


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number_needed", "a number, not true or false")
    return value


def _printable(value: Any) -> Any:
    if isinstance(value, str) and not all(c.isprintable() for c in value):
        raise PydanticCustomError("printable", "text without control characters")
    return value


Whole = Annotated[int, Field(ge=0, le=LARGEST), BeforeValidator(_not_bool)]
Retries = Annotated[int, Field(ge=0, le=100), BeforeValidator(_not_bool)]
Positive = Annotated[int, Field(gt=0, le=LARGEST), BeforeValidator(_not_bool)]
Share = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False), BeforeValidator(_not_bool)]
Seconds = Annotated[float, Field(gt=0, le=86_400 * 365, allow_inf_nan=False), BeforeValidator(_not_bool)]
Pause = Annotated[float, Field(ge=0, le=86_400 * 365, allow_inf_nan=False), BeforeValidator(_not_bool)]
Name = Annotated[str, Field(min_length=1, max_length=512), BeforeValidator(_printable)]
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
    for key in sorted(model.LATER):
        properties.setdefault(key, {"description": LATER_WORDS})
    schema["additionalProperties"] = model.OPEN


class Section(BaseModel):
    """A mapping with known keys. ``path`` is where it stands. Unknown keys are reported by ``keys.py``.

    ``SHORT``: the field that a text in place of the mapping means.
    """

    model_config = ConfigDict(
        extra="ignore", hide_input_in_errors=True, protected_namespaces=(), json_schema_extra=_closed
    )
    LATER: ClassVar[frozenset[str]] = frozenset()
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


class LitellmParams(Section):
    """Where a deployment is, its limits, and any further key, which is carried to the provider in each request."""

    model_config = ConfigDict(extra="allow")
    LATER = litellm.PARAMS_LATER
    OPEN = True

    model: Name
    api_base: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    custom_llm_provider: Name | None = None
    tags: list[Name] | None = None
    weight: Share | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None
    max_parallel_requests: Positive | None = None
    timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    cooldown_time: Pause | None = None
    extra_body: dict[str, Any] | None = None


class ModelInfo(Section):
    """Free words about a model; these few are looked at."""

    model_config = ConfigDict(extra="allow")
    OPEN = True

    id: Name | None = None
    weight: Share | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None


class ModelEntry(Section):
    LATER = litellm.ENTRY_LATER

    model_name: Name
    litellm_params: LitellmParams
    model_info: ModelInfo | None = None
    weight: Share | None = None
    rpm: Positive | None = None
    tpm: Positive | None = None


class ProviderSection(Section):
    SPELLINGS = {"type": "kind", "api_base": "base_url"}

    kind: Name | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    default_model: Name | None = None
    models: list[Name] | None = None
    max_parallel_requests: Positive | None = None
    zone: Name | None = None
    description: Text | None = None


class ExactSection(Section):
    LATER = frozenset({"chain"})
    SHORT = "provider"

    provider: Name
    model: Name | None = None
    fallback: Name | None = None
    priority: Text | None = None
    description: Text | None = None


class PatternSection(Section):
    LATER = frozenset({"chain", "priority", "model"})

    pattern: str
    provider: Name
    fallback: Name | None = None
    description: Text | None = None


class RouterSection(Section):
    LATER = litellm.ROUTER_LATER

    routing_strategy: Name | None = None
    num_retries: Retries | None = None
    timeout: Seconds | None = None
    stream_timeout: Seconds | None = None
    allowed_fails: Whole | None = None
    cooldown_time: Pause | None = None
    retry_after: Pause | None = None
    fallbacks: Fallbacks = None
    default_fallbacks: list[Name] | None = None
    model_group_alias: Aliases = None
    debug_router: bool | None = None
    default_provider: Name | None = None


class LitellmSection(Section):
    LATER = litellm.LITELLM_LATER

    num_retries: Retries | None = None
    request_timeout: Seconds | None = None
    allowed_fails: Whole | None = None
    cooldown_time: Pause | None = None
    fallbacks: Fallbacks = None
    default_fallbacks: list[Name] | None = None
    drop_params: bool | None = None


class GeneralSection(Section):
    LATER = litellm.GENERAL_LATER

    master_key: SecretStr | None = None
    max_request_size_mb: Annotated[float, Field(gt=0, le=4096), BeforeValidator(_not_bool)] | None = None
    require_auth_for_metrics_endpoint: bool | None = None
    default_provider: Name | None = None


class Document(Section):
    """Every section of a configuration, in one file or several."""

    LATER = litellm.TOP_LATER

    model_list: list[ModelEntry] = []
    router_settings: RouterSection = RouterSection()
    litellm_settings: LitellmSection = LitellmSection()
    general_settings: GeneralSection = GeneralSection()
    providers: dict[str, ProviderSection] = {}
    exact_matches: dict[str, Annotated[ExactSection, OrText()]] = {}
    patterns: list[PatternSection] = []
    default_provider: Name | None = None
    debug: bool | None = None
    debug_router: bool | None = None
    environment_variables: dict[str, Any] | None = None


def json_schema() -> dict[str, Any]:
    """The configuration as a JSON Schema, for editors. Keys beginning with ``x-`` are left to the user."""
    schema = Document.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Pointsman configuration"
    schema["patternProperties"] = {"^x-": {}}
    return schema
