"""Entries of ``model_list`` as deployments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.load import load_mapping
from pointsman.model.secret import Secret


def entry(name="m", info=None, outer=None, **params):
    made = {"model_name": name, "litellm_params": {"model": "ollama/x", **params}, **(outer or {})}
    return made if info is None else {**made, "model_info": info}


def load(*entries, **sections):
    return load_mapping({"model_list": list(entries), **sections}, environ={"KEY": "sk-from-environment"})


def errors(loaded):
    return [(f.key, f.message) for f in loaded.findings if f.severity == "error"]


def test_an_entry_is_a_deployment_with_everything_it_says():
    """Limits and times become fields, everything else a parameter of each request; model_info is kept."""
    loaded = load(
        entry(
            info={"id": "mine", "mode": "chat", "owner": "ops"},
            outer={"tpm": 1000},
            api_key="os.environ/KEY",
            rpm=60,
            weight=2,
            max_parallel_requests=4,
            timeout=30,
            stream_timeout="5",
            cooldown_time=0,
            temperature=0.6,
            num_ctx=4096,
            keep_alive="30m",
            stop=["\n\n", "User:"],
            extra_body={"top_k": 5, "temperature": 0.7},
            nothing=None,
        )
    )
    made = loaded.settings.deployments[0]

    assert (made.id, made.model_name, made.model) == ("mine", "m", "x")
    assert made.provider.api_key == Secret("sk-from-environment")
    assert (made.rpm, made.tpm, made.weight, made.max_parallel_requests) == (60, 1000, 2.0, 4)
    assert (made.timeout, made.stream_timeout, made.cooldown_time) == (30.0, 5.0, 0.0)
    assert made.params == {
        "temperature": 0.7, "num_ctx": 4096, "keep_alive": "30m", "stop": ["\n\n", "User:"], "top_k": 5,
    }  # fmt: skip
    assert made.info == {"id": "mine", "mode": "chat", "owner": "ops"}


@pytest.mark.parametrize("key", ["rpm", "tpm", "weight"])
def test_limits_may_stand_in_three_places_and_the_outer_one_counts(key):
    """Beside litellm_params, in it, or in model_info; a different value further in is told."""
    only_inner = load(entry(info={key: 7})).settings.deployments[0]
    loaded = load(entry(outer={key: 1}, info={key: 3}, **{key: 2}))

    assert getattr(only_inner, key) == 7
    assert getattr(loaded.settings.deployments[0], key) == 1
    assert [f.key for f in loaded.findings] == [
        f"model_list[0].litellm_params.{key}",
        f"model_list[0].model_info.{key}",
    ]


def test_what_is_litellms_own_business_is_no_parameter():
    """Keys for LiteLLM itself, and the caller's own fields, are not sent to a model server."""
    loaded = load(
        entry(input_cost_per_second=1e-06, max_retries=1, stream=True, extra_body={"messages": []}, aws_region_name="x")
    )

    assert loaded.settings.deployments[0].params == {}
    assert {f.severity for f in loaded.findings} == {"warning"}


def test_ids_are_made_from_name_and_provider_in_document_order():
    """A second deployment of the same name at the same provider is ``#2``; a chosen id is never given away."""
    loaded = load(entry(), entry(), entry("n"), entry(info={"id": "m@ollama#3"}), entry(), entry(api_base="http://h:1"))

    assert [d.id for d in loaded.settings.deployments] == [
        "m@ollama", "m@ollama#2", "n@ollama", "m@ollama#3", "m@ollama#4", "m@ollama-2",
    ]  # fmt: skip


def test_a_taken_id_is_an_error():
    """Two entries can't have one id, nor can an entry have a provider's name, which is its open deployment's id."""
    twice = load(entry(info={"id": "a"}), entry(info={"id": "a"}))
    provider = load(entry(info={"id": "ollama"}), providers={"ollama": {}})
    words = "is taken, by another entry or a provider's name"

    assert errors(twice) == [("model_list[1].model_info.id", f"id `a` {words}")]
    assert errors(provider) == [("model_list[0].model_info.id", f"id `ollama` {words}")]


@pytest.mark.parametrize(("name", "model"), [("*", "openai/*"), ("openai/*", "openai/*"), ("m", "ollama/*")])
def test_a_wildcard_is_left_out_and_told(name, model):
    """A wildcard entry serves nothing in this version, and does not pretend to."""
    loaded = load_mapping(
        {"model_list": [{"model_name": name, "litellm_params": {"model": model}}, entry("other")]}, environ={}
    )

    assert [d.model_name for d in loaded.settings.deployments] == ["other"]
    assert [f.key for f in loaded.findings] == ["model_list[0].model_name"]


def test_a_provider_has_an_open_deployment_and_those_it_lists():
    """Listed models are public names; the open deployment, named like the provider, serves any name as asked."""
    loaded = load(
        entry("a", model="box/a"), providers={"box": {"kind": "ollama", "models": ["a", "b"]}, "v": {"kind": "vllm"}}
    )

    assert [(d.id, d.model_name, d.model) for d in loaded.settings.deployments] == [
        ("a@box", "a", "a"),
        ("b@box", "b", "b"),
        ("box", "*", None),
        ("v", "*", None),
    ]


def test_implied_providers_are_known_by_name_only_if_a_rule_names_them():
    """A provider that only ``model_list`` implies joins ``providers`` when a rule or the default refers to it."""
    one, other = entry(), entry(api_base="http://h:1")
    rules = {"exact_matches": {"e": {"provider": "ollama-2"}}, "patterns": [{"pattern": "^p", "provider": "ollama"}]}

    assert load(one, other).settings.providers == {}
    assert list(load(one, other, **rules).settings.providers) == ["ollama-2", "ollama"]
    assert list(load(one, other, default_provider="ollama").settings.providers) == ["ollama"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from(["ollama/x", "vllm/x"]),
            st.none() | st.text("ab@#2", min_size=1, max_size=4),
        )
    )
)
def test_ids_are_unique_whatever_is_chosen(rows):
    """No two deployments share an id, unless that was told as an error."""
    entries = [entry(name, info={"id": chosen} if chosen else None, model=model) for name, model, chosen in rows]
    loaded = load(*entries, entry("last"))
    if loaded.settings is not None:
        ids = [d.id for d in loaded.settings.deployments]
        assert len(ids) == len(set(ids)) == len(rows) + 1
    else:
        assert errors(loaded)
