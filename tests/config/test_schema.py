"""The schema as editors see it, and the walk that finds keys in it."""

from __future__ import annotations

import json

import pytest

from pointsman.config import shapes
from pointsman.config.keys import Inner, inner
from pointsman.config.schema import (
    Document,
    ExactSection,
    GeneralSection,
    LitellmParams,
    LitellmSection,
    ModelEntry,
    ModelInfo,
    PatternSection,
    ProviderSection,
    RouterSection,
    json_schema,
)
from pointsman.config.section import Section
from pointsman.config.sections.content import SemanticSection, TaskSection


def test_the_walk_knows_every_section_inside_of_another():
    """Sections are found in lists, in mappings by name, and by themselves; optional ones too."""
    assert inner(Document) == {
        "model_list": Inner(ModelEntry, list),
        "router_settings": Inner(RouterSection, None),
        "litellm_settings": Inner(LitellmSection, None),
        "general_settings": Inner(GeneralSection, None),
        "providers": Inner(ProviderSection, dict),
        "exact_matches": Inner(ExactSection, dict),
        "patterns": Inner(PatternSection, list),
        "tasks": Inner(TaskSection, dict),
        "semantic_router": Inner(SemanticSection, None),
        "request_metadata_routing": Inner(shapes.MetadataSection, dict),
        "capabilities": Inner(shapes.CapabilitySection, dict),
        "model_size_routing": Inner(shapes.SizeSection, list),
        "redundant_models": Inner(shapes.RedundantSection, dict),
        "load_balancing": Inner(shapes.StrategySection, dict),
        "strategies": Inner(shapes.StrategySection, dict),
        "fallback_chains": Inner(shapes.ChainSection, dict),
        "first_request_routing": Inner(shapes.FirstRequestSection, None),
        "rate_limited_fallback": Inner(shapes.RateLimitedSection, None),
        "error_based_routing": Inner(shapes.ErrorBasedSection, None),
    }
    assert inner(ModelEntry) == {"litellm_params": Inner(LitellmParams, None), "model_info": Inner(ModelInfo, None)}


def test_the_json_schema_is_json_and_closed():
    """The exported schema can be written as JSON, names every section, and refuses unknown keys where we do."""
    schema = json.loads(json.dumps(json_schema()))

    assert schema["properties"].keys() == Document.model_fields.keys() | Document.LATER
    assert schema["additionalProperties"] is False
    assert schema["patternProperties"] == {"^x-": {}}
    for model in _sections(Section):
        if model is not Document:
            exported = schema["$defs"][model.__name__]
            assert exported["additionalProperties"] is model.OPEN, model
            assert exported["properties"].keys() == {
                *model.model_fields,
                *model.LATER,
                *model.INSTEAD,
                *model.SPELLINGS,
            }


def _sections(model):
    for sub in model.__subclasses__():
        yield sub
        yield from _sections(sub)


def test_the_json_schema_shows_no_default_that_is_secret_and_marks_what_waits():
    """Keys that wait say so in the editor, and keys are marked as passwords."""
    schema = json_schema()
    router = schema["$defs"]["RouterSection"]["properties"]
    key = schema["$defs"]["LitellmParams"]["properties"]["api_key"]

    assert router["search_tools"] == {"description": "known, but not acted on by this version"}
    assert router["redis_host"] == {"description": RouterSection.INSTEAD["redis_host"][1]}
    assert {"format": "password", "type": "string", "writeOnly": True} in key["anyOf"]


KEYWORDS = {
    "$defs", "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "const", "default", "description", "enum",
    "exclusiveMinimum", "format", "items", "maxLength", "maximum", "minLength", "minimum", "pattern",
    "patternProperties", "properties", "required", "title", "type", "writeOnly",
}  # fmt: skip
"""What JSON Schema 2020-12 has and this schema uses."""


def _subschemas(schema):
    yield schema
    for holder in ("$defs", "properties", "patternProperties"):
        for inside in schema.get(holder, {}).values():
            yield from _subschemas(inside)
    for inside in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inside, dict):
            yield from _subschemas(inside)


def test_the_json_schema_speaks_json_schema():
    """An editor knows every word in it."""
    assert {word for part in _subschemas(json_schema()) for word in part} <= KEYWORDS


def test_editors_know_what_may_be_a_text():
    """An exact match is a mapping, or the provider's name in place of it."""
    said = json_schema()["properties"]["exact_matches"]["additionalProperties"]

    assert said == {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/ExactSection"}]}


@pytest.mark.parametrize("section", ["RouterSection", "LitellmSection"])
def test_editors_know_the_bounds_of_num_retries(section):
    """From 0 to 100, as loading has it."""
    number = json_schema()["$defs"][section]["properties"]["num_retries"]["anyOf"][0]

    assert number == {"minimum": 0, "maximum": 100, "type": "integer"}
