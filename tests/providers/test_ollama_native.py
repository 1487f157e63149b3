"""Ollama's words to Ollama's servers: what a reader that passes lines on sees, however they are cut."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.fakes import deployment, provider, request
from pointsman.model.exchange import Answered, Refusal
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Native
from pointsman.providers.ollama import DIALECT
from pointsman.providers.shapes import Inexpressible
from support.cutting import corpus, reads_alike, told

PASSING = DIALECT.natives["ollama"]
KEPT = corpus("ndjson")
LINES = (
    b'{"message":{"content":"a"},"x":1.0}\r\n',
    b"\n",
    b'{"response":"b"}\n',
    b'{"message":{"thinking":"c"}}\n',
    b'{"done":true,"prompt_eval_count":3,"eval_count":2}\n',
)


def reader():
    return PASSING.reader(request(stream=True), "m")


def written(fields, path="/api/chat", **params):
    at = deployment("m", "m", provider(kind="ollama"), model="up", params=params)
    native = Native("ollama", {name: msgspec.Raw(value) for name, value in fields.items()}, path=path)
    return PASSING.write(msgspec.structs.replace(request("m"), native=native), at, "up")


@pytest.mark.parametrize("name", KEPT)
def test_kept_streams_are_read_alike_however_they_are_cut(name):
    """Lines, figures and verdicts."""
    reads_alike(reader, KEPT[name])


def test_lines_go_on_as_they_came():
    """With their ends, empty ones too; counted are those that say something."""
    it = reader()
    out, _ = told(it, list(LINES))
    assert out == b"".join(LINES)
    assert (it.content, it.finished, it.deltas, it.skipped) == (True, True, 3, 0)
    assert (it.usage.prompt_tokens, it.usage.completion_tokens) == (3, 2)


def test_what_is_no_line_and_what_is_an_error_are_held_back():
    """The one is counted, the other is a refusal."""
    it = reader()
    out, _ = told(it, [b'{"response":"b"}\nrubbish\n[1]\n{"error":"out of memory"}\n{"response":"c"}\n'])
    assert (out, it.skipped) == (b'{"response":"b"}\n', 2)
    assert it.refusal.detail == "an error inside the stream"


def test_half_a_line_at_the_end_is_a_cut():
    """It is not passed on; a whole one without its end is."""
    assert told(reader(), [LINES[2], b'{"respon'])[0] == LINES[2]
    assert told(reader(), [LINES[2], b'{"done":true}'])[0] == LINES[2] + b'{"done":true}'


def test_a_deployment_adds_what_the_caller_does_not_say():
    """Its options beside his, values as he wrote them."""
    call = written(
        {"model": b'"m"', "messages": b"[]", "options": b'{"top_k":1e1}'}, num_ctx=9, top_k=3, keep_alive="1h"
    )
    assert call.path == "/api/chat"
    assert call.body == b'{"keep_alive":"1h","model":"up","messages":[],"options":{"num_ctx":9,"top_k":1e1}}'
    assert written({"prompt": b'"a"'}, "/api/embeddings", num_ctx=9).body == (
        b'{"prompt":"a","options":{"num_ctx":9},"model":"up"}'
    )
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    assert b'"format":{"type":"object"}' in written({"prompt": b'"a"'}, "/api/generate", response_format=schema).body
    assert b"format" not in written({"input": b'"a"'}, "/api/embed", response_format=schema).body
    assert written({"options": b"null"}, num_ctx=9).body == b'{"options":{"num_ctx":9},"model":"up"}'


def test_options_that_are_no_object_are_refused():
    """Where something has to be added to them."""
    assert written({"options": b"[1]"}).body == b'{"options":[1],"model":"up"}'
    with pytest.raises(Inexpressible, match="options"):
        written({"options": b"[1]"}, num_ctx=9)


@pytest.mark.parametrize(
    ("endpoint", "status", "body", "kind"),
    [
        ("chat", 404, b'{"error":"model \'m\' not found"}', FailureKind.NOT_FOUND),
        ("chat", 200, b'{"error":"model requires more system memory"}', None),
        ("chat", 200, b'{"done":false}', FailureKind.GARBAGE),
        ("chat", 200, b"<html>", FailureKind.GARBAGE),
        ("embeddings", 200, b"{}", FailureKind.GARBAGE),
    ],
)
def test_what_is_no_answer(endpoint, status, body, kind):
    found = PASSING.read(request("m", endpoint=endpoint), "up", Answered(status, {}, body))
    assert isinstance(found, Refusal)
    assert kind in (None, found.kind)
