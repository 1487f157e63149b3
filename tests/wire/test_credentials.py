"""Who signs: found beside the event loop, kept, looked for again in time, and never told."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from pointsman.fakes import FakeClock
from pointsman.model.aws import Aws, Pair
from pointsman.model.secret import Secret
from pointsman.wire.credentials import AGAIN, FRESH, NONE_FOUND, NOT_INSTALLED, REST, Credentials, NotFound, look_for

PAIR = Pair(Secret("AKID"), Secret("hush-secret"), Secret("hush-token"))


class Looks:
    """Looks that come to a table of results; a result that is an error is raised."""

    def __init__(self, *results):
        self.results = list(results)
        self.count = 0
        self.threads = set()

    def __call__(self):
        self.count += 1
        self.threads.add(threading.current_thread())
        result = self.results[min(self.count, len(self.results)) - 1]
        if isinstance(result, BaseException):
            raise result
        return result


def credentials(*results):
    looks, clock = Looks(*results), FakeClock()
    return Credentials(looks, asyncio.get_running_loop(), clock), looks, clock


async def told(of: Credentials):
    """What ``wait`` says, sooner or later."""
    future = asyncio.get_running_loop().create_future()
    of.wait(lambda signer, detail: future.set_result((signer, detail)))
    return await asyncio.wait_for(future, 10)


async def test_the_first_look_is_waited_for():
    """In a thread, by all at once."""
    of, looks, _ = credentials("one")
    assert of.at_hand() is None
    found = await asyncio.gather(told(of), told(of))
    assert (found, of.at_hand(), looks.count) == ([("one", "")] * 2, "one", 1)
    assert threading.main_thread() not in looks.threads


async def test_another_look_in_time():
    """What was found is used until something else is; nobody waits for it."""
    of, looks, clock = credentials("one", "two")
    of.at_hand()
    await told(of)
    clock.advance(AGAIN - 1)
    assert (of.at_hand(), looks.count) == ("one", 1)
    clock.advance(1)
    assert of.at_hand() == "one"
    await told(of)
    assert (of.at_hand(), looks.count) == ("two", 2)


async def test_what_was_found_long_ago_is_not_relied_on():
    """Keys may have ended while nobody asked: the next to ask waits for a look, which may fail and leave what is."""
    of, looks, clock = credentials("one", "two", OSError("hush"))
    of.at_hand()
    await told(of)
    clock.advance(FRESH - 1)
    assert of.at_hand() == "one"
    await told(of)
    clock.advance(FRESH)
    assert of.at_hand() is None
    assert await told(of) == ("two", "AWS's tools find no credentials: OSError")
    assert (of.at_hand(), looks.count) == ("two", 3)


async def test_a_look_that_fails_later_changes_nothing():
    """AWS itself refuses keys that have ended."""
    of, looks, clock = credentials("one", OSError("hush"), "three")
    of.at_hand()
    await told(of)
    clock.advance(AGAIN)
    of.at_hand()
    assert await told(of) == ("one", "AWS's tools find no credentials: OSError")
    assert of.at_hand() == "one"
    clock.advance(REST)
    of.at_hand()
    await told(of)
    assert (of.at_hand(), looks.count) == ("three", 3)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (NotFound(NONE_FOUND), NONE_FOUND),
        (ImportError("botocore"), NOT_INSTALLED),
        (ValueError("hush"), "AWS's tools find no credentials: ValueError"),
    ],
)
async def test_nothing_found_is_told_and_rests(error, detail):
    """Without the error's own words, which may name secrets; for a while nobody looks again."""
    of, looks, clock = credentials(error, "two")
    assert of.at_hand() is None
    assert await told(of) == (None, detail)
    assert of.at_hand() is None
    assert (await told(of), looks.count) == ((None, detail), 1)
    clock.advance(REST)
    of.at_hand()
    assert await told(of) == ("two", "")


async def test_a_loop_that_has_ended_is_told_nothing():
    """The thread just ends."""
    loop = asyncio.new_event_loop()
    looks = Looks("one")
    of = Credentials(looks, loop, FakeClock())
    loop.close()
    of.at_hand()
    for thread in [thread for thread in threading.enumerate() if thread.name == "aws-credentials"]:
        await asyncio.to_thread(thread.join, 10)
    assert looks.count == 1


def test_keys_of_the_configuration():
    """Are signed with as they are, for its region."""
    signer = look_for(Aws("eu-west-1", PAIR))()
    assert (signer.credentials.access_key, signer.credentials.token) == ("AKID", "hush-token")
    assert (signer._region_name, signer._service_name) == ("eu-west-1", "bedrock")


def test_keys_of_a_profile(tmp_path, monkeypatch):
    """As AWS's own tools read it."""
    file = tmp_path / "credentials"
    file.write_text("[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    signer = look_for(Aws("eu-west-1", profile="work"))()
    assert (signer.credentials.access_key, signer.credentials.token) == ("AKIDWORK", None)


async def test_keys_of_a_role_are_renewed_beside_the_event_loop(tmp_path, monkeypatch):
    """Whoever tells them lives on the same loop here: were it held up meanwhile, there would be no answer."""
    served = []

    async def tell(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        served.append(f"AKID{len(served)}")
        ends = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"AccessKeyId": served[-1], "SecretAccessKey": "s", "Token": "t", "Expiration": ends}
        body = json.dumps(keys).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()
        await writer.wait_closed()

    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    server = await asyncio.start_server(tell, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{port}/role")
        clock = FakeClock()
        of = Credentials(look_for(Aws("eu-west-1")), asyncio.get_running_loop(), clock)
        found = []
        for _ in range(2):
            of.at_hand()
            found.append((await told(of))[0].credentials)
            clock.advance(AGAIN)
    assert [(keys.access_key, keys.token) for keys in found] == [(served[-2], "t"), (served[-1], "t")]


def test_no_keys_anywhere(tmp_path, monkeypatch):
    """Is said in words, where the machine has no role either."""
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NotFound, match="find no credentials here"):
        look_for(Aws("eu-west-1"))()


def test_half_a_pair_of_keys_is_none(tmp_path, monkeypatch):
    """A profile's program may tell empty ones."""
    said = '{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": ""}'
    file = tmp_path / "config"
    file.write_text(f"[profile odd]\ncredential_process = echo '{said}'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(NotFound):
        look_for(Aws("eu-west-1", profile="odd"))()


def test_a_profile_that_there_is_not(tmp_path, monkeypatch):
    """Is botocore's error, of which the name alone is told."""
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(Exception, match="hush-profile") as caught:
        look_for(Aws("eu-west-1", profile="hush-profile"))()
    assert type(caught.value).__name__ == "ProfileNotFound"


def test_botocore_does_not_chatter(caplog):
    """Its debug lines would tell tokens, whatever the log lets through."""
    from botocore.awsrequest import AWSRequest

    with caplog.at_level(logging.DEBUG):
        signer = look_for(Aws("eu-west-1", PAIR))()
        signer.add_auth(AWSRequest("POST", url="http://h/p", data=b"{}", headers={"host": "h"}))
    assert "hush" not in caplog.text


def test_nothing_prints_a_secret():
    """Neither the fact nor what it is a part of."""
    assert "hush" not in f"{Aws('eu-west-1', PAIR)!r} {PAIR}"
    assert [secret.reveal() for secret in Aws("r", PAIR).secrets] == ["AKID", "hush-secret", "hush-token"]
    assert Aws("r").secrets == ()
