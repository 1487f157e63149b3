"""What is passed through, as bytes: sound and events, however they are cut."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.fakes import request
from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import FailureKind
from pointsman.providers.passing import DIALECT

SOUND = b"RIFF\x00\x01data: no frame\n\n" + bytes(range(256))
EVENTS = (
    b'event: speech.audio.delta\ndata: {"type": "speech.audio.delta", "audio": "AA=="}\n\n'
    b'event: speech.audio.done\ndata: {"type": "speech.audio.done", "usage": {"output_tokens": 4}}\n\n'
)


def asked(endpoint="speech"):
    return msgspec.structs.replace(request("m"), endpoint=endpoint, stream=True)


def read(*pieces):
    """What a reader of speech passes on of those pieces, and the reader."""
    reader = DIALECT.reader(asked(), "m")
    return b"".join([*map(reader.feed, pieces), reader.close()]), reader


@pytest.mark.parametrize("said", [SOUND, EVENTS], ids=["sound", "events"])
def test_every_split_is_passed_on_to_the_byte(said):
    for place in range(len(said)):
        told, reader = read(said[:place], said[place:])
        assert told == said
        assert (reader.content, reader.finished, reader.refusal) == (True, True, None)


def test_sound_is_told_as_it_comes():
    """It is whole where its body is; till then nothing says so."""
    reader = DIALECT.reader(asked(), "m")
    assert [reader.feed(SOUND[:3]), reader.feed(SOUND[3:9]), reader.feed(b"x")] == [b"", SOUND[:9], b"x"]
    assert (reader.begun, reader.ending, reader.finished, reader.deltas) == (True, False, False, 0)


def test_events_say_themselves_where_they_end():
    """And what they count as."""
    told, reader = read(EVENTS)
    cut = read(EVENTS[: EVENTS.index(b"event: speech.audio.done")])[1]
    assert (told, reader.usage.completion_tokens) == (EVENTS, 4)
    assert (cut.content, cut.finished) == (True, False)


def test_the_shortest_sound_is_one():
    """Less than any event; nothing at all is none."""
    assert [(told, reader.finished) for told, reader in (read(b"x"), read(b""))] == [(b"x", True), (b"", False)]


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html></html>", b"<html lang=en></html>"])
def test_a_web_page_is_no_sound(page):
    told, reader = read(page[:4], page[4:])
    assert (told, reader.refusal.kind) == (b"", FailureKind.GARBAGE)


@pytest.mark.parametrize(
    ("endpoint", "kind", "body", "good"),
    [
        ("transcriptions", b"text/plain", b"", True),
        ("transcriptions", b"text/html", b"<html>", False),
        ("transcriptions", b"application/json", b"", False),
        ("transcriptions", b"application/json", b'{"text": "a', False),
        ("rerank", b"application/json", b'[{"index": 0}]', True),
        ("rerank", b"application/json", b'{"usage": 3}', True),
        ("speech", b"audio/mpeg", b"", False),
        ("speech", b"audio/mpeg", b"x", True),
    ],
)
def test_whole_answers_are_ones_or_none(endpoint, kind, body, good):
    """A silence has no words; a sound has bytes, and JSON is JSON."""
    found = DIALECT.read(asked(endpoint), "m", Answered(200, {b"content-type": kind}, body))
    assert isinstance(found, Understood if good else Refusal)
