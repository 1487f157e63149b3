"""Streams made by damaging kept ones, and what must hold of both readers for any bytes at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

from pointsman.fakes import request
from pointsman.providers.ollama import DIALECT as OLLAMA
from pointsman.providers.sse import SseReader
from pointsman.providers.triton import DIALECT as TRITON
from support.cutting import at, corpus, told
from support.event_stream import events

PIECES = {
    "sse": (
        *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"data: ", b"data:", b"data", b"event: error", b": c"),
        *(b"data: [DONE]\n\n", b"[DONE]", b"error: {}", b"\xef\xbb\xbf", b"\xff", b"\0", b" ", b'{"error":{"code":1}}'),
        *(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n', b'data:{"choices":[{"finish_reason":"stop"}]}\r\r'),
        *(b"\\ud83d", b'"usage":{"total_tokens":3}', b'"error":1,', b"event: message\n"),
    ),
    "triton": (
        *(
            b"\n",
            b"\r",
            b"\r\n",
            b"\n\n",
            b"\r\r",
            b"data: ",
            b"data:",
            b": c",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\0",
            b" ",
            b"null",
        ),
        *(b'data: {"text_output":"x"}\n\n', b'data: {"text_output":["x"],"num_output_tokens":[1]}\n\n'),
        *(b'data: {"error":"x"}\n\n', b'"finish_reason":"stop",', b'"finish_reason":"None",', b'"error":"x",'),
        *(b'data: {"text_output":"","finish_reason":"length"}\r\n\r\n', b"\\ud83d", b'"num_output_tokens":-1,'),
    ),
    "ndjson": (
        *(b"\n", b"\r\n", b"\r", b" ", b"\t", b"{", b"}", b"\xff", b"\0", b"null", b'"done":true,', b'"error":"x",'),
        *(b'{"message":{"content":"x"}}\n', b'{"done":true}\n', b'{"error":"x"}\n', b'{"response":"x"}\n', b"\\ud83d"),
    ),
}


def damaged(kept: list[bytes], pieces: tuple[bytes, ...], dice: Random) -> bytes:
    """A kept stream with pieces put in, taken out, repeated or exchanged, or several joined."""
    data = dice.choice(kept)
    for _ in range(dice.randint(1, 6)):
        a, b = sorted((dice.randint(0, len(data)), dice.randint(0, len(data))))
        b = min(b, a + 2 ** dice.randint(0, 8))
        change = dice.choice((dice.choice(pieces), b"", data[a:b] * 2, dice.randbytes(1), dice.choice(kept)[a:b]))
        data = data[:a] + change + data[dice.choice((a, b)) :]
    return data[:2000]


def streams(kind: str, seed: int) -> Iterator[bytes]:
    """Without end; the same for the same seed."""
    dice, kept = Random(seed), list(corpus(kind).values())
    while True:
        if dice.random() < 0.3:
            yield b"".join(dice.choices(PIECES[kind], k=dice.randint(1, 12)))
        else:
            yield damaged(kept, PIECES[kind], dice)


def sse_holds(data: bytes) -> None:
    """The same however it is cut, and every event that goes on came in, in its place, but for a [DONE] of ours."""
    out = alike(SseReader, data, exact=b"\r\r\n" not in data)
    came = iter([event[:2] for event in events(data + b"\n\n", boms=True)] + [(b"", b"[DONE]")])
    assert all(event[:2] in came for event in events(out))


def ndjson_holds(data: bytes) -> None:
    """The same however it is cut, and what goes on is a stream of OpenAI's."""
    out = alike(lambda: OLLAMA.reader(request(stream=True, id="0" * 24), "m"), data)
    for event in events(out):
        assert event.data == b"[DONE]" or json.loads(event.data)["object"] == "chat.completion.chunk"


def alike(make: Callable[[], SseReader], data: bytes, *, exact: bool = True) -> bytes:
    """Cut byte by byte and in a few random ways, which depend on the data alone."""
    out, verdict = told(make(), [data])
    dice = Random(data)
    places = [[*range(1, len(data))], *([dice.randint(0, len(data)) for _ in range(n)] for n in (1, 2, 5))]
    for parts in (at(data, cuts) for cuts in places):
        got, said = told(make(), parts)
        assert said == verdict, parts
        assert got == out if exact else got.split() == out.split(), parts
    return out


def triton_holds(data: bytes) -> None:
    """Likewise."""
    out = alike(lambda: TRITON.reader(request(stream=True, id="0" * 24), "m"), data, exact=b"\r\r\n" not in data)
    for event in events(out):
        assert event.data == b"[DONE]" or json.loads(event.data)["object"] == "chat.completion.chunk"


HOLDS = {"sse": sse_holds, "ndjson": ndjson_holds, "triton": triton_holds}
