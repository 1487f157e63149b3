"""The ``anthropic`` package for Python: its synchronous client."""

from __future__ import annotations

from functools import cache

import anthropic
from answering import WEATHER, answer

TOOLS = [{"name": name, "description": f"Tell of {name}.", "input_schema": WEATHER} for name in ("get_rain", "get_sun")]


@cache
def client(url, key):
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20)


def asked(it, **more):
    return {"model": it["model"], "max_tokens": 200, "messages": said(it), **more}


def said(it):
    return [{"role": "user", "content": it["text"]}]


def messages(it):
    return client(it["url"], it["key"]).messages


def figures(message):
    usage = message.usage
    return [message.content[0].text, message.stop_reason, usage.input_tokens, usage.output_tokens]


def chat(it):
    return figures(messages(it).create(**asked(it, max_tokens=6)))


def stream(it):
    with messages(it).stream(**asked(it, max_tokens=6)) as events:
        return figures(events.get_final_message())


def tools(it):
    reply = messages(it).create(**asked(it, tools=TOOLS)).content
    used = [block for block in reply if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "a little"} for block in used]
    turns = [*said(it), {"role": "assistant", "content": reply}, {"role": "user", "content": results}]
    return [calls(reply), messages(it).create(**asked(it, messages=turns, tools=TOOLS)).content[0].text]


def stream_tools(it):
    with messages(it).stream(**asked(it, tools=TOOLS)) as events:
        pieces = sum(event.type == "input_json" for event in events)
        return [calls(events.get_final_message().content), pieces]


def calls(content):
    return [[block.name, block.input] for block in content if block.type == "tool_use"]


def pictures(it):
    data, url = it["pictures"]
    sources = [
        {"type": "base64", "media_type": "image/png", "data": data},
        *([{"type": "url", "url": url}] if url else []),
    ]
    content = [{"type": "text", "text": it["text"]}, *[{"type": "image", "source": source} for source in sources]]
    turns = [{"role": "user", "content": content}]
    return messages(it).create(**asked(it, messages=turns)).usage.input_tokens


def count(it):
    return messages(it).count_tokens(model=it["model"], messages=said(it)).input_tokens


def models(it):
    return [model.id for model in client(it["url"], it["key"]).models.list()]


def leave(it):
    with messages(it).stream(**asked(it)) as events:
        return next(iter(events.text_stream))


answer(chat, stream, tools, stream_tools, pictures, count, models, leave)
