"""Semantic router: the claims of the document, in its order, each asked of ``examples/semantic-router`` at work.

1 Overview            test_what_a_question_is_about_decides, test_a_named_model_is_not_looked_at
2 Architecture        test_the_three_models_listen_where_the_document_says
3 Prerequisites       test_nothing_has_to_be_installed, test_other_encoders_are_a_word_of_the_configuration
4 Usage               test_the_requests_of_the_document
5 Configuration       test_endpoints_…, test_keywords_…, test_thresholds_can_be_set_…
6 How it works        test_the_nearest_category_wins_and_the_trace_says_by_how_much, test_below_every_threshold_…
7 Monitoring          test_stats_count_each_category
8 What it leaves open which turn is read, sessions, an encoder somewhere else, one that fails
"""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from pointsman.config.load import from_mapping
from support.simulated import at_work, example, reasons, who

PAGE = "semantic-router/config.yaml"
CODE, MATH, GENERAL = (
    "deepseek-ai/deepseek-coder-1.3b-instruct",
    "Qwen/Qwen2.5-Math-1.5B-Instruct",
    "Qwen/Qwen2.5-1.5B-Instruct",
)

QUESTIONS = [
    ("Write a Python function to sort a list", "code", CODE),
    ("Solve the integral of x^2 dx", "math", MATH),
    ("What is the capital of France?", "general", GENERAL),
]
"""The three requests of the document."""

MORE = [
    ("Why does my JavaScript function return undefined?", "code"),
    ("Implement quicksort as a class in Java", "code"),
    ("Fix the bug in this SQL query", "code"),
    ("Find the derivative of the polynomial x^3 - 2x", "math"),
    ("What is the probability of three heads in a row?", "math"),
    ("Solve this system of linear equations", "math"),
    ("Who wrote Don Quixote?", "general"),
    ("Suggest a name for my cat", "general"),
    ("What should I wear to a wedding?", "general"),
]


def asked(text: str) -> dict:
    return {"messages": [{"role": "user", "content": text}]}


def category(name: str, **more: object) -> dict:
    return {"endpoint": f"http://{name}.example:8000/v1", "model": f"{name}-model", **more}


def router(**more: object) -> dict:
    """A configuration of two categories and the rest."""
    categories = {
        "cooking": category("cooking", keywords=["recipe", "oven", "bake"], utterances=["How do I bake bread?"]),
        "travel": category("travel", keywords=["flight", "hotel"], utterances=["Find me a cheap flight to Lisbon"]),
        "general": category("general"),
    }
    return {"semantic_router": {"categories": categories, **more}}


# ---- 1, 2, 3


@pytest.mark.parametrize(("text", "label"), MORE, ids=[text for text, _ in MORE])
async def test_what_a_question_is_about_decides(text, label):
    """Code, mathematics and everything else, in questions that are not in the configuration."""
    async with at_work(example(PAGE)) as desk:
        assert who(await desk.chat(text=text)) == label


@pytest.mark.parametrize("model", ["auto", "auto/semantic"])
async def test_content_decides_for_names_that_say_so(model):
    """``auto`` and the router's own name mean the same as no model."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.chat(model, text=QUESTIONS[0][0])
    assert (who(reply), reply.headers["x-pointsman-route"]) == ("code", "semantic")


async def test_a_named_model_is_not_looked_at():
    """Who names one of the models gets it, whatever he asks."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.chat(GENERAL, text=QUESTIONS[0][0])
    assert (who(reply), reply.headers["x-pointsman-route"]) == ("general", "exact")


def test_the_three_models_listen_where_the_document_says():
    """Ports 12346, 12347 and 12348, each with the model that is started there."""
    at = {d.model: d.provider.base_url for d in example(PAGE).deployments if d.model is not None}
    assert at == {CODE: "http://localhost:12346", MATH: "http://localhost:12347", GENERAL: "http://localhost:12348"}


async def test_nothing_has_to_be_installed():
    """The encoder that is used unless another is named is lexical; it needs no model and asks nobody."""
    settings = example(PAGE)
    assert settings.semantic.encoder.kind == "lexical"
    async with at_work(settings) as desk:
        await desk.route(asked(QUESTIONS[0][0]))
        assert desk.asked == {}


def test_other_encoders_are_a_word_of_the_configuration():
    """``sentence-transformers`` with its model, as the document installs it, is one."""
    encoder = {"kind": "sentence-transformers", "model": "all-MiniLM-L6-v2"}
    settings = from_mapping(router(encoder=encoder))
    assert (settings.semantic.encoder.kind, settings.semantic.encoder.model) == tuple(encoder.values())


# ---- 4, 5, 6


@pytest.mark.parametrize(("text", "label", "model"), QUESTIONS, ids=["code", "math", "general"])
async def test_the_requests_of_the_document(text, label, model):
    """Each goes to the model that it should, without naming one, and that model is asked under its own name."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.post("/v1/chat/completions", asked(text))
        (received,) = desk.received(label)
    assert (who(reply), reply.headers["x-pointsman-route"]) == (label, "semantic")
    assert (reply.headers["x-pointsman-model"], received["model"]) == (model, model)
    assert received["messages"] == asked(text)["messages"]


async def test_endpoints_can_be_customised():
    """A category may name a public model of the list instead of an endpoint of its own."""
    page = router()
    page["semantic_router"]["categories"]["cooking"] = {"model": "chef", "keywords": ["oven"]}
    page["model_list"] = [{"model_name": "chef", "litellm_params": {"model": "ollama/llama3.1:8b"}}]
    async with at_work(from_mapping(page)) as desk:
        assert who(await desk.chat(text="How hot should the oven be?")) == "ollama"


async def test_keywords_can_be_customised():
    """What a category is about is said in keywords and examples."""
    async with at_work(from_mapping(router())) as desk:
        assert who(await desk.chat(text="A recipe for the oven, please")) == "cooking"
        assert who(await desk.chat(text="I need a hotel and a flight")) == "travel"


async def test_thresholds_can_be_set_for_all_and_for_one():
    """A category that demands more than a question has is passed over; the others keep theirs."""
    text = "Find me a flight to Madrid"
    strict = router()
    strict["semantic_router"]["categories"]["travel"]["threshold"] = 0.999
    async with at_work(from_mapping(router())) as desk:
        assert who(await desk.chat(text=text)) == "travel"
    async with at_work(from_mapping(strict)) as desk:
        assert who(await desk.chat(text=text)) == "general"
        assert who(await desk.chat(text="How do I bake bread?")) == "cooking"
    async with at_work(from_mapping(router(threshold=0.999))) as desk:
        assert who(await desk.chat(text=text)) == "general"


async def test_the_nearest_category_wins_and_the_trace_says_by_how_much():
    """The step of the stage has the winner with its similarity, and the runner-up with its own, which is lower."""
    async with at_work(example(PAGE)) as desk:
        told = reasons(await desk.route(asked(QUESTIONS[1][0])))["semantic"]
    assert told.index("math") < told.index("code")
    figures = [float(word.strip("(),;")) for word in told.split() if word.strip("(),;").replace(".", "", 1).isdigit()]
    assert len(figures) >= 2
    assert figures[0] > figures[1]
    assert all(0 <= figure <= 1 for figure in figures)


async def test_below_every_threshold_the_general_model_answers():
    """If no category is near enough the fallback takes the question, and the trace says so."""
    async with at_work(example(PAGE)) as desk:
        shown = await desk.route(asked("zxqv wqvz"))
    assert shown.json()["upstream_model"] == GENERAL
    assert "general" in reasons(shown)["semantic"]


# ---- 7


async def test_stats_count_each_category():
    """``/stats``: ``total_requests``, and ``routes`` by category, which sum to it."""
    async with at_work(example(PAGE)) as desk:
        for (text, _, _), times in zip(QUESTIONS, (7, 5, 8), strict=True):
            for _ in range(times):
                await desk.chat(text=text)
        stats = (await desk.get("/stats")).json()
    assert stats["total_requests"] == 20
    assert stats["routes"] == {"code": 7, "math": 5, "general": 8}


# ---- 8


async def test_the_last_user_turn_is_read_and_no_tool_output():
    """A conversation is about what its user said last, not about its beginning and not about what tools return."""
    messages = [
        {"role": "user", "content": "What is the capital of France?"},
        {"role": "assistant", "content": "Paris."},
        {"role": "user", "content": "Solve the integral of x^2 dx"},
        {"role": "tool", "tool_call_id": "1", "content": "def sort(list): return sorted(list)  # Python function"},
    ]
    async with at_work(example(PAGE)) as desk:
        shown = (await desk.route({"messages": messages})).json()
    assert shown["upstream_model"] == MATH


async def test_a_very_long_question_is_decided_too():
    """Megabytes of text cost no more than what is looked at."""
    text = f"Write a Python function. {'lorem ipsum ' * 100_000}"
    async with at_work(example(PAGE)) as desk:
        assert (await desk.route(asked(text))).json()["route"] == "semantic"


async def test_a_session_may_keep_its_category():
    """``sticky``: the second turn of a session goes where the first one went, though it says nothing of the subject."""
    session = "x-pointsman-session: s1"
    async with at_work(from_mapping(router(sticky=600))) as desk:
        first = await desk.chat(None, session, text="How do I bake bread?")
        second = await desk.chat(None, session, text="And then?")
        other = await desk.chat(None, "x-pointsman-session: s2", text="And then?")
    assert [who(reply) for reply in (first, second, other)] == ["cooking", "cooking", "general"]


async def test_an_encoder_may_be_anywhere():
    """``kind: http`` asks an embeddings endpoint for the question's vector."""
    encoder = {"kind": "http", "model": "embedder", "base_url": "http://embed.example:8000/v1"}
    async with at_work(from_mapping(router(encoder=encoder, threshold=0.05))) as desk:
        reply = await desk.chat(text="How do I bake bread?")
        embedded = Counter(entry.path for entry in desk["encoder"].ledger.entries)
    assert who(reply) == "cooking"
    assert embedded["/v1/embeddings"] >= 1


@pytest.mark.parametrize("fault", ["status=500", "hang", "garbage", "refuse"])
async def test_an_encoder_that_fails_never_fails_the_request(fault):
    """Down, slow or talking nonsense: the lexical encoder stands in, and the trace says so."""
    encoder = {"kind": "http", "model": "embedder", "base_url": "http://embed.example:8000/v1", "timeout": 0.1}
    async with at_work(from_mapping(router(encoder=encoder))) as desk:
        desk["encoder"].faults.set(fault)
        reply = await desk.chat(text="A recipe for the oven, please")
        told = reasons(await desk.route(asked("A recipe for the oven, please")))["semantic"]
    assert who(reply) == "cooking"
    assert "lexical" in told
    assert msgspec.json.encode(told)
