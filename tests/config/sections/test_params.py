"""``drop_params`` and ``additional_drop_params``: whose word counts, and what can't be left out."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping


def load(entry=None, provider=None, everywhere=None):
    place = {"kind": "ollama", **(provider or {})}
    params = {"model": "home/x", **(entry or {})}
    return load_mapping(
        {
            "providers": {"home": place},
            "model_list": [{"model_name": "m", "litellm_params": params}],
            "litellm_settings": {} if everywhere is None else {"drop_params": everywhere},
        },
        environ={},
    )


@pytest.mark.parametrize(
    ("entry", "provider", "everywhere", "expected"),
    [
        (None, None, None, None),
        (None, None, True, True),
        (None, False, True, False),
        (None, True, False, True),
        (True, False, False, True),
        (False, True, True, False),
    ],
)
def test_the_innermost_word_counts(entry, provider, everywhere, expected):
    """Of the entry, of its provider, of all."""
    said = [{} if word is None else {"drop_params": word} for word in (entry, provider)]
    loaded = load(*said, everywhere)
    assert loaded.findings == ()
    [listed, *rest] = loaded.settings.deployments
    assert listed.drop_params is expected
    assert {d.drop_params for d in rest} == {provider if provider is not None else everywhere}
    assert "drop_params" not in listed.params


def test_fields_that_a_deployment_never_gets():
    """Each once. What is asked for itself can't be left out, nor a part of a field; both are told."""
    loaded = load({"additional_drop_params": ["seed", "messages", "tools[*].strict", "user", "seed"]})
    assert loaded.settings.deployments[0].additional_drop_params == ("seed", "user")
    assert loaded.settings.deployments[0].params == {}
    key = "model_list[0].litellm_params.additional_drop_params"
    assert [(f.severity, f.key, f.message) for f in loaded.findings] == [
        ("warning", f"{key}[1]", "`messages` is what is asked for, and is never left out"),
        ("warning", f"{key}[2]", "is not acted on: only whole fields are left out, not `tools[*].strict` in one"),
    ]
