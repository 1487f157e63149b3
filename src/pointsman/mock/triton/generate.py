"""What was said, as Triton tells it: one JSON object, or one a token as server-sent events, and no mark of the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import HOLE, frame
from pointsman.mock.message import SSE, Reply, Stream, encode, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pointsman.mock.flavour import Work
    from pointsman.mock.triton.inputs import Generate

MANY = (
    "generate expects model to produce exactly 1 response, use generate stream for model that generates various "
    "number of responses"
)
SEQUENCE = {"sequence_end": False, "sequence_id": 0, "sequence_start": False}
_HOLE = encode(HOLE)


def whole_reply(work: Work, read: Generate) -> Reply:
    """Who asks for parts here gets an error, and a 200."""
    if work.asked.stream:
        return json_reply({"error": MANY})
    said = work.said[0]
    told = _told(work, read, read.prompt + said.text, said.finish, work.completion_tokens)
    return json_reply(told, tokens=work.completion_tokens, slow=True)


def streamed_reply(work: Work, read: Generate) -> Stream:
    """Who does not ask for parts gets the answer in one."""
    said = work.said[0]
    if not work.asked.stream:
        told = _told(work, read, read.prompt + said.text, said.finish, work.completion_tokens)
        return Stream(SSE, iter([frame(told)]))
    before, _, after = frame(_told(work, read, HOLE, "None", 1)).rpartition(_HOLE)
    steps: Iterator[bytes] = (b"%b%b%b" % (before, encode(token), after) for token in said.tokens)
    last = frame(_told(work, read, "", said.finish, 0))
    return Stream(SSE, steps, closing=last if read.tells or not said.tokens else b"")


def _told(work: Work, read: Generate, text: str, finish: str, tokens: int) -> dict[str, Any]:
    told: dict[str, Any] = {"model_name": work.asked.model, "model_version": "1"}
    if "return_finish_reason" in read.flags:
        told["finish_reason"] = finish
    if "return_num_input_tokens" in read.flags:
        told["num_input_tokens"] = work.asked.prompt_tokens
    if "return_num_output_tokens" in read.flags:
        told["num_output_tokens"] = tokens
    if "return_log_probs" in read.flags:
        told |= {"cum_log_probs": -0.25 * tokens, "output_log_probs": [-0.25] * tokens}
    if not read.tells:
        told |= SEQUENCE
    return {**dict(sorted(told.items())), "text_output": text}
