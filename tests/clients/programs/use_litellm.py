"""``litellm`` as a client: ``openai/NAME`` at an address of one's own."""

from __future__ import annotations

import asyncio

import litellm
from answering import TOOLS, WEATHER, answer

litellm.suppress_debug_info = True


def place(it):
    return {
        "model": f"openai/{it['model']}",
        "api_base": f"{it['url']}/v1",
        "api_key": it["key"],
        "timeout": 20,
        "max_retries": 0,
    }


def ask(it, **more):
    return litellm.completion(messages=more.pop("messages", said(it)), **place(it), **more)


def said(it):
    return [{"role": "user", "content": it["text"]}]


def figures(reply):
    choice, usage = reply.choices[0], reply.usage
    return [choice.message.content, choice.finish_reason, usage.prompt_tokens, usage.completion_tokens]


def chat(it):
    return figures(ask(it, max_tokens=6))


def stream(it):
    chunks = list(ask(it, max_tokens=6, stream=True, stream_options={"include_usage": True}))
    return figures(litellm.stream_chunk_builder(chunks))


def tools(it):
    reply = ask(it, tools=TOOLS).choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "a little"} for call in reply.tool_calls]
    last = ask(it, messages=[*said(it), reply, *results], tools=TOOLS)
    return [calls(reply), last.choices[0].message.content]


def stream_tools(it):
    chunks = list(ask(it, tools=TOOLS, stream=True))
    parts = [part for chunk in chunks for part in chunk.choices[0].delta.tool_calls or []]
    return [calls(litellm.stream_chunk_builder(chunks).choices[0].message), len(parts)]


def calls(message):
    return [[call.function.name, call.function.arguments] for call in message.tool_calls]


def schema(it):
    form = {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER, "strict": True}}
    return ask(it, response_format=form).choices[0].message.content


def pictures(it):
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in it["pictures"]]
    content = [{"type": "text", "text": it["text"]}, *parts]
    return ask(it, messages=[{"role": "user", "content": content}]).usage.prompt_tokens


def embeddings(it):
    reply = litellm.embedding(input=it["texts"], encoding_format="float", **place(it))
    return [one["embedding"] for one in reply.data]


def leave(it):
    async def first():
        chunks = await litellm.acompletion(messages=said(it), stream=True, **place(it))
        async for chunk in chunks:
            if text := chunk.choices[0].delta.content:
                await chunks.aclose()
                return text
        return None

    return asyncio.run(first())


answer(chat, stream, tools, stream_tools, schema, pictures, embeddings, leave)
