"""What was said, as a response: whole, or as numbered events that tell each item as it comes and all at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import THOUGHT
from pointsman.mock.events import event
from pointsman.mock.message import SSE, Reply, Stream, json_reply
from pointsman.mock.responses.read import inside
from pointsman.mock.responses.shapes import Item, beginning, call, ended, message, text_part, thought

if TYPE_CHECKING:
    from pointsman.mock.flavour import Work

BROKEN = {"code": "server_error", "message": "The server had an error while processing your request."}


def response_reply(work: Work, fields: dict[str, Any], headers: bytes) -> Reply:
    whole = ended(work, beginning(work, fields), _output(work, fields))
    return json_reply(whole, headers=headers, tokens=work.completion_tokens, slow=True)


def response_stream(work: Work, fields: dict[str, Any], headers: bytes) -> Stream:
    script = _Script(work, fields)
    for index, item in enumerate(_output(work, fields)):
        script.item(index, item)
    closing, end = script.end()
    return Stream(
        SSE,
        iter(script.steps),
        opening=script.opening,
        closing=closing,
        headers=headers,
        end=end,
        broken=script.broken,
    )


def _output(work: Work, fields: dict[str, Any]) -> list[Item]:
    said = work.said[0]
    status = "incomplete" if said.finish == "length" else "completed"
    summed_up = inside(fields, "reasoning", "summary") is not None
    output = [thought(work, summed_up=summed_up)] if work.asked.thinks else []
    if said.calls:
        return output + [call(work, number, one.text, "completed") for number, one in enumerate(said.calls)]
    return [*output, message(work, [text_part(said.text)], status)]


class _Script:
    """The events of one response. Those between two tokens go out with the later one."""

    def __init__(self, work: Work, fields: dict[str, Any]) -> None:
        self._work = work
        self._number = 0
        self._begun = beginning(work, fields)
        self._done: list[Item] = []
        self._calls = 0
        self._waiting: list[bytes] = []
        self._numbers: list[int] = []  # of the event behind each step
        self.opening = b""
        self.steps: list[bytes] = []
        self._tell("response.created", response=self._begun)
        self._tell("response.in_progress", response=self._begun)

    def item(self, index: int, item: Item) -> None:
        if item["type"] == "reasoning":
            self._thought(index, item)
        elif item["type"] == "function_call":
            self._call(index, item)
        else:
            self._text(index, item)
        self._tell("response.output_item.done", output_index=index, item=item)
        self._done.append(item)

    def end(self) -> tuple[bytes, bytes]:
        """What goes out behind the last token, and what of it says that the response has ended."""
        whole = ended(self._work, self._begun, self._done)
        self._tell(f"response.{whole['status']}", response=whole)
        return b"".join(self._waiting), self._waiting[-1]

    def broken(self, steps: int) -> bytes:
        """A failure after so many tokens."""
        self._number = self._numbers[steps]
        self._waiting = []
        self._tell("error", **BROKEN, param=None)
        self._tell("response.failed", response={**self._begun, "status": "failed", "error": BROKEN})
        return b"".join(self._waiting)

    def _thought(self, index: int, item: Item) -> None:
        self._tell("response.output_item.added", output_index=index, item={**item, "summary": []})
        where = {"item_id": item["id"], "output_index": index, "summary_index": 0}
        for part in item["summary"]:
            self._tell("response.reasoning_summary_part.added", **where, part={**part, "text": ""})
            self._tell("response.reasoning_summary_text.delta", **where, delta=THOUGHT)
            self._tell("response.reasoning_summary_text.done", **where, text=THOUGHT)
            self._tell("response.reasoning_summary_part.done", **where, part=part)

    def _text(self, index: int, item: Item) -> None:
        added = {**item, "status": "in_progress", "content": []}
        self._tell("response.output_item.added", output_index=index, item=added)
        where = {"item_id": item["id"], "output_index": index, "content_index": 0}
        [part] = item["content"]
        self._tell("response.content_part.added", **where, part=text_part(""))
        for token in self._work.said[0].tokens:
            self._step("response.output_text.delta", **where, delta=token, logprobs=[])
        self._tell("response.output_text.done", **where, text=part["text"], logprobs=[])
        self._tell("response.content_part.done", **where, part=part)

    def _call(self, index: int, item: Item) -> None:
        added = {**item, "status": "in_progress", "arguments": ""}
        self._tell("response.output_item.added", output_index=index, item=added)
        where = {"item_id": item["id"], "output_index": index}
        for token in self._work.said[0].calls[self._calls].tokens:
            self._step("response.function_call_arguments.delta", **where, delta=token)
        self._calls += 1
        told = {"name": item["name"], "arguments": item["arguments"]}
        self._tell("response.function_call_arguments.done", **where, **told)

    def _tell(self, kind: str, **fields: Any) -> None:
        self._waiting.append(event({"type": kind, "sequence_number": self._number, **fields}))
        self._number += 1

    def _step(self, kind: str, **fields: Any) -> None:
        if not self.steps:
            self.opening, self._waiting = b"".join(self._waiting), []
            self._numbers.append(self._number)
        self._tell(kind, **fields)
        self.steps.append(b"".join(self._waiting))
        self._numbers.append(self._number)
        self._waiting = []
