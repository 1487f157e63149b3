"""docs/operations.md says what the gateway does: its times, its exit codes, its answer to a reload."""

from __future__ import annotations

import signal

import msgspec

from docs.pages import blocks, page, section, table
from pointsman.config.files import Files
from pointsman.config.settings import ServerSettings
from pointsman.gateway import reload
from pointsman.gateway.drain import KILLED
from pointsman.telemetry.tally import RELOADS
from pointsman.wire import lane
from support.serving import gateway, post, send

PAGE = page("docs/operations.md")
ENDS, RENEWS = section(PAGE, "## The end"), section(PAGE, "## A new configuration")
BEFORE = "providers: { box: { kind: vllm } }\nmodel_list:\n- { model_name: a, litellm_params: { model: box/a } }\n"
AFTER = """\
- { model_name: chat, litellm_params: { model: box/c } }
router_settings: { fallbacks: [{ chat: [a] }] }
"""


def test_the_times_are_those_that_are_kept():
    """Each figure is the constant or the default that is acted on."""
    server = ServerSettings()
    assert f"**`drain_timeout` is {server.drain_timeout:g} s**" in ENDS
    assert f"**`drain_delay` is {server.drain_delay:g}**" in ENDS
    assert (lane.LAST_CALL, "closed a second later" in ENDS) == (1.0, True)
    assert f"has {lane.LINGER:g} s more" in ENDS
    assert (reload.EVERY, "is looked at once a second" in RENEWS) == (1.0, True)


def test_the_exit_codes_are_those_of_the_process():
    """tests/faults/test_drain.py shows each."""
    assert [row[0] for row in table(ENDS)] == ["0", "1", f"{KILLED + signal.SIGINT}, {KILLED + signal.SIGTERM}"]


async def test_the_answer_to_a_reload_is_the_one_that_is_shown(tmp_path):
    """When a deployment and its fallback were added."""
    path = tmp_path / "pointsman.yaml"
    path.write_text(BEFORE)
    files = Files([path], {})
    async with gateway(files.read().settings, files=files) as it:
        path.write_text(BEFORE + AFTER)
        told = (await send(it.port, post("/config/reload", b"")))[0].json()
    (shown,) = blocks(RENEWS, "json")
    assert msgspec.json.decode(shown) == told


def test_the_results_are_those_that_are_counted():
    """Each is named, by itself or as an error."""
    assert all(result in RENEWS for result in RELOADS)
    assert [result for result in RELOADS if f"`config_{result}`" not in RENEWS] == []
