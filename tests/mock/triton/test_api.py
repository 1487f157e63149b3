"""The triton kind: what it answers, what it refuses, and in which words."""

from __future__ import annotations

import math

import pytest

from pointsman.testing import MockProvider

GENERATE = "/v2/models/ensemble/generate"
HELLO = {"text_input": "hello", "max_tokens": 64, "exclude_input_in_output": True}
COUNTED = {"return_num_input_tokens": True, "return_num_output_tokens": True}
SAMPLED = {"text_input": "hello", "parameters": {"max_tokens": 5, "exclude_input_in_output": True}}
SCHEMA = '{"type":"object","properties":{"city":{"type":"string"}}}'


@pytest.fixture
async def provider():
    async with MockProvider("triton", name="alpha") as started:
        yield started


async def test_a_text(provider, ask):
    """It names who answered; the same question has the same answer."""
    one, two = [(await ask(provider, "POST", GENERATE, HELLO)).json() for _ in range(2)]
    assert one.pop("text_output").startswith("[alpha/ensemble] ")
    assert one == {
        "model_name": "ensemble",
        "model_version": "1",
        "sequence_end": False,
        "sequence_id": 0,
        "sequence_start": False,
    }
    assert two["text_output"].startswith("[alpha/ensemble] ")


async def test_the_prompt_stands_before_the_answer_unless_it_is_left_out(provider, ask):
    """As Triton's backends have it."""
    alone = (await ask(provider, "POST", GENERATE, HELLO)).json()["text_output"]
    both = (await ask(provider, "POST", GENERATE, {**HELLO, "exclude_input_in_output": False})).json()["text_output"]
    assert both == f"hello{alone}"


async def test_a_stream_says_what_the_whole_answer_says(provider, ask):
    """A frame a token, with their number, and no mark of the end."""
    whole = (await ask(provider, "POST", GENERATE, {**HELLO, **COUNTED})).json()
    streamed = await ask(provider, "POST", f"{GENERATE}_stream", {**HELLO, **COUNTED, "stream": True})
    assert "".join(chunk["text_output"] for chunk in streamed.chunks) == whole["text_output"]
    assert sum(chunk["num_output_tokens"] for chunk in streamed.chunks) == whole["num_output_tokens"]
    assert {chunk["num_input_tokens"] for chunk in streamed.chunks} == {whole["num_input_tokens"]}
    assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (streamed.complete, "[DONE]" in streamed.data) == (True, False)


async def test_parts_belong_to_streams(provider, ask):
    """Who wants them of ``generate`` gets an error and a 200; who wants none of ``generate_stream`` one frame."""
    odd = await ask(provider, "POST", GENERATE, {**HELLO, "stream": True})
    assert odd.status == 200
    assert odd.json()["error"].startswith("generate expects model to produce exactly 1 response")
    assert len((await ask(provider, "POST", f"{GENERATE}_stream", HELLO)).chunks) == 1


async def test_limits_stops_and_formats(provider, ask):
    """By TensorRT-LLM's names."""

    async def said(**more) -> str:
        return (await ask(provider, "POST", GENERATE, {**HELLO, **more})).json()["text_output"]

    whole = await said()
    assert await said(max_tokens=3) == " ".join(whole.split(" ")[:3])
    word = whole.split(" ")[4]
    assert await said(stop_words=[word]) == whole[: whole.index(word)]
    assert await said(stop_words="", bad_words="") == whole
    assert (await said(guided_decoding_guide_type="json_schema", guided_decoding_guide=SCHEMA)).startswith('{"city":')
    assert (await said(guided_decoding_guide_type="json")).startswith('{"answer":')


async def test_outputs_that_are_asked_for(provider, ask):
    """Probabilities of TensorRT-LLM, a reason of vLLM."""
    told = (await ask(provider, "POST", GENERATE, {**HELLO, "max_tokens": 2, "return_log_probs": True})).json()
    assert (told["cum_log_probs"], told["output_log_probs"]) == (-0.5, [-0.25, -0.25])
    asked = {**SAMPLED, "return_finish_reason": True}
    assert (await ask(provider, "POST", "/v2/models/vllm_model/generate", asked)).json()["finish_reason"] == "length"


async def test_vllm_is_told_of_sampling_by_parameters_or_in_a_text(provider, ask):
    """It ends after 16 tokens where nobody says, and its last frame says why it ended."""
    path = "/v2/models/vllm_model/generate"
    short = (await ask(provider, "POST", path, SAMPLED)).json()["text_output"]
    text = {
        "text_input": "hello",
        "exclude_input_in_output": True,
        "sampling_parameters": '{"max_tokens":5,"stop":["x"]}',
    }
    assert (await ask(provider, "POST", path, text)).json()["text_output"] == short
    assert len(short.split(" ")) == 5
    asked = {"text_input": "hello", "parameters": {"stream": True, "return_finish_reason": True}}
    chunks = (await ask(provider, "POST", f"{path}_stream", asked)).chunks
    assert [chunk["finish_reason"] for chunk in chunks] == ["None"] * 16 + ["length"]


async def test_the_llm_api_has_names_of_its_own(ask):
    """For sampling, and for streams."""
    asked = {"text_input": "a", "sampling_param_max_tokens": 3, "sampling_param_exclude_input_from_output": True}
    async with MockProvider("triton", name="alpha", models=["llmapi"]) as provider:
        whole = (await ask(provider, "POST", "/v2/models/llmapi/generate", asked)).json()["text_output"]
        path = "/v2/models/llmapi/generate_stream"
        chunks = (await ask(provider, "POST", path, {**asked, "streaming": True})).chunks
    assert "".join(chunk["text_output"] for chunk in chunks) == whole
    assert len(whole.split(" ")) == 3


def tensors(**inputs) -> dict:
    kinds = {str: "BYTES", int: "INT32", float: "FP32"}
    return {
        "inputs": [
            {"name": name, "shape": [len(data)], "datatype": kinds[type(data[0])], "data": data}
            for name, data in inputs.items()
        ]
    }


async def test_tensors(provider, ask):
    """A model that is asked for a text speaks, any other embeds: a row a text, of unit length."""
    spoken = tensors(text_input=["hello"], max_tokens=[3], temperature=[0.5])
    [output] = (await ask(provider, "POST", "/v2/models/ensemble/infer", spoken)).json()["outputs"]
    assert (output["datatype"], output["data"][0].split(" ")[0]) == ("BYTES", "[alpha/ensemble]")
    texts = tensors(input_text=["a b", "c d"])
    [output] = (await ask(provider, "POST", "/v2/models/embedder/infer", texts)).json()["outputs"]
    assert (output["datatype"], output["shape"], len(output["data"])) == ("FP32", [2, 384], 768)
    assert math.fsum(x * x for x in output["data"][:384]) == pytest.approx(1)


@pytest.mark.parametrize("path", ["/generate", "/generate_stream", "/infer", "/embeddings"])
async def test_a_proxy_may_have_put_the_model_elsewhere(provider, ask, path):
    """The first one answers."""
    body = HELLO if "generate" in path else tensors(input_text=["a"])
    assert b"ensemble" in (await ask(provider, "POST", path, body)).body


async def test_health_and_models(provider, ask):
    """A model that is unloaded is not ready, is not listed as such, and serves nobody until it is loaded again."""

    async def status(method: str, path: str, body: dict | None = None) -> int:
        return (await ask(provider, method, path, body)).status

    assert [await status("GET", f"/v2/health/{word}") for word in ("live", "ready")] == [200, 200]
    assert (await ask(provider, "GET", "/v2")).json()["name"] == "triton"
    assert (await ask(provider, "GET", "/v2/models/ensemble/versions/1")).json()["name"] == "ensemble"
    assert await status("GET", "/v2/models/ensemble/ready") == 200
    assert await status("POST", "/v2/repository/models/ensemble/unload") == 200
    assert await status("GET", "/v2/models/ensemble/ready") == 400
    assert await status("POST", GENERATE, HELLO) == 503
    listed = (await ask(provider, "POST", "/v2/repository/index")).json()
    assert {model["name"]: model["state"] for model in listed} == {
        "ensemble": "UNAVAILABLE",
        "vllm_model": "READY",
        "embedder": "READY",
    }
    ready = (await ask(provider, "POST", "/v2/repository/index", {"ready": True})).json()
    assert [model["name"] for model in ready] == ["vllm_model", "embedder"]
    assert await status("POST", "/v2/repository/models/ensemble/load") == 200
    assert await status("POST", GENERATE, HELLO) == 200
    assert await status("POST", "/v2/repository/models/nobody/load") == 400


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/v2/models/nobody/generate", HELLO, 404, "Request for unknown model: 'nobody' is not found"),
        ("/v2/models/ensemble/versions/9/generate", HELLO, 404, "Request for unknown model: 'ensemble' is not found"),
        ("/v2/models/ensemble/nothing", HELLO, 404, "Not Found"),
        (GENERATE, b"{", 400, "failed to parse the request JSON buffer: Invalid value. at 0"),
        (GENERATE, {"text_input": "a"}, 400, "missing required input(s) ['max_tokens']"),
        (GENERATE, {**HELLO, "text_input": 3}, 400, "unable to parse 'text_input'"),
        (GENERATE, {**HELLO, "odd": [1]}, 400, "attempt to add JSON parameter 'odd'"),
        (GENERATE, {**HELLO, "stop_words": {}}, 400, "can not convert input 'stop_words'"),
        (GENERATE, {**HELLO, "parameters": 3}, 400, "Expected JSON object for keyword: 'parameters'"),
        (GENERATE, {**HELLO, "text_input": "a" * 40_000}, 500, "exceeds maximum input length (8192)"),
        ("/v2/models/vllm_model/generate", {**HELLO, "bad": 1}, 500, "Unexpected keyword argument 'bad'"),
        ("/v2/models/vllm_model/generate", {**HELLO, "sampling_parameters": "{"}, 400, "Error generating stream"),
        ("/v2/models/ensemble/infer", {}, 400, "Unable to find 'inputs'"),
        ("/v2/models/ensemble/infer", {"inputs": [{}]}, 400, "Unable to find 'name'"),
        ("/v2/models/ensemble/infer", {"inputs": [{"name": "a", "datatype": "X"}]}, 400, "unable to parse 'data'"),
        (
            "/v2/models/ensemble/infer",
            {"inputs": [{"name": "a", "datatype": "BYTES", "shape": [2], "data": ["x"]}]},
            400,
            "unexpected shape for input 'a'",
        ),
    ],
)
async def test_what_is_refused(provider, ask, path, body, status, error):
    """In Triton's one shape, and words that name what was wrong."""
    answer = await ask(provider, "POST", path, body)
    assert answer.status == status
    assert error in answer.json()["error"]


async def test_a_model_s_own_refusal_of_a_stream_is_its_first_frame(provider, ask):
    """With the status of an error; whole it is plain JSON."""
    long = {**HELLO, "text_input": "a" * 40_000, "stream": True}
    answer = await ask(provider, "POST", f"{GENERATE}_stream", long)
    assert (answer.status, answer.headers["content-type"]) == (500, "text/event-stream; charset=utf-8")
    assert "exceeds maximum input length" in answer.chunks[0]["error"]


async def test_faults_are_triton_s(provider, ask):
    """A status, an error inside a stream, a server that is not ready; a fault may be meant for one model."""
    provider.faults.set("status=503:model=vllm_model")
    assert (await ask(provider, "POST", GENERATE, HELLO)).status == 200
    assert (await ask(provider, "POST", "/v2/models/vllm_model/generate", SAMPLED)).json() == {
        "error": "simulated fault: status 503"
    }
    provider.faults.set("error_frame=2")
    chunks = (await ask(provider, "POST", f"{GENERATE}_stream", {**HELLO, "stream": True})).chunks
    assert (len(chunks), list(chunks[-1])) == (3, ["error"])
    provider.faults.set("loading")
    assert (await ask(provider, "GET", "/v2/health/ready")).status == 400


async def test_the_ledger_knows_the_model(provider, ask):
    """It stands in the path."""
    await ask(provider, "POST", "/v2/models/vllm_model/versions/1/generate", SAMPLED)
    assert provider.ledger.last.model == "vllm_model"
