"""/v1/completions: what was said, in OpenAI's older shape. A list of prompts gives ``n`` choices for each."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import DONE, HOLE, around_hole, frame
from pointsman.mock.message import SSE, Reply, Stream, encode, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.flavour import Flavour, Work


def completion_reply(flavour: Flavour, work: Work, headers: bytes = b"") -> Reply:
    body = _body(flavour, work, [])
    body["choices"] = [
        {"index": index, "text": choice.text, "logprobs": None, "finish_reason": choice.finish}
        for index, choice in enumerate(work.said)
    ]
    body |= {"usage": flavour.usage(work), **flavour.extras(work)}
    return json_reply(body, headers=headers, tokens=work.completion_tokens, slow=True)


def completion_stream(flavour: Flavour, work: Work, headers: bytes = b"") -> Stream:
    frames = [
        frame(_body(flavour, work, [_choice(index, "", choice.finish)])) for index, choice in enumerate(work.said)
    ]
    if work.asked.include_usage:
        frames.append(frame({**_body(flavour, work, []), "usage": flavour.usage(work), **flavour.extras(work)}))
    closing = b"".join([*frames, DONE])
    return Stream(SSE, _steps(flavour, work), closing=closing, headers=headers, eager=flavour.eager)


def _steps(flavour: Flavour, work: Work) -> Iterator[bytes]:
    streams = [_tokens(flavour, work, index, choice.tokens) for index, choice in enumerate(work.said)]
    return (b"".join(step) for step in zip_longest(*streams, fillvalue=b""))


def _tokens(flavour: Flavour, work: Work, index: int, tokens: list[str]) -> Iterator[bytes]:
    before, after = around_hole(_body(flavour, work, [_choice(index, HOLE, None)]))
    return (b"%b%b%b" % (before, encode(token), after) for token in tokens)


def _choice(index: int, text: str, finish: str | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}


def _body(flavour: Flavour, work: Work, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": flavour.ident("cmpl", work.seed),
        "object": "text_completion",
        "created": work.created,
        "model": work.asked.model,
        **flavour.common,
        "choices": choices,
    }
