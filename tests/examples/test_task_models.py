"""Task-specialised models: the claims of the document, in its order, each asked of ``examples/task-models`` at work.

1  The problem: one model for all        test_no_two_tasks_share_a_model
2  Tasks to models                       test_each_task_has_its_model
3  Phase 1: models with their settings   test_the_settings_of_a_model_go_with_it
4  Phase 2: images first                 test_images_come_first
5  Phase 2: tool calling                 test_words_of_the_document_call_for_tools, test_tools_that_are_offered…
6  Phase 2: memory                       test_words_of_the_document_ask_for_memory
7  Phase 2: chat is what is left         test_everything_else_is_conversation, test_words_are_whole_words
8  Phase 2: a model and a reasoning      test_the_trace_has_the_model_and_the_reason
9  Phase 3: every Ollama parameter       test_every_parameter_of_ollama_is_sent_as_ollama_wants_it
10 Benefits: retries, chains, cost       test_a_broken_model_is_retried_and_falls_back
11 Migration: 100 prompts                test_accuracy_on_more_than_a_hundred_prompts
12 A: TensorRT-LLM                       test_the_tensorrt_model_is_one_more
13 B: load balancing                     test_replicas_share_by_load
14 C: context-aware routing              test_long_contexts_…, test_reasoning_…, test_tools_and_images_…
15 What it leaves open                   callers' own words: X-Task, task, auto/tasks; statistics
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest
import yaml

from pointsman.config.load import load_or_raise
from support.simulated import EXAMPLES, at_work, example, reasons, who

PAGE = "task-models/models.yaml"

MODELS = {
    "vision": ("zoe-vision", "gemma3n-e2b-gpu-fixed"),
    "tool_calling": ("zoe-action", "hermes3:8b-llama3.1-q4_K_M"),
    "memory": ("zoe-memory", "qwen2.5:7b"),
    "reasoning": ("zoe-reasoning", "qwen2.5:14b"),
    "chat": ("zoe-chat", "phi3:mini"),
}
"""Task, public name, Ollama's name."""

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
TOOL = {"type": "function", "function": {"name": "add_event", "parameters": {"type": "object", "properties": {}}}}
LONG = "It was a dark and stormy night. " * 2_000


def served(reply) -> str:
    """The task whose model answered."""
    assert reply.status == 200, reply.body
    model = reply.headers["x-pointsman-model"]
    return next(task for task, (_, upstream) in MODELS.items() if upstream == model)


def shown(reply) -> str:
    """The task that a dry run comes to."""
    assert reply.status == 200, reply.body
    model = reply.json()["upstream_model"]
    return next(task for task, (_, upstream) in MODELS.items() if upstream == model)


async def decided(desk, text: str, *headers: str, **more: object) -> str:
    """The task of a question that is not sent."""
    return shown(await desk.route({"messages": [{"role": "user", "content": text}], **more}, *headers))


# ---- 1, 2, 3


def test_no_two_tasks_share_a_model():
    """Not one model for everything: five tasks, five models."""
    tasks = example(PAGE).tasks.tasks
    assert len({task.model for task in tasks}) == len(tasks) == 5


async def test_each_task_has_its_model():
    """Tool calling, vision, chat, memory and reasoning each go to the model that is good at it."""
    texts = {
        "vision": "What is in this image?",
        "tool_calling": "Schedule a meeting with Ana",
        "memory": "Who is my dentist?",
        "reasoning": "Prove that there are infinitely many primes",
        "chat": "Good morning!",
    }
    async with at_work(example(PAGE)) as desk:
        for task, text in texts.items():
            reply = await desk.chat(text=text)
            assert (served(reply), reply.headers["x-pointsman-route"]) == (task, "task")


@pytest.mark.parametrize(("name", "options"), [
    ("zoe-action", {"temperature": 0.6, "num_gpu": -1}),
    ("zoe-chat", {"temperature": 0.7, "num_gpu": 0}),
    ("zoe-vision", {"temperature": 0.7, "num_gpu": 99}),
    ("zoe-memory", {"temperature": 0.7, "num_gpu": 43}),
])  # fmt: skip
async def test_the_settings_of_a_model_go_with_it(name, options):
    """Temperature and GPU layers stand beside the model and reach Ollama with every request, as its options."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.chat(name)
        (received,) = desk.received(who(reply))
    assert {key: received["options"][key] for key in options} == options


async def test_the_documents_own_list_loads_and_serves():
    """The model list as the document prints it, without anything of ours."""
    page = EXAMPLES.parent / "tests/config/seeds/4-01-model-list.yaml"
    async with at_work(load_or_raise([page], environ={})) as desk:
        replies = [await desk.chat(name) for name in ("zoe-action", "zoe-chat", "zoe-vision", "zoe-memory")]
    assert [reply.status for reply in replies] == [200] * 4


# ---- 4 to 8: classification


async def test_images_come_first():
    """A part that is an image, or the words for one, decide before any other word."""
    parts = [{"type": "text", "text": "Add this to my list"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    async with at_work(example(PAGE)) as desk:
        assert shown(await desk.route({"messages": [{"role": "user", "content": parts}]})) == "vision"
        assert await decided(desk, "Add the picture to my album") == "vision"
        assert await decided(desk, "What did the image show last time?") == "vision"


@pytest.mark.parametrize("word", ["add", "create", "schedule", "delete", "update"])
async def test_words_of_the_document_call_for_tools(word):
    """Each of its action words, in any case, wherever it stands."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, f"{word.upper()} something, please") == "tool_calling"
        assert await decided(desk, f"Could you {word} it?") == "tool_calling"


async def test_tools_that_are_offered_call_for_them():
    """A request with tools is tool calling, whatever it says."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, "What is next?", tools=[TOOL]) == "tool_calling"


@pytest.mark.parametrize("phrase", ["remember", "who is", "what did", "last time"])
async def test_words_of_the_document_ask_for_memory(phrase):
    """Each of its memory phrases."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, f"{phrase.capitalize()} Ana at the party?") == "memory"


async def test_actions_come_before_memory():
    """Of two that fit, the one that is listed first counts."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, "Add what I told you last time") == "tool_calling"


async def test_everything_else_is_conversation():
    """No image, no action, no memory: fast chat."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, "Good morning! How are you?") == "chat"
        assert await decided(desk, "") == "chat"


@pytest.mark.parametrize("text", [
    "That is a nice address", "The additive smells", "My creative class", "An updated version", "An unscheduled stop",
])  # fmt: skip
async def test_words_are_whole_words(text):
    """``add`` in ``address`` is no action: none of these goes anywhere for its words."""
    async with at_work(example(PAGE)) as desk:
        told = reasons(await desk.route({"messages": [{"role": "user", "content": text}]}))["task"]
    assert "its words" not in told


async def test_the_trace_has_the_model_and_the_reason():
    """What the document's function returns, model and reasoning, stands in the explanation."""
    async with at_work(example(PAGE)) as desk:
        told = await desk.route({"messages": [{"role": "user", "content": "Schedule a meeting"}]})
    step = reasons(told)["task"]
    assert "tool_calling" in step
    assert "schedule" in step.lower()
    assert "zoe-action" in step


# ---- 9


async def test_every_parameter_of_ollama_is_sent_as_ollama_wants_it():
    """Everything bundled in one place: options in ``options``, ``keep_alive`` beside them, stop words as they are."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.post("/v1/chat/completions", {
            "model": "zoe-action", "messages": [{"role": "user", "content": "Hi"}]
        })  # fmt: skip
        (received,) = desk.received(who(reply))
    assert received["options"] == {
        "temperature": 0.6,
        "num_gpu": -1,
        "num_predict": 512,
        "num_ctx": 4096,
        "repeat_penalty": 1.1,
        "stop": ["\n\n", "User:"],
    }
    assert received["keep_alive"] == "30m"
    assert received["model"] == "hermes3:8b-llama3.1-q4_K_M"


async def test_what_the_caller_says_counts_more():
    """The bundled values are defaults."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.chat("zoe-action", temperature=0.1, max_tokens=7)
        (received,) = desk.received(who(reply))
    assert (received["options"]["temperature"], received["options"]["num_predict"]) == (0.1, 7)


# ---- 10


async def test_a_broken_model_is_retried_and_falls_back():
    """Retries and fallbacks hold for models that content chose, too."""
    settings = example(PAGE)
    settings = msgspec.structs.replace(settings, fallbacks={"zoe-memory": ("zoe-reasoning",)})
    async with at_work(settings) as desk:
        desk["ollama"].faults.set("status=500:model=qwen2.5:7b")
        reply = await desk.chat(text="Who is my dentist?")
    assert served(reply) == "reasoning"
    assert int(reply.headers["x-pointsman-attempts"]) > 1
    assert reply.headers["x-pointsman-fallbacks"] == "1"


# ---- 11


@pytest.mark.parametrize(("part", "least"), [("seen", 0.85), ("unseen", 0.65)])
async def test_accuracy_on_more_than_a_hundred_prompts(part, least):
    """The share of labelled prompts that go to the task a person gave them; ``-s`` prints it with what is missed."""
    labelled = yaml.safe_load((EXAMPLES / "task-models/prompts.yaml").read_text())
    prompts = [(text, label) for label, texts in labelled[part].items() for text in texts]
    async with at_work(example(PAGE)) as desk:
        found = [await decided(desk, text) for text, _ in prompts]
    missed = [(text, label, got) for (text, label), got in zip(prompts, found, strict=True) if got != label]
    right = 1 - len(missed) / len(prompts)
    print(f"\n{part}: {right:.1%} of {len(prompts)} prompts")  # noqa: T201
    for label, texts in labelled[part].items():
        wrong = sum(label == wanted for _, wanted, _ in missed)
        print(f"  {label}: {len(texts) - wrong} of {len(texts)}")  # noqa: T201
    for text, label, got in missed:
        print(f"  {text!r} is {label}, taken for {got}")  # noqa: T201
    assert sum(len(texts) for tasks in labelled.values() for texts in tasks.values()) >= 100
    assert set(labelled[part]) == set(MODELS)
    assert right >= least


# ---- 12, 13, 14


async def test_the_tensorrt_model_is_one_more():
    """Hermes on TensorRT-LLM behind a Triton server, called by its public name, with its temperature."""
    async with at_work(example(PAGE)) as desk:
        reply = await desk.chat("zoe-action-tensorrt")
        (received,) = desk.received(who(reply))
    assert reply.headers["x-pointsman-model"] == "hermes3-optimized"
    assert received["temperature"] == 0.6


async def test_replicas_share_by_load():
    """``least-busy``: while one instance of the chat model is at work, the other one serves."""
    async with at_work(example(PAGE)) as desk:
        for mock in desk.it.providers.values():
            mock.faults.set("hang:times=1")
        first = asyncio.create_task(desk.chat("zoe-chat"))
        second = asyncio.create_task(desk.chat("zoe-chat"))
        for name in ("ollama", "ollama-2"):
            await desk[name].ledger.wait_for(lambda entry: entry.path == "/api/chat")
        assert desk.asked == {"ollama": 1, "ollama-2": 1}
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_long_contexts_go_to_the_model_with_the_longest():
    """More than 10,000 tokens: the memory model, whatever else the request is about."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, f"Sum this up: {LONG}") == "memory"
        assert await decided(desk, f"Prove it. {LONG}") == "memory"
        assert await decided(desk, f"Sum this up: {LONG[:4_000]}") == "chat"


@pytest.mark.parametrize("more", [{"reasoning_effort": "high"}, {}])
async def test_reasoning_is_heavy_thinking(more):
    """Asked for by ``reasoning_effort``, or by what is to be done."""
    text = "Good morning" if more else "Derive the formula step by step"
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, text, **more) == "reasoning"


async def test_tools_and_images_come_before_length():
    """A long request with tools needs the model that can call them."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, f"Sum this up: {LONG}", tools=[TOOL]) == "tool_calling"


# ---- 15


async def test_the_caller_may_know_better():
    """``X-Task`` and a body's ``task`` say it; an unknown one is refused with those there are."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, "Hi", "X-Task: reasoning") == "reasoning"
        refused = await desk.chat(None, "X-Task: juggling")
    assert refused.status == 400
    assert all(task in refused.error["message"] for task in MODELS)


async def test_the_router_has_a_name():
    """``auto/tasks`` asks for it."""
    async with at_work(example(PAGE)) as desk:
        assert await decided(desk, "Who is Ana?", model="auto/tasks") == "memory"


async def test_statistics_count_tasks():
    """``/stats``: each request under its task, a named model under its name."""
    async with at_work(example(PAGE)) as desk:
        for text in ("Who is Ana?", "Who is Bo?", "Good morning!"):
            await desk.chat(text=text)
        await desk.chat("zoe-vision")
        stats = (await desk.get("/stats")).json()
    assert stats["total_requests"] == 4
    assert stats["routes"] == {"memory": 2, "chat": 1, "zoe-vision": 1}
