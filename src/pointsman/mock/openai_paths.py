"""OpenAI's inference paths as every server offers them: read the body, check it by the server's rules, say it.

What differs between servers comes in as a Flavour and Rules; no line here asks which server it is.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import shake_128
from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.mock.asked import (
    Asked,
    fields_of,
    least_tokens,
    model_of,
    parted,
    read_format,
    read_messages,
    read_stop,
    read_tools,
    whole,
)
from pointsman.mock.chat import chat_reply, chat_stream
from pointsman.mock.completions import completion_reply, completion_stream
from pointsman.mock.embeddings import embedding_reply
from pointsman.mock.flavour import Flavour, Work
from pointsman.mock.message import Answer, Refused, Request
from pointsman.mock.said import Said, say
from pointsman.mock.words import estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from pointsman.mock.kind import Scene

Ranges = dict[str, tuple[float, float]]

RANGES: Ranges = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "n": (1, 128),
    "max_tokens": (1, 10**9),
    "max_completion_tokens": (1, 10**9),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}

MOST_CHOICES = 128

CACHEABLE, CACHE_BLOCK, MOST_PROMPTS = 1024, 128, 100
"""Tokens a prompt has at least to be kept, tokens a block of it, and how many prompts are kept."""


def no_headers(_request: Request) -> bytes:
    return b""


def any_fields(_fields: dict[str, Any]) -> float:
    return 0.0


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a server accepts. ``model`` raises Refused for a name it does not serve; sizes are tokens and numbers.

    ``continues``: an answer that the conversation ends with is gone on from without being told.
    ``fields`` looks at all there is and says how many seconds the model needs to be ready. ``usual_limit`` is how far
    /v1/completions goes unasked; ``truncates`` servers cut a prompt that is too long instead of refusing it.
    """

    model: Callable[[str], None]
    context_length: int
    embedding_size: int
    ranges: Ranges = msgspec.field(default_factory=lambda: RANGES)
    usual_limit: int | None = 16
    truncates: bool = False
    continues: bool = False
    stream_options_alone: bool = False
    fields: Callable[[dict[str, Any]], float] = any_fields
    headers: Callable[[Request], bytes] = no_headers


class OpenAiPaths:
    def __init__(self, scene: Scene, flavour: Flavour, rules: Rules) -> None:
        self._scene = scene
        self._flavour = flavour
        self._rules = rules
        self._prompts: set[str] = set()

    def chat(self, request: Request) -> Answer:
        fields = fields_of(request)
        wait = self._check(fields)
        messages = fields.get("messages")
        if not isinstance(messages, list):
            raise Refused(
                400,
                "'messages' is missing or not a list.",
                param="messages",
                code="missing_required_parameter",
            )
        if not messages:
            raise Refused(400, "'messages' is empty.", param="messages", code="empty_array")
        tokens = read_messages(messages)[1]
        before, begun = parted(messages, unfinished=self._rules.continues or continuing(fields))
        limit = whole(fields.get("max_completion_tokens", fields.get("max_tokens")))
        asked = Asked(
            prompt=read_messages(before)[0],
            begun=begun,
            prompt_tokens=self.fit(tokens, limit),
            limit=self.room(limit, tokens),
            tools=read_tools(fields, messages),
            json_schema=read_format(fields.get("response_format")),
            thinks=fields.get("reasoning_effort") not in (None, "none"),
            **self._common(fields, limit),
        )
        work = self.work(request, asked, say(self._scene.options.speaker, asked))
        headers = self._rules.headers(request)
        say_it = chat_stream if asked.stream else chat_reply
        return later(say_it(self._flavour, work, headers), wait)

    def completions(self, request: Request) -> Answer:
        fields = fields_of(request)
        wait = self._check(fields)
        prompts = read_prompts(fields.get("prompt"))
        tokens = sum(map(estimate, prompts))
        limit = whole(fields.get("max_tokens", self._rules.usual_limit))
        asked = Asked(
            prompt="\n".join(prompts),
            prompt_tokens=self.fit(tokens, limit),
            limit=self.room(limit, tokens),
            **self._common(fields, limit),
        )
        said: list[Said] = []
        for prompt in prompts:
            said += say(self._scene.options.speaker, msgspec.structs.replace(asked, prompt=prompt))
        work = self.work(request, asked, said)
        headers = self._rules.headers(request)
        say_it = completion_stream if asked.stream else completion_reply
        return later(say_it(self._flavour, work, headers), wait)

    def embeddings(self, request: Request) -> Answer:
        fields = fields_of(request)
        wait = self._rules.fields(fields)
        self._rules.model(self._model(fields))
        work = self.work(request, Asked(model=model_of(fields), prompt="", prompt_tokens=0), [])
        flavour, rules = self._flavour, self._rules
        extras = flavour.embedding_extras(work)
        details, headers = flavour.embedding_details, rules.headers(request)
        return later(embedding_reply(fields, rules.embedding_size, extras, details, headers), wait)

    def _check(self, fields: dict[str, Any]) -> float:
        """Raises Refused; the seconds until the model is ready."""
        rules = self._rules
        wait = rules.fields(fields)
        rules.model(self._model(fields))
        check_ranges(fields, rules.ranges)
        if not rules.stream_options_alone and fields.get("stream_options") and fields.get("stream") is not True:
            raise Refused(400, "'stream_options' needs 'stream': true.", param="stream_options")
        return wait

    def _model(self, fields: dict[str, Any]) -> str:
        model = fields.get("model")
        if model is not None and not isinstance(model, str):
            raise Refused(400, "'model' is a string.", param="model", code="invalid_type", why="no model")
        return model or ""

    def _common(self, fields: dict[str, Any], limit: int | None) -> dict[str, Any]:
        options = fields.get("stream_options")
        return {
            "model": model_of(fields) or next(iter(self._scene.options.listed()), ""),
            "least": least_tokens(fields, limit),
            "stop": read_stop(fields.get("stop")),
            "n": min(max(whole(fields.get("n")) or 1, 1), MOST_CHOICES),
            "stream": fields.get("stream") is True,
            "include_usage": isinstance(options, dict) and options.get("include_usage") is True,
        }

    def fit(self, tokens: int, limit: int | None, param: str = "messages") -> int:
        """Prompt tokens as counted: refused where they do not fit, cut where the server cuts. Raises Refused."""
        size = self._rules.context_length
        if tokens + (limit if limit is not None and limit > 0 else 0) <= size:
            return tokens
        if self._rules.truncates:
            return min(tokens, size)
        asked = f"{tokens} in the messages, {limit or 0} in the completion"
        raise Refused(
            400,
            f"This model's maximum context length is {size} tokens; {asked} were asked for.",
            param=param,
            code="context_length_exceeded",
            why=f"overflow:{tokens}:{size}",
        )

    def room(self, limit: int | None, tokens: int) -> int | None:
        """Tokens an answer may have."""
        room = max(self._rules.context_length - tokens, 1)
        return room if limit is None or limit < 0 else min(limit, room)

    def work(self, request: Request, asked: Asked, said: list[Said]) -> Work:
        cached = self._cached(asked) if self._flavour.cached is not None else 0
        return Work(seed_of(self._scene, request), int(self._scene.clock()), asked, said, cached)

    def _cached(self, asked: Asked) -> int:
        """Tokens of a long prompt that was asked before, in blocks; from now on it was."""
        if asked.prompt_tokens < CACHEABLE:
            return 0
        known = asked.prompt in self._prompts
        if not known and len(self._prompts) >= MOST_PROMPTS:
            self._prompts.clear()
        self._prompts.add(asked.prompt)
        return asked.prompt_tokens // CACHE_BLOCK * CACHE_BLOCK if known else 0


def continuing(fields: dict[str, Any]) -> bool:
    """The word that vLLM has for it; another turn of the assistant can't be asked for at the same time."""
    if fields.get("continue_final_message") is not True:
        return False
    if fields.get("add_generation_prompt", True) is True:
        raise Refused(400, "Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
    return True


def later(answer: Answer, wait: float) -> Answer:
    return msgspec.structs.replace(answer, wait=wait) if wait else answer


def seed_of(scene: Scene, request: Request) -> str:
    """32 hex digits that follow from the provider's name and the request's number."""
    return _seed(scene.options.name, request.number)


@lru_cache(maxsize=256)
def _seed(name: str, number: int) -> str:
    return shake_128(f"{name}:{number}".encode("utf-8", "surrogatepass")).hexdigest(16)


def check_ranges(fields: dict[str, Any], ranges: Ranges) -> None:
    for name in [name for name in fields if name in ranges]:
        value = fields[name]
        low, high = ranges[name]
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(400, f"'{name}' is a number.", param=name, code="invalid_type")
        if not low <= value <= high:
            code = f"{'integer' if isinstance(value, int) else 'decimal'}_{'below_min' if value < low else 'above_max'}"
            side = f"at least {low}" if value < low else f"at most {high}"
            raise Refused(400, f"'{name}' is {value}, but must be {side}.", param=name, code=f"{code}_value")


def read_prompts(value: Any) -> list[str]:
    """/v1/completions takes a text, a list of texts, token ids or lists of them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value:
        if all(isinstance(item, int) for item in value):
            return [" ".join(map(str, value))]
        if all(isinstance(item, str) for item in value):
            return value
        if all(isinstance(item, list) for item in value):
            return [" ".join(map(str, item)) for item in value]
    raise Refused(400, "'prompt' is a string or a list.", param="prompt", code="invalid_type")
