"""The commands as a user runs them: processes, exit codes, what they print."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from pointsman.mock import KINDS

COMMAND = [sys.executable, "-m", "pointsman"]
ENVIRONMENT = {**os.environ, "PYTHONWARNINGS": "error", "NO_COLOR": "1", "COLUMNS": "100"}

_opener = build_opener(ProxyHandler({}))

CONFIGURATION = """\
model_list:
  - model_name: small
    litellm_params: {{ model: ollama/llama3.1:8b, api_base: "{url}", num_ctx: 4096 }}
  - model_name: small
    litellm_params: {{ model: ollama/llama3.1:8b, api_base: "{url}", num_ctx: 8192 }}
patterns:
  - {{ pattern: '^meta-llama/.*', provider: vllm }}
providers:
  vllm: {{ kind: vllm, base_url: "{url}" }}
router_settings: {{ routing_strategy: least-busy, fallbacks: [{{ model: small, fallback_models: [other] }}] }}
"""


def without_fallbacks(url: str) -> str:
    return CONFIGURATION.replace(", fallbacks: [{{ model: small, fallback_models: [other] }}]", "").format(url=url)


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=60, env=ENVIRONMENT, cwd=cwd, check=False
    )


@contextmanager
def started(*words: str, until: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running command and what it printed up to a line that has ``until`` in it."""
    process = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
    )
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if until in line:
                break
        yield process, printed
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def ask(url: str, **fields: object) -> tuple[dict, dict[str, str]]:
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4, **fields}).encode()
    with _opener.open(Request(f"{url}/v1/chat/completions", body), timeout=20) as reply:
        return json.loads(reply.read()), {name.lower(): value for name, value in reply.headers.items()}


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(without_fallbacks("http://127.0.0.1:9"))
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(CONFIGURATION.format(url="http://127.0.0.1:9").replace("routing_strategy", "routing_stratgy"))
    return path


def test_explain_prints_the_stages_and_the_plan(good):
    """A name, then how many candidates each stage found and left, then who would be tried."""
    told = run("explain", str(good), "--model", "small")
    assert told.returncode == 0
    assert re.search(r"exact +3 -> 2 +exact match", told.stdout)
    assert re.search(r"plan +small@ollama(#2)?, then small@ollama(#2)?", told.stdout)


def test_explain_prints_the_same_as_json(good):
    """Steps and plan as data."""
    told = json.loads(run("explain", str(good), "--model", "meta-llama/x", "--json").stdout)
    assert (told["route"], told["deployment"], told["upstream_model"]) == ("pattern", "vllm", "meta-llama/x")
    assert [step["stage"] for step in told["steps"]] == ["exact", "pattern", "limits", "health", "strategy"]


def test_explain_of_a_name_nobody_serves_says_so(good):
    """Exit code 1 and a near name."""
    told = run("explain", str(good), "--model", "smal")
    assert told.returncode == 1
    assert "near names: small" in told.stderr


def test_explain_of_a_task_says_what_it_leads_to(tmp_path):
    """As if the request's body had it."""
    file = tmp_path / "tasks.yaml"
    file.write_text(
        "exact_matches: { m: ollama, n: ollama }\ntasks: { poetry: { model: m, patterns: [rhyme] }, chat: n }\n"
    )
    told = run("explain", str(file), "--task", "poetry")
    assert (told.returncode, told.stdout.splitlines()[0]) == (0, "(no model named) -> ollama  (m at ollama)")


def test_explain_reads_a_body_and_headers(good, tmp_path):
    """The body of a real request, from a file."""
    body = tmp_path / "body.json"
    body.write_text('{"model": "small", "messages": [], "stream": true}')
    assert run("explain", str(good), "--body", str(body), "--header", "X-Priority: high").returncode == 0
    assert run("explain", str(good), "--body", str(body), "--header", "nonsense").returncode == 1
    missing = run("explain", str(good), "--body", str(tmp_path / "missing.json"))
    assert (missing.returncode, "No such file" in missing.stderr, "Traceback" in missing.stderr) == (1, True, False)


def test_a_wrong_configuration_starts_nothing_and_names_every_finding(bad):
    """File, line, key and a suggestion for each, all at once, exit code 1."""
    told = run("serve", "--config", str(bad), "--port", "0")
    assert told.returncode == 1
    assert "bad.yaml:10" in told.stderr
    assert "routing_stratgy" in told.stderr
    assert "did you mean `routing_strategy`" in told.stderr
    assert "`other` is not defined here" in told.stderr


def test_check_tells_the_same_and_exits_with_1(bad, good):
    """The findings of serve, without serving."""
    assert (run("check", str(bad)).returncode, run("check", str(good)).returncode) == (1, 0)
    findings = json.loads(run("check", str(bad), "--json").stdout)["findings"]
    assert [f["line"] for f in findings if f["severity"] == "error"] == [10]


def test_a_weak_key_does_not_start_on_other_addresses(tmp_path, good):
    """On loopback it is a warning."""
    path = tmp_path / "weak.yaml"
    path.write_text(good.read_text() + "general_settings: { master_key: sk-1234 }\n")
    told = run("serve", "--config", str(path), "--host", "0.0.0.0", "--port", "0")
    assert told.returncode == 1
    assert "sk-1234" not in told.stdout + told.stderr


def test_nothing_to_serve_is_told(tmp_path):
    """Without a configuration it says what it looked for."""
    told = run("serve", "--port", "0", cwd=tmp_path)
    if told.returncode == 1:  # nothing listens on the usual ports of this machine
        assert "No Ollama answers" in told.stderr
        assert "no configuration was given and none was found" in told.stderr


def test_serve_runs_until_it_is_told_to_stop(tmp_path):
    """A simulated Ollama and the gateway as two processes; SIGTERM ends both with 0."""
    with started("mock", "--kind", "ollama", "--model", "llama3.1:8b", until="simulated on") as (_, printed):
        url = re.search(r"http://\S+", printed)[0]
        path = tmp_path / "pointsman.yaml"
        path.write_text(without_fallbacks(url))
        with started("serve", "--config", str(path), "--port", "0", until="ready on") as (gateway, told):
            url = re.search(r"http://\S+?(?= in)", told)[0]
            answer, headers = ask(url, model="small")
            gateway.send_signal(signal.SIGTERM)
            assert gateway.wait(20) in (0, -signal.SIGTERM)
    assert answer["choices"][0]["message"]["content"]
    assert headers["x-pointsman-provider"] == "ollama"


def test_a_port_that_is_taken_is_told(good):
    """No traceback."""
    with started("mock", "--kind", "openai", until="simulated on") as (_, printed):
        port = re.search(r":(\d+)", printed)[1]
        told = run("serve", "--config", str(good), "--port", port)
    assert told.returncode == 1
    assert "can't listen" in told.stderr


def test_the_demo_shows_its_traffic_and_what_to_try():
    """Every sample request is answered, the broken deployment's by its fallback."""
    with started("demo", "--port", "0", until="Ctrl-C ends it") as (_, printed):
        url = re.search(r"Pointsman is serving on (\S+)", printed)[1]
        answer, headers = ask(url, model="shaky")
        page = _opener.open(f"{url}/ui", timeout=10).read()
    assert "nobody" not in printed
    assert "from openai import OpenAI" in printed
    assert headers["x-pointsman-fallbacks"] == "1"
    assert answer["choices"][0]["message"]["content"]
    assert b"<html" in page


def test_help_fits_a_screen():
    """24 lines of 80 characters."""
    lines = run("--help").stdout.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_the_simulated_kinds_are_listed():
    """Each can be made."""
    listed = run("mock", "--kind", "list")
    assert (listed.returncode, listed.stdout.split()) == (0, list(KINDS))
