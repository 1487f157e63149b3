"""/api/chat and /api/generate: NDJSON unless ``stream`` is false, a last line with ``done`` and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import (
    Asked,
    fields_of,
    model_of,
    parted,
    read_format,
    read_messages,
    read_stop,
    read_tools,
    whole,
)
from pointsman.mock.chat import HOLE, call_id
from pointsman.mock.flavour import Work
from pointsman.mock.message import NDJSON, Answer, Refused, Reply, Request, Stream, encode, json_reply
from pointsman.mock.ollama.library import Library
from pointsman.mock.ollama.memory import Memory, read_keep_alive
from pointsman.mock.ollama.shapes import full_name, iso, statistics
from pointsman.mock.openai_paths import seed_of
from pointsman.mock.said import say
from pointsman.mock.words import estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.kind import Scene

_HOLE = encode(HOLE)
NO_CALL: dict[str, Any] = {}


class Talk:
    def __init__(self, scene: Scene, library: Library, memory: Memory, context_length: int) -> None:
        self._context_length = context_length
        self._scene = scene
        self._library = library
        self._memory = memory

    def chat(self, request: Request) -> Answer:
        fields = fields_of(request)
        messages = fields.get("messages")
        if messages is not None and not isinstance(messages, list):
            raise Refused(400, "json: cannot unmarshal messages into a list")
        if not messages:
            return self._only_load(fields, {"message": {"role": "assistant", "content": ""}})
        tokens = read_messages(messages)[1]
        before, begun = parted(messages, unfinished=True)
        tools = read_tools({"tools": fields.get("tools")}, messages)
        asked = self._asked(fields, read_messages(before)[0], tokens, tools=tools, begun=begun)
        return self._answer(request, asked, chat=True)

    def generate(self, request: Request) -> Answer:
        fields = fields_of(request)
        prompt = fields.get("prompt")
        if not isinstance(prompt, str) or not prompt:
            return self._only_load(fields, {"response": ""})
        text = "\n".join(part for part in (fields.get("system"), prompt, fields.get("suffix")) if isinstance(part, str))
        return self._answer(request, self._asked(fields, text, estimate(text)), chat=False)

    def load(self, fields: dict[str, Any]) -> float:
        """Bring the model into memory; the seconds that takes. Raises Refused."""
        model = model_of(fields)
        if not model:
            raise Refused(400, "model is required")
        if not self._library.serves(model):
            raise Refused(404, f"model '{model}' not found", why="no model")
        try:
            keep_alive = read_keep_alive(fields.get("keep_alive"))
        except ValueError as wrong:
            raise Refused(400, f"time: invalid duration: {wrong}") from None
        cold = self._memory.use(full_name(model), keep_alive)
        return self._scene.options.load_ms / 1000 if cold else 0.0

    def _asked(self, fields: dict[str, Any], prompt: str, tokens: int, **more: Any) -> Asked:
        options = fields.get("options")
        options = options if isinstance(options, dict) else {}
        limit = whole(options.get("num_predict"))
        size = whole(options.get("num_ctx")) or self._context_length
        return Asked(
            model=model_of(fields),
            prompt=prompt,
            prompt_tokens=min(tokens, max(size, 1)),  # Ollama cuts what does not fit
            limit=None if limit is None or limit < 0 else limit,
            stop=read_stop(options.get("stop")),
            stream=fields.get("stream") is not False,
            json_schema=read_format(fields.get("format")),
            **more,
        )

    def _answer(self, request: Request, asked: Asked, *, chat: bool) -> Answer:
        wait = self.load(request.fields)
        work = Work(
            seed_of(self._scene, request),
            int(self._scene.clock()),
            asked,
            say(self._scene.options.speaker, asked),
        )
        last = self._last(work, wait, chat=chat)
        if not asked.stream:
            said = work.said[0]
            last |= self._spoken("" if said.calls else said.text, self._calls(work), chat=chat)
            return Reply(encode(last), tokens=work.completion_tokens, slow=True, wait=wait)
        closing = _line(last | self._spoken("", NO_CALL, chat=chat))
        return Stream(NDJSON, self._lines(work, chat=chat), closing=closing, wait=wait)

    def _lines(self, work: Work, *, chat: bool) -> Iterator[bytes]:
        said = work.said[0]
        head = {"model": work.asked.model, "created_at": iso(self._scene.clock())}
        if said.calls:
            return iter([_line({**head, **self._spoken("", self._calls(work), chat=chat), "done": False})])
        whole_line = _line({**head, **self._spoken(HOLE, NO_CALL, chat=chat), "done": False})
        before, _, after = whole_line.rpartition(_HOLE)
        return (b"%b%b%b" % (before, encode(token), after) for token in said.tokens)

    def _spoken(self, text: str, call: dict[str, Any], *, chat: bool) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text, **call}} if chat else {"response": text}

    def _calls(self, work: Work) -> dict[str, Any]:
        """Arguments are an object here, not the text of one."""
        calls = work.said[0].calls
        if not calls:
            return NO_CALL
        functions = [
            {"index": number, "name": call.tool.name, "arguments": call.arguments} for number, call in enumerate(calls)
        ]
        return {"tool_calls": [{"id": call_id(work, 0, n), "function": each} for n, each in enumerate(functions)]}

    def _last(self, work: Work, load: float, *, chat: bool) -> dict[str, Any]:
        options = self._scene.options
        finish = work.said[0].finish
        last: dict[str, Any] = {
            "model": work.asked.model,
            "created_at": iso(self._scene.clock()),
            "done": True,
            "done_reason": "stop" if finish == "tool_calls" else finish,
            **statistics(work, options.latency_ms / 1000, options.step, load),
        }
        return last if chat else {**last, "context": [1, 2, 3]}

    def _only_load(self, fields: dict[str, Any], empty: dict[str, Any]) -> Answer:
        """No words: load the model, or unload it where ``keep_alive`` is 0."""
        wait = self.load(fields)
        loaded = full_name(model_of(fields)) in self._memory.loaded()
        told = {
            "model": model_of(fields),
            "created_at": iso(self._scene.clock()),
            **empty,
            "done": True,
            "done_reason": "load" if loaded else "unload",
        }
        reply = json_reply(told)
        return Reply(reply.body, wait=wait if loaded else 0.0)


def _line(value: Any) -> bytes:
    return encode(value) + b"\n"
