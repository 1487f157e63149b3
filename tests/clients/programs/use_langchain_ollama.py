"""``langchain-ollama``: its chat model and its embeddings."""

from __future__ import annotations

from answering import TOOLS, WEATHER, answer
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_ollama import ChatOllama, OllamaEmbeddings


def place(it):
    with_key = {"headers": {"Authorization": f"Bearer {it['key']}"}, "timeout": 20}
    return {"base_url": it["url"], "model": it["model"], "client_kwargs": with_key}


def model(it, **more):
    return ChatOllama(**place(it), num_ctx=2048, **more)


def figures(message):
    usage = message.usage_metadata
    return [message.content, message.response_metadata["done_reason"], usage["input_tokens"], usage["output_tokens"]]


def chat(it):
    return figures(model(it, num_predict=6, disable_streaming=True).invoke(it["text"]))


def stream(it):
    whole = None
    for chunk in model(it, num_predict=6).stream(it["text"]):
        whole = chunk if whole is None else whole + chunk
    return figures(whole)


def tools(it):
    asked = HumanMessage(it["text"])
    able = model(it).bind_tools(TOOLS)
    reply = able.invoke([asked])
    results = [ToolMessage("a little", tool_call_id=call["id"], name=call["name"]) for call in reply.tool_calls]
    last = able.invoke([asked, reply, *results])
    return [[[call["name"], call["args"]] for call in reply.tool_calls], last.content]


def schema(it):
    form = {"title": "weather", **WEATHER}
    return model(it).with_structured_output(form, method="json_schema").invoke(it["text"])


def picture(it):
    parts = [{"type": "text", "text": it["text"]}, {"type": "image_url", "image_url": it["picture"]}]
    return model(it).invoke([HumanMessage(parts)]).usage_metadata["input_tokens"]


def embeddings(it):
    return OllamaEmbeddings(**place(it)).embed_documents(it["texts"])


def leave(it):
    chunks = model(it).stream(it["text"])
    text = next(chunk.content for chunk in chunks if chunk.content)
    chunks.close()
    return text


answer(chat, stream, tools, schema, picture, embeddings, leave)
