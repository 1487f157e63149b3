"""Anything at all, as a mapping, as a file, and as one wrong thing in a good configuration: nothing else is raised."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.findings import Report
from pointsman.config.load import load, load_mapping
from pointsman.config.schema import Document
from pointsman.config.yaml_marks import read_yaml
from pointsman.routing.topology import compile_topology

ENVIRON = {"VLLM_KEY": "vllm-key-value", "MASTER": "0123456789abcdefghij"}
WHOLE = read_yaml((Path(__file__).parent / "whole.yaml").read_bytes(), "whole.yaml", Report()).value


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


PLACES = [path for path in places(WHOLE) if path]

KEYS = st.sampled_from(
    [*Document.model_fields, *sorted(Document.LATER)[:4], "model_name", "litellm_params", "model_info", "model", "kind",
     "api_base", "base_url", "api_key", "rpm", "weight", "tags", "id", "provider", "pattern", "fallback", "fallbacks",
     "model_group_alias", "routing_strategy", "timeout", "num_retries", "master_key", "fallback_models", "ollama", "a"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["ollama/x", "a", "http://h", "os.environ/A", "${A}", "vllm", "ollama", "(", "*", "groq/x"])
)  # fmt: skip
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=5),
    max_leaves=30,
)


@given(st.dictionaries(KEYS | st.text(max_size=3), ANYTHING, max_size=6), st.booleans())
def test_any_mapping_loads_or_is_told(mapping, standalone):
    """Whatever a mapping holds: Settings without an error, or errors without Settings. Nothing else is ever raised."""
    loaded = load_mapping(mapping, environ={"A": "value"}, standalone=standalone)

    assert (loaded.settings is None) == any(f.severity == "error" for f in loaded.findings)
    if loaded.settings is not None and loaded.settings.deployments:
        compile_topology(loaded.settings)


@given(
    st.dictionaries(
        st.sampled_from(["model_list", "providers", "patterns", "exact_matches", "router_settings"]), ANYTHING
    )
)
def test_a_mapping_and_its_yaml_say_the_same(tmp_path_factory, mapping):
    """A mapping written as YAML has the same findings, apart from their places."""
    try:
        text = json.dumps(mapping, allow_nan=False, ensure_ascii=True)
    except ValueError:
        return
    file = tmp_path_factory.mktemp("same") / "a.yaml"
    file.write_text(text)
    from_file, direct = load([file], environ={}), load_mapping(mapping, environ={})
    if not any("YAML" in f.message for f in from_file.findings) and mapping:
        assert {(f.key, f.message) for f in from_file.findings} == {(f.key, f.message) for f in direct.findings}


@given(st.text(alphabet="abmodel_list: -{}[]\n\"'&*!|>#%@1.e", max_size=120) | st.binary(max_size=60))
def test_any_file_loads_or_is_told(tmp_path_factory, content):
    """Whatever a file holds, loading it raises nothing."""
    file = tmp_path_factory.mktemp("any") / "a.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    loaded = load([file], environ={}, standalone=True)

    assert (loaded.settings is None) == any(f.severity == "error" for f in loaded.findings)


@given(st.sampled_from(PLACES), ANYTHING, st.sampled_from(["replace", "rename", "drop"]))
def test_one_wrong_thing_anywhere_is_told_or_harmless(path, thing, way):
    """A good configuration with one value replaced, renamed or dropped: Settings that compile, or errors."""
    mapping = json.loads(json.dumps(WHOLE))
    holder = mapping
    for part in path[:-1]:
        holder = holder[part]
    old = holder[path[-1]]
    if way == "replace" or isinstance(holder, list):
        holder[path[-1]] = thing
    else:
        del holder[path[-1]]
        if way == "rename":
            holder[path[-1] + "x"] = old
    loaded = load_mapping(mapping, environ=ENVIRON)

    assert (loaded.settings is None) == any(f.severity == "error" for f in loaded.findings)
    if loaded.settings is not None:
        compile_topology(loaded.settings)
