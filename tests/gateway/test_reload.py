"""A new configuration while the gateway serves: whole or not at all, told in the answer, the log and a metric."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from pointsman.config.files import Files
from pointsman.config.load import Loaded
from pointsman.config.settings import ServerSettings, Settings
from pointsman.fakes import deployment, settings
from pointsman.gateway import reload
from pointsman.gateway.gateway import Gateway
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Secret
from pointsman.runtime import Runtime
from pointsman.testing import MockProvider
from support.asking import CHAT, ask
from support.held import calling, held, streaming, until
from support.serving import Reply, Serving, gateway, post, read_reply, send

RELOAD = post("/config/reload", b"")
KEY, OTHER = "sk-a-long-and-random-one", "sk-another-long-and-random-one"


def written(*models: str, url: str = "http://127.0.0.1:9/v1", more: str = "") -> str:
    """A configuration of these models at one provider."""
    listed = "".join(f"- {{ model_name: {name}, litellm_params: {{ model: up/{name} }} }}\n" for name in models)
    return f"providers: {{ up: {{ kind: vllm, base_url: '{url}' }} }}\nmodel_list:\n{listed}{more}"


@asynccontextmanager
async def at_work(path: Path, text: str, *, watched: bool = False) -> AsyncIterator[Serving]:
    """The gateway on a file."""
    files = Files([path], {}, watched=watched)
    async with gateway(read(files, path, text), files=files) as it:
        yield it


def read(files: Files, path: Path, text: str) -> Settings:
    path.write_text(text)
    loaded = files.read()
    assert loaded.settings is not None, loaded.findings
    return loaded.settings


async def reloaded(it: Serving, *headers: str) -> Reply:
    return (await send(it.port, post("/config/reload", b"", *headers)))[0]


async def models(it: Serving) -> list[str]:
    listed = (await send(it.port, b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"))[0].json()["data"]
    return [model["id"] for model in listed]


async def counted(it: Serving) -> dict[str, int]:
    """The metric."""
    text = (await send(it.port, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"))[0].body.decode()
    lines = [line for line in text.splitlines() if line.startswith("pointsman_config_reloads_total{")]
    return {line.split('"')[1]: int(float(line.split()[1])) for line in lines}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pointsman.yaml"


async def test_what_changed_is_told(path):
    """Ids of deployments and names of sections; then names that are new are served and others are not."""
    async with at_work(path, written("a", "b")) as it:
        path.write_text(written("b", "c", more="router_settings: { num_retries: 5, fallbacks: [{ c: [b] }] }\n"))
        told = await reloaded(it)
        assert await models(it) == ["b", "c"]
        assert await counted(it) == {"swapped": 1, "unchanged": 0, "refused": 0}
    assert told.status == 200
    assert told.json() == {
        "result": "swapped",
        "changes": {
            "added": ["c@up"],
            "removed": ["a@up"],
            "changed": [],
            "sections": ["fallbacks", "router_settings"],
        },
        "findings": [],
    }


async def test_nothing_is_swapped_if_the_files_mean_the_same(path):
    """What is remembered is not touched for a comment."""
    async with at_work(path, written("a")) as it:
        core = it.runtime.core
        path.write_text("# better\n" + written("a"))
        told = (await reloaded(it)).json()
        assert it.runtime.core is core
        assert await counted(it) == {"swapped": 0, "unchanged": 1, "refused": 0}
    assert (told["result"], any(told["changes"].values())) == ("unchanged", False)


UNFIT = {
    "half a line": (written("a", "b")[:-30], "expected"),
    "not YAML": (written("a", "b") + "  {{{", ""),
    "nothing in it": ("", "there is no deployment"),
    "no mapping of sections": ("[]", "not a mapping"),
    "no deployment": ("providers: {}\nmodel_list: []\n", "there is no deployment"),
    "an empty list of models": (written().replace("model_list:\n", "model_list: []\n"), "no models any more"),
    "a list of models that is cut off": (written(), "no models any more"),
    "a misspelt key": (written("a", more="router_settings: { num_retires: 1 }\n"), "num_retries"),
    "a name that nobody defines": (written("a", more="default_fallbacks: [z]\n"), ""),
    "a condition without an end": (
        written("a", more="request_metadata_routing: { r: { provider: up, condition: 'stream ==' } }\n"),
        "",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
async def test_what_is_unfit_changes_nothing(path, name):
    """The answer has every finding, the metric counts it, the old configuration goes on."""
    text, reason = UNFIT[name]
    async with at_work(path, written("a", "b")) as it:
        core = it.runtime.core
        path.write_text(text)
        told = await reloaded(it)
        assert it.runtime.core is core
        assert await models(it) == ["a", "b"]
        assert await counted(it) == {"swapped": 0, "unchanged": 0, "refused": 1}
        path.write_text(written("a"))
        assert (await reloaded(it)).json()["result"] == "swapped"
    assert (told.status, told.error["code"]) == (422, "invalid_configuration")
    assert told.error["message"]
    assert reason in told.body.decode()


async def test_a_file_that_is_gone_changes_nothing(path):
    """As when it is being replaced."""
    async with at_work(path, written("a")) as it:
        path.unlink()
        told = await reloaded(it)
        assert await models(it) == ["a"]
    assert told.status == 422
    assert "No such file" in told.json()["findings"][0]["message"]


async def test_the_findings_are_those_of_the_check(path):
    """Warnings of a configuration that is swapped in are told too, with their place."""
    async with at_work(path, written("a")) as it:
        path.write_text(written("a", more="general_settings: { database_url: x }\n"))
        (finding,) = (await reloaded(it)).json()["findings"]
    assert (finding["severity"], finding["line"]) == ("warning", 4)
    assert finding["key"] == "general_settings.database_url"


async def test_a_gateway_without_files_has_nothing_to_read():
    """It says so."""
    async with gateway(settings(deployment("a"))) as it:
        told = await reloaded(it)
    assert (told.status, told.error["message"]) == (422, "the gateway was started without a configuration file")


async def test_a_bug_while_reading_changes_nothing(path, monkeypatch):
    """It is told in the log alone."""

    def broken(_self: Files) -> Loaded:
        raise RuntimeError("secret")

    async with at_work(path, written("a")) as it:
        monkeypatch.setattr(Files, "read", broken)
        told = await reloaded(it)
        assert await models(it) == ["a"]
    assert (told.status, told.error["message"]) == (422, "internal error; the log knows more")


async def test_the_key_follows_and_so_do_the_sizes_and_headers(path):
    """Also on connections that were open before."""
    first = written("a", more=f"general_settings: {{ master_key: {KEY} }}\n")
    async with at_work(path, first) as it, calling(it.port) as caller:
        large = post(CHAT, b"x" * 3000, f"authorization: Bearer {OTHER}")
        caller.writer.write(large)
        assert (await read_reply(caller.reader)).status == 401
        path.write_text(first.replace(KEY, f"{OTHER}, max_request_size_mb: 0.001"))
        assert (await reloaded(it)).status == 401
        swapped = await reloaded(it, f"authorization: Bearer {KEY}")
        assert swapped.json()["changes"]["sections"] == ["general_settings"]
        assert (await reloaded(it, f"authorization: Bearer {KEY}")).status == 401
        assert (await reloaded(it, f"authorization: Bearer {OTHER}")).json()["result"] == "unchanged"
        caller.writer.write(large)
        assert (await read_reply(caller.reader)).status == 413


async def test_a_configuration_that_comes_while_it_starts_is_followed():
    """A signal may be early: what was configured when the gateway was made is not what it goes by."""
    runtime = Runtime(settings(deployment("a")))
    made = Gateway(runtime)
    runtime.swap(settings(deployment("a"), server=ServerSettings(master_key=Secret(KEY), max_request_bytes=7)))
    made.open()
    assert (made.inference.keys.needed, made.inference.max_body) == (True, 7)
    made.close()


async def test_a_weak_key_is_refused_where_others_can_reach_it(path):
    """As at the start."""
    async with at_work(path, written("a", more=f"general_settings: {{ master_key: {KEY} }}\n")) as it:
        it.server.gateway.reloader._host = "0.0.0.0"
        path.write_text(written("a"))
        told = await reloaded(it, f"authorization: Bearer {KEY}")
        assert (await reloaded(it)).status == 401
    assert told.status == 422
    assert "no master key is set" in told.error["message"]


async def test_requests_under_way_finish_on_the_old_configuration(path):
    """Though it knows neither their deployment nor their provider any more."""
    async with held() as upstream, at_work(path, written("m", url=upstream.url)) as it:
        async with streaming(it.port) as stream, calling(it.port, ask()) as whole:
            await until(lambda: upstream.begun == 2)
            path.write_text(written("other").replace("up", "elsewhere"))
            assert (await reloaded(it)).json()["changes"]["removed"] == ["m@up", "up"]
            assert (await send(it.port, ask()))[0].status == 404
            upstream.go_on()
            assert (await read_reply(whole.reader)).status == 200
            async with asyncio.timeout(20):
                assert b" two" in await stream.reader.readuntil(b"[DONE]\n\n\r\n0\r\n\r\n")
        await until(lambda: not any(record.in_flight for record in it.runtime.board.records().values()))


async def test_who_rests_goes_on_resting(path):
    """Of deployments that stay; counts stay too."""
    async with at_work(path, written("a", "b")) as it:
        (member, *_) = it.runtime.topology.deployments
        lease = it.runtime.board.take(member)
        it.runtime.board.failed(lease, FailureKind.RATE_LIMITED, 60.0)
        it.runtime.board.give_back(lease)
        path.write_text(written("a", "c"))
        assert (await reloaded(it)).json()["result"] == "swapped"
        rows = (await send(it.port, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"))[0].json()["deployments"]
    assert {row["id"]: (row["fit"], row["failures"]) for row in rows} == {
        "a@up": (False, 1),
        "c@up": (True, 0),
        "up": (True, 0),
    }


async def test_reloads_at_the_same_time_are_done_one_after_the_other(path):
    """Each is answered, and the last file counts."""
    async with at_work(path, written("a")) as it:
        path.write_text(written("b"))
        told = await asyncio.gather(*[reloaded(it) for _ in range(8)])
        assert await models(it) == ["b"]
    assert sorted(reply.json()["result"] for reply in told) == ["swapped", *["unchanged"] * 7]


async def test_a_gateway_that_ends_takes_no_new_configuration(path):
    """Whether asked by a request or a signal."""
    async with at_work(path, written("a", more="general_settings: { drain_delay: 3600 }\n")) as it:
        it.server.drain.leave()
        path.write_text(written("b"))
        it.server.gateway.reloader.soon("signal")
        told = await reloaded(it)
        await until(lambda: not it.server.gateway.reloader._tasks)
        assert await models(it) == ["a"]
    assert (told.status, told.error["code"]) == (503, "draining")


async def test_a_change_of_the_files_is_acted_on_if_they_are_watched(path, monkeypatch):
    """And one that is unfit changes nothing."""
    monkeypatch.setattr(reload, "EVERY", 0.001)
    async with at_work(path, written("a"), watched=True) as it:
        path.write_text(written("a", "b"))
        await until(lambda: it.runtime.topology.public_names == ("a", "b"))
        path.write_text("model_list: [")
        async with asyncio.timeout(30):
            while (await counted(it))["refused"] == 0:
                pass
        assert await models(it) == ["a", "b"]


async def test_files_that_are_not_watched_are_left_alone(path):
    """Until somebody asks."""
    async with at_work(path, written("a")) as it:
        assert it.server.gateway.reloader._tasks == set()


@pytest.mark.parametrize("master", [KEY, None])
async def test_it_takes_the_key_and_only_post(path, master):
    """As every other thing that changes something."""
    more = f"general_settings: {{ master_key: {master} }}\n" if master else ""
    async with at_work(path, written("a", more=more)) as it:
        assert (await send(it.port, RELOAD))[0].status == (401 if master else 200)
        got = (await send(it.port, b"GET /config/reload HTTP/1.1\r\nhost: x\r\n\r\n"))[0]
    assert (got.status, got.headers["allow"]) == (405, "POST")


async def test_no_secret_is_told(path):
    """Neither the old key nor the new one, in what changed, in findings, or in the log."""
    async with MockProvider("vllm") as up:
        text = written("a", url=up.base_url, more=f"general_settings: {{ master_key: {KEY} }}\n")
        async with at_work(path, text) as it:
            path.write_text(text.replace(KEY, OTHER).replace("kind: vllm", f"kind: vllm, api_key: {OTHER}x"))
            swapped = await reloaded(it, f"authorization: Bearer {KEY}")
            path.write_text(text.replace(KEY, f"[{KEY}]"))
            refused = await reloaded(it, f"authorization: Bearer {OTHER}")
    assert (swapped.status, refused.status) == (200, 422)
    said = msgspec.json.encode([swapped.json(), refused.json()]).decode()
    assert KEY not in said
    assert OTHER not in said
