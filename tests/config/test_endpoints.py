"""Addresses that name an endpoint, as LiteLLM's users write them for Triton."""

from __future__ import annotations

import pytest

from pointsman.config.endpoints import Endpoint, endpoint_of
from pointsman.config.load import load_mapping

HOST = "http://h:8000"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HOST, Endpoint(HOST)),
        (f" {HOST}/ ", Endpoint(HOST)),
        (f"{HOST}/v2", Endpoint(HOST)),
        (f"{HOST}/triton", Endpoint(f"{HOST}/triton")),
        (f"{HOST}/generate", Endpoint(HOST, None, "/generate")),
        (f"{HOST}/triton/generate_stream", Endpoint(f"{HOST}/triton", None, "/generate")),
        (f"{HOST}/infer", Endpoint(HOST, None, "/infer")),
        (f"{HOST}/triton/embeddings/", Endpoint(f"{HOST}/triton", None, "/embeddings")),
        (f"{HOST}/v2/models/llama", Endpoint(HOST, "llama")),
        (f"{HOST}/v2/models/llama/generate", Endpoint(HOST, "llama")),
        (f"{HOST}/x/v2/models/llama/generate_stream", Endpoint(f"{HOST}/x", "llama")),
        (f"{HOST}/v2/models/a%20b/versions/2/generate", Endpoint(HOST, "a b/versions/2")),
        (f"{HOST}/v2/models/llama/infer", Endpoint(HOST, "llama", "/v2/models/llama/infer")),
        (f"{HOST}/v2/models/llama/embeddings", Endpoint(f"{HOST}/v2/models/llama", None, "/embeddings")),
    ],
)
def test_an_address_is_taken_apart(url, expected):
    """What stands before it, the model in it, and where to ask if that is another place than the model's."""
    assert endpoint_of(url) == expected


def placed(**params: object) -> tuple:
    loaded = load_mapping({"model_list": [{"model_name": "m", "litellm_params": params}]}, environ={})
    assert loaded.settings is not None, loaded.findings
    assert loaded.findings == ()
    [made] = loaded.settings.deployments
    return made.provider.name, made.provider.kind, made.provider.base_url, made.model, made.path


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"model": "triton/llama"}, ("triton", "triton", "http://127.0.0.1:8000", "llama", None)),
        ({"model": "tensorrt/llama"}, ("triton", "triton", "http://127.0.0.1:8000", "llama", None)),
        ({"model": "triton/llama", "api_base": HOST}, ("triton", "triton", HOST, "llama", None)),
        ({"model": "triton/x", "api_base": f"{HOST}/generate"}, ("triton", "triton", HOST, "x", "/generate")),
        ({"model": "triton/x", "api_base": f"{HOST}/v2/models/y/generate"}, ("triton", "triton", HOST, "y", None)),
        (
            {"model": "triton/x", "base_url": f"{HOST}/v2/models/y/infer"},
            ("triton", "triton", HOST, "y", "/v2/models/y/infer"),
        ),
        (
            {"model": "e5", "custom_llm_provider": "triton", "api_base": f"{HOST}/embeddings"},
            ("triton", "triton", HOST, "e5", "/embeddings"),
        ),
    ],
)
def test_an_entry_is_served_where_it_says(params, expected):
    """At one provider for all endpoints of an address."""
    assert placed(**params) == expected


def test_what_triton_is_told_of_a_model_is_no_slip():
    """None of its words is taken for another one."""
    known = {
        "triton_backend": "vllm", "chat_template": "chatml", "roles": {}, "bos_token": "<s>", "eos_token": "</s>",
        "initial_prompt_value": "", "final_prompt_value": "", "triton_input": "TEXT", "triton_batched": True,
        "bad_words": ["x"], "stop_words": ["x"], "end_id": 2, "pad_id": 2, "random_seed": 1, "beam_width": 1,
        "return_log_probs": True, "return_finish_reason": False, "exclude_input_in_output": True,
    }  # fmt: skip
    assert placed(model="triton/x", **known)[1] == "triton"


def test_a_named_provider_is_the_one_at_its_address():
    """Whether the entry names an endpoint there or not; a version behind a provider's address says nothing."""
    providers = {"box": {"kind": "triton", "base_url": f"{HOST}/v2"}}
    entries = [
        {"model": "triton/a"},
        {"model": "triton/a", "api_base": f"{HOST}/v2/models/b/generate"},
        {"model": "box/c"},
    ]
    listed = [{"model_name": f"m{n}", "litellm_params": entry} for n, entry in enumerate(entries)]
    loaded = load_mapping({"providers": providers, "model_list": listed}, environ={})
    assert loaded.settings is not None, loaded.findings
    made = [(each.provider.name, each.provider.base_url, each.model) for each in loaded.settings.deployments]
    assert made[:3] == [("box", HOST, "a"), ("box", HOST, "b"), ("box", HOST, "c")]
