"""The premise: the model servers are real, answer by themselves, and answer alike."""

from __future__ import annotations

from asks import ENDLESS, chat, ending, is_whole, spoken
from line import MODEL, direct


def test_model_file_is_small(model_file):
    """The model is a GGUF file of about half a megabyte."""
    assert model_file.read_bytes()[:4] == b"GGUF"
    assert 300_000 < model_file.stat().st_size < 700_000


def test_each_server_answers_by_itself(servers):
    """Without the gateway each server lists its model and says as many tokens as it may."""
    for server in servers.servers.values():
        with direct(server) as client:
            assert [model.id for model in client.models.list()] == [MODEL]
            assert is_whole(client.chat.completions.create(**chat(32)), 32)


def test_both_servers_say_the_same(servers):
    """With the same weights and temperature 0 it makes no difference which server is asked."""
    texts = set()
    for server in servers.servers.values():
        with direct(server) as client:
            texts.add(client.chat.completions.create(**chat(16)).choices[0].message.content)
    assert len(texts) == 1


def test_server_streams_to_the_end(servers):
    """A stream that nobody disturbs runs as long as it was allowed to."""
    with direct(servers.left) as client:
        chunks = list(client.chat.completions.create(**chat(ENDLESS, stream=True)))
    assert len(spoken(chunks)) == ENDLESS
    assert ending(chunks) == "length"
