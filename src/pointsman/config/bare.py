"""Blocks that stand alone, without the name of their section, told apart by their shape (the documents print them so).

A list of patterns, a deployment, a capability, a strategy or a fallback chain becomes a document of its own, in the
section it belongs to, so that the same name may stand for a capability in one file and for a chain in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.config.findings import Place, Report
from pointsman.config.schema import Document, ModelEntry
from pointsman.config.yaml_marks import Marks, Read

SHAPES: tuple[tuple[str, frozenset[str]], ...] = (
    ("fallback_chains", frozenset({"chain"})),
    ("strategies", frozenset({"applicable_to", "weight_factors", "measure"})),
    (
        "capabilities",
        frozenset({"preferred_models", "provider", "providers", "min_model_size", "min_context"}),
    ),
)
"""The section of a block that has any of these keys; the first row that fits counts."""

OWN = "x-"
"""Keys at the top that begin so are the user's own."""

ADDRESSED = frozenset({"api_base", "custom_llm_provider"})
"""Beside ``model``, either of these makes ``litellm_params`` of a mapping."""


def unwrapped(read: Read, report: Report) -> list[Read]:
    """The documents in a file: the file itself, and one for each section that its bare blocks belong to. Empty if the
    file is neither a mapping nor a list of patterns.
    """
    if isinstance(read.value, dict) and read.marks is not None:
        return _deployment(read, report) or _sorted(read.value, read.marks, report)
    items = read.value if isinstance(read.value, list) else []
    if items and all(isinstance(item, dict) and "pattern" in item for item in items):
        return [_held(read, "patterns")]
    return []


def home_of(name: str, value: Any) -> str | None:
    """The section that a block at the top belongs to; None for a section, and for what has no known shape."""
    known = name in Document.model_fields or name in Document.LATER or name.startswith(OWN)
    if known or not isinstance(value, Mapping):
        return None
    return next((section for section, keys in SHAPES if not keys.isdisjoint(value)), None)


def _deployment(read: Read, report: Report) -> list[Read]:
    """A file that is one entry of ``model_list``, or only its ``litellm_params``: named after its model then."""
    if "model" in read.value and not ADDRESSED.isdisjoint(read.value):
        read = _held(read, "litellm_params")
    value, marks = read.value, read.marks
    params = value.get("litellm_params")
    if not isinstance(params, dict) or marks is None or not value.keys() <= ModelEntry.model_fields.keys():
        return []
    text = "stands without its section and is read as one of `model_list`"
    if "model_name" not in value:
        text += ", named after its model"
        value = {"model_name": params.get("model"), **value}
        marks = Marks(marks.at, {"model_name": marks.at, **marks.keys}, marks.inner)
    report.say("info", ("model_list", 0), text, place=marks.at)
    listed = Read([value], Marks(marks.at, {0: marks.at}, {0: marks}))
    return [_held(listed, "model_list")]


def _held(read: Read, key: str) -> Read:
    """The same under a key."""
    at = read.marks.at if read.marks is not None else Place()
    return Read({key: read.value}, Marks(at, {key: at}, {key: read.marks} if read.marks is not None else {}))


def _sorted(value: dict[str, Any], marks: Marks, report: Report) -> list[Read]:
    homes = {name: home_of(name, block) for name, block in value.items()}
    documents = [_part({name: value[name] for name, home in homes.items() if home is None}, marks)]
    for section in dict.fromkeys(home for home in homes.values() if home is not None):
        part = _part({name: value[name] for name, home in homes.items() if home == section}, marks)
        at = next(iter(part.marks.keys.values())) if part.marks is not None else marks.at
        documents.append(Read({section: part.value}, Marks(at, {section: at}, {section: part.marks or marks})))
        for name in part.value:
            text = "stands without its section and is read as one of `{}`"
            report.say("info", (section, name), text.format(section), place=marks.keys[name])
    return documents


def _part(value: dict[str, Any], marks: Marks) -> Read:
    """Some of a mapping's keys, with their marks."""
    keys: dict[str | int, Place] = {name: marks.keys[name] for name in value}
    return Read(value, Marks(marks.at, keys, {name: marks.inner[name] for name in value if name in marks.inner}))
