"""``langchain-openai``: its chat model and its embeddings."""

from __future__ import annotations

from answering import TOOLS, WEATHER, answer
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


def model(it, **more):
    return ChatOpenAI(
        base_url=f"{it['url']}/v1", api_key=it["key"], model=it["model"], max_retries=0, timeout=20, **more
    )


def figures(message):
    usage = message.usage_metadata
    finish = message.response_metadata["finish_reason"]
    return [message.content, finish, usage["input_tokens"], usage["output_tokens"]]


def chat(it):
    return figures(model(it, max_tokens=6).invoke(it["text"]))


def stream(it):
    whole = None
    for chunk in model(it, max_tokens=6, stream_usage=True).stream(it["text"]):
        whole = chunk if whole is None else whole + chunk
    return figures(whole)


def tools(it):
    asked = HumanMessage(it["text"])
    able = model(it).bind_tools(TOOLS)
    reply = able.invoke([asked])
    results = [ToolMessage("a little", tool_call_id=call["id"]) for call in reply.tool_calls]
    return [calls(reply), able.invoke([asked, reply, *results]).content]


def stream_tools(it):
    whole, parts = None, 0
    for chunk in model(it).bind_tools(TOOLS).stream(it["text"]):
        whole = chunk if whole is None else whole + chunk
        parts += sum(bool(part["args"]) for part in chunk.tool_call_chunks)
    return [calls(whole), parts]


def calls(message):
    return [[call["name"], call["args"]] for call in message.tool_calls]


def schema(it):
    form = {"title": "weather", **WEATHER}
    return model(it).with_structured_output(form, method="json_schema").invoke(it["text"])


def pictures(it):
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in it["pictures"]]
    message = HumanMessage([{"type": "text", "text": it["text"]}, *parts])
    return model(it).invoke([message]).usage_metadata["input_tokens"]


def embeddings(it):
    made = OpenAIEmbeddings(
        base_url=f"{it['url']}/v1", api_key=it["key"], model=it["model"], check_embedding_ctx_length=False
    )
    return made.embed_documents(it["texts"])


def leave(it):
    chunks = model(it).stream(it["text"])
    text = next(chunk.content for chunk in chunks if chunk.content)
    chunks.close()
    return text


answer(chat, stream, tools, stream_tools, schema, pictures, embeddings, leave)
