"""``POST /v1/responses``: reads what is asked, has it said, and keeps it for who goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import Asked, fields_of, model_of, read_format, read_messages, read_tools, whole
from pointsman.mock.message import Answer, Refused, Request
from pointsman.mock.openai_paths import OpenAiPaths, Rules, check_ranges
from pointsman.mock.responses.read import KNOWN, RANGES, Message, inside, read_functions, read_input
from pointsman.mock.responses.shapes import response_id
from pointsman.mock.responses.tell import response_reply, response_stream
from pointsman.mock.said import say

if TYPE_CHECKING:
    from pointsman.mock.kind import Scene

MOST_KEPT = 100
"""Conversations that can be gone on with by ``previous_response_id``."""


class Responses:
    def __init__(self, scene: Scene, paths: OpenAiPaths, rules: Rules) -> None:
        self._scene = scene
        self._paths = paths
        self._rules = rules
        self._kept: dict[str, list[Message]] = {}

    def create(self, request: Request) -> Answer:
        fields = fields_of(request)
        self._check(fields)
        before = self._earlier(fields.get("previous_response_id")) + read_input(fields.get("input"))
        instructions = fields.get("instructions")
        system = [{"role": "system", "content": instructions}] if isinstance(instructions, str) else []
        prompt, tokens = read_messages([*system, *before])
        limit = whole(fields.get("max_output_tokens"))
        asked = Asked(
            model=model_of(fields),
            prompt=prompt,
            prompt_tokens=self._paths.fit(tokens, limit, "input"),
            limit=self._paths.room(limit, tokens),
            tools=read_tools(read_functions(fields), before),
            json_schema=read_format(inside(fields, "text", "format")),
            stream=fields.get("stream") is True,
            thinks=inside(fields, "reasoning", "effort") not in (None, "none"),
        )
        work = self._paths.work(request, asked, say(self._scene.options.speaker, asked))
        if fields.get("store") is not False:
            self._keep(response_id(work), [*before, {"role": "assistant", "content": work.said[0].text}])
        tell = response_stream if asked.stream else response_reply
        return tell(work, fields, self._rules.headers(request))

    def _check(self, fields: dict[str, Any]) -> None:
        unknown = next((name for name in fields if name not in KNOWN), None)
        if unknown is not None and self._scene.options.strict:
            raise Refused(400, f"Unknown parameter: '{unknown}'.", param=unknown, code="unknown_parameter")
        self._rules.model(model_of(fields))
        check_ranges(fields, RANGES)
        for name in ("background", "conversation", "prompt"):
            if fields.get(name):
                raise Refused(400, f"'{name}' is not simulated.", param=name, code="unsupported_parameter")

    def _earlier(self, ident: Any) -> list[Message]:
        if ident is None:
            return []
        if ident not in self._kept:
            raise Refused(
                400,
                f"Previous response with id '{ident}' not found.",
                param="previous_response_id",
                code="previous_response_not_found",
            )
        return self._kept[ident]

    def _keep(self, ident: str, messages: list[Message]) -> None:
        self._kept[ident] = messages
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
