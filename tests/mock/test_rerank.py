"""Reranking as vLLM and llama.cpp have it: the more words a document shares with the query, the better."""

from __future__ import annotations

import pytest

from pointsman.mock.rerank import likeness

QUERY = "where does the night train stop"
DOCUMENTS = ["a cake", "The night train does stop here", "the train"]
VLLM, LLAMA = [pytest.param((kind, {"models": ["m"]}), id=kind) for kind in ("vllm", "llama-cpp")]


def asked(**more):
    return {"model": "m", "query": QUERY, "documents": DOCUMENTS, **more}


def order(answer):
    return [result["index"] for result in answer.json()["results"]]


@pytest.mark.parametrize(
    ("provider", "path"),
    [(VLLM.values[0], path) for path in ("/rerank", "/v1/rerank", "/v2/rerank")]
    + [(LLAMA.values[0], path) for path in ("/rerank", "/v1/rerank", "/reranking", "/v1/reranking")],
    indirect=["provider"],
)
async def test_the_best_stand_first(provider, ask, path):
    """The same every time, as many as are wanted, and what was read is counted."""
    answers = [await ask(provider, "POST", path, asked(**more)) for more in ({}, {}, {"top_n": 2})]
    assert [order(answer) for answer in answers] == [[1, 2, 0], [1, 2, 0], [1, 2]]
    assert answers[0].json()["results"] == answers[1].json()["results"]
    told = answers[0].json()
    assert (told["model"], told["usage"]["total_tokens"] > 0) == ("m", True)


@pytest.mark.parametrize("provider", [VLLM], indirect=True)
async def test_vllm_tells_the_documents(provider, ask):
    """Texts, or objects that have one; scores are shares."""
    answer = await ask(provider, "POST", "/v1/rerank", asked(documents=[{"text": QUERY}, "a cake"]))
    told = answer.json()
    assert told["id"].startswith("rerank-")
    assert told["results"] == [
        {"index": 0, "document": {"text": QUERY, "multi_modal": None}, "relevance_score": 1.0},
        {"index": 1, "document": {"text": "a cake", "multi_modal": None}, "relevance_score": 0.0},
    ]


@pytest.mark.parametrize("provider", [LLAMA], indirect=True)
async def test_llama_cpp_answers_as_it_is_asked(provider, ask):
    """As Jina does, or as TEI does; scores are the model's own figures."""
    jina = (await ask(provider, "POST", "/v1/rerank", asked())).json()
    tei = (
        await ask(provider, "POST", "/rerank", {"query": QUERY, "texts": ["a cake", QUERY], "return_text": True})
    ).json()
    assert jina["object"] == "list"
    assert [set(result) for result in jina["results"]] == [{"index", "relevance_score"}] * 3
    assert tei == [{"index": 1, "score": 5.0, "text": QUERY}, {"index": 0, "score": -5.0, "text": "a cake"}]


@pytest.mark.parametrize("provider", [VLLM, LLAMA], indirect=True)
@pytest.mark.parametrize("more", [{"query": 3}, {"documents": []}, {"documents": [3]}])
async def test_what_is_wrong_is_refused(provider, ask, more):
    """By name."""
    answer = await ask(provider, "POST", "/v1/rerank", asked(**more))
    assert answer.status == 400
    assert next(iter(more)) in answer.json()["error"]["message"]


@pytest.mark.parametrize("provider", [VLLM, LLAMA], indirect=True)
async def test_faults_strike_it(provider, ask):
    """As any request of a model."""
    provider.faults.set("status=503")
    assert (await ask(provider, "POST", "/v1/rerank", asked())).status == 503


def test_likeness_is_a_share():
    """Of all words those that both have; nothing is like nothing."""
    assert likeness("a b", "B c") == pytest.approx(1 / 3)
    assert likeness("", "!") == 0
