"""The ``openai`` package for Python: its synchronous client."""

from __future__ import annotations

from functools import cache

import openai
from answering import TOOLS, WEATHER, answer


@cache
def client(url, key):
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)


def ask(it, **more):
    return client(it["url"], it["key"]).chat.completions.create(model=it["model"], messages=said(it), **more)


def said(it):
    return [{"role": "user", "content": it["text"]}]


def chat(it):
    reply = ask(it, max_tokens=6)
    choice, usage = reply.choices[0], reply.usage
    return [choice.message.content, choice.finish_reason, usage.prompt_tokens, usage.completion_tokens]


def stream(it):
    chunks = list(ask(it, max_tokens=6, stream=True, stream_options={"include_usage": True}))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    usage = chunks[-1].usage
    text = "".join(choice.delta.content or "" for choice in choices)
    return [text, choices[-1].finish_reason, usage.prompt_tokens, usage.completion_tokens]


def tools(it):
    reply = ask(it, tools=TOOLS).choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "a little"} for call in reply.tool_calls]
    messages = [*said(it), reply, *results]
    last = client(it["url"], it["key"]).chat.completions.create(model=it["model"], messages=messages, tools=TOOLS)
    return [calls(reply), last.choices[0].message.content]


def stream_tools(it):
    with client(it["url"], it["key"]).chat.completions.stream(
        model=it["model"], messages=said(it), tools=TOOLS
    ) as events:
        parts = sum(event.type == "tool_calls.function.arguments.delta" for event in events)
        return [calls(events.get_final_completion().choices[0].message), parts]


def calls(message):
    return [[call.function.name, call.function.arguments] for call in message.tool_calls]


def schema(it):
    form = {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER, "strict": True}}
    return ask(it, response_format=form).choices[0].message.content


def pictures(it):
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in it["pictures"]]
    content = [{"type": "text", "text": it["text"]}, *parts]
    messages = [{"role": "user", "content": content}]
    reply = client(it["url"], it["key"]).chat.completions.create(model=it["model"], messages=messages)
    return reply.usage.prompt_tokens


def embeddings(it):
    reply = client(it["url"], it["key"]).embeddings.create(model=it["model"], input=it["texts"])
    return [one.embedding for one in reply.data]


def models(it):
    return [model.id for model in client(it["url"], it["key"]).models.list()]


def respond(it):
    asked = {"model": it["model"], "input": it["text"], "tools": [{"type": "function", **t["function"]} for t in TOOLS]}
    responses = client(it["url"], it["key"]).responses
    whole = responses.create(**asked)
    with responses.stream(**asked) as events:
        told = events.get_final_response()
    return [called(whole), called(told), responses.create(model=it["model"], input=it["text"]).output_text]


def called(response):
    return [[item.name, item.arguments] for item in response.output if item.type == "function_call"]


def leave(it):
    with ask(it, stream=True) as chunks:
        return next(text for chunk in chunks if (text := chunk.choices[0].delta.content))


answer(chat, stream, tools, stream_tools, schema, pictures, embeddings, models, respond, leave)
