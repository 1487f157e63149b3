"""LlamaIndex: ``OpenAILike`` and its embeddings."""

from __future__ import annotations

import json

from answering import TOOLS, WEATHER, answer
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike


def model(it, **more):
    return OpenAILike(
        model=it["model"],
        api_base=f"{it['url']}/v1",
        api_key=it["key"],
        is_chat_model=True,
        is_function_calling_model=True,
        max_retries=0,
        timeout=20,
        **more,
    )


def said(it):
    return [ChatMessage(it["text"])]


def chat(it):
    reply = model(it, max_tokens=6).chat(said(it))
    return [reply.message.content, reply.raw.choices[0].finish_reason, *tokens(reply.raw.usage)]


def stream(it):
    options = {"stream_options": {"include_usage": True}}
    parts = list(model(it, max_tokens=6, additional_kwargs=options).stream_chat(said(it)))
    chosen = [choice for part in parts for choice in part.raw.choices]
    return ["".join(part.delta or "" for part in parts), chosen[-1].finish_reason, *tokens(parts[-1].raw.usage)]


def tokens(usage):
    return [usage.prompt_tokens, usage.completion_tokens]


def tools(it):
    able = model(it)
    reply = able.chat(said(it), tools=TOOLS).message
    made = calls(reply)
    results = [
        ChatMessage(role="tool", content="a little", additional_kwargs={"tool_call_id": call.tool_call_id})
        for call in reply.blocks
        if call.block_type == "tool_call"
    ]
    return [made, able.chat([*said(it), reply, *results], tools=TOOLS).message.content]


def stream_tools(it):
    parts = list(model(it).stream_chat(said(it), tools=TOOLS))
    deltas = [call for part in parts for choice in part.raw.choices for call in choice.delta.tool_calls or []]
    return [calls(parts[-1].message), len(deltas)]


def calls(message):
    return [[call.tool_name, call.tool_kwargs] for call in message.blocks if call.block_type == "tool_call"]


def schema(it):
    form = {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER, "strict": True}}
    return json.loads(model(it).chat(said(it), response_format=form).message.content)


def pictures(it):
    blocks = [TextBlock(text=it["text"]), *[ImageBlock(url=url) for url in it["pictures"]]]
    return model(it).chat([ChatMessage(role="user", blocks=blocks)]).raw.usage.prompt_tokens


def embeddings(it):
    made = OpenAILikeEmbedding(
        model_name=it["model"], api_base=f"{it['url']}/v1", api_key=it["key"], max_retries=0, timeout=20
    )
    return made.get_text_embedding_batch(it["texts"])


answer(chat, stream, tools, stream_tools, schema, pictures, embeddings)
