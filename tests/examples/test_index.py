"""The examples as a reader meets them: they load, run with one command, and what they say to try works."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.asking import curl
from docs.pages import ROOT, commands, table
from support.simulated import EXAMPLES

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/run.py"))
SERVED = {
    "routing-configuration": "config",
    "semantic-router": "config.yaml",
    "task-models": "models.yaml",
    "task-tags": "proxy_server_config.yaml",
}
"""What each example with a gateway serves."""

SCRIPTS = "task-router"
"""The one without: tests/examples/test_task_router.py."""

CONFIGURATIONS = [f"{name}/{page}" for name, page in SERVED.items()] + [
    "task-tags/scaled.yaml",
    "task-tags/multi-backend.yaml",
]
SCREEN = 60
"""Lines."""


def readme(name: str) -> str:
    return (EXAMPLES / name / "README.md").read_text()


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Loopback past any proxy, and none of the developer's keys."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONUNBUFFERED": "1", "COLUMNS": "160"}


@pytest.fixture(scope="module")
def running(environment):
    """Start an example once and keep it; gives its address and what it printed."""
    processes, told = [], {}

    def start(name: str) -> tuple[str, str]:
        if name not in told:
            command = [sys.executable, f"examples/{name}/run.py", "--port", "0"]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            processes.append(process)
            printed = ""
            while "Ctrl-C" not in printed and (line := process.stdout.readline()):
                printed += line
            told[name] = (re.search(r"Serving on (http://[\d.:]+\d)", printed)[1], printed)
        return told[name]

    yield start
    for process in processes:
        process.terminate()
        process.communicate()


def test_the_index_has_every_example():
    """One row a folder, with its README and its command, and each exists."""
    rows = table((EXAMPLES / "README.md").read_text())
    listed = sorted(re.search(r"\]\((\S+)/README.md\)", row[0])[1] for row in rows)
    assert listed == sorted([*NAMES, SCRIPTS]) == sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
    assert sorted(SERVED) == NAMES
    for row in rows:
        (path,) = re.findall(r"`python (\S+)`", row[2])
        assert (ROOT / path).is_file()


@pytest.mark.parametrize("page", CONFIGURATIONS)
def test_every_configuration_passes_its_check(page, environment):
    """``pointsman check`` exits with 0: no error, whatever it warns of."""
    command = [sys.executable, "-m", "pointsman", "check", str(EXAMPLES / page)]
    checked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.splitlines()[-1][:9]) == (0, "0 errors,"), checked.stdout


def test_no_file_is_forgotten():
    """Every YAML file of the examples is a configuration that is checked, or data that is named in a README."""
    known = {EXAMPLES / page for page in CONFIGURATIONS}
    for path in EXAMPLES.rglob("*.yaml"):
        assert path in known or path.parent in known or path.name in readme(path.relative_to(EXAMPLES).parts[0])


@pytest.mark.parametrize("name", [*NAMES, SCRIPTS])
def test_a_readme_is_one_screen(name):
    """What it is, how to run it, what to try and what to look at, without scrolling far."""
    assert len(readme(name).splitlines()) <= SCREEN


@pytest.mark.parametrize("name", [*NAMES, SCRIPTS])
def test_the_links_of_a_readme_lead_somewhere(name):
    """Files beside it."""
    links = re.findall(r"\]\(([^)#\s]+)\)", readme(name))
    assert links
    assert [link for link in links if not (EXAMPLES / name / link).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_names_the_command_and_the_configuration(name):
    """The run that it tells is this one, and what it would serve is what the run serves."""
    text = readme(name)
    assert ["python", f"examples/{name}/run.py"] in commands(text)
    assert f"pointsman serve --config {SERVED[name]}" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_run_prints_what_became_of_each_request(name, running):
    """Each row was answered or refused with a status, and nobody was asked in vain."""
    _, printed = running(name)
    assert "answered by" in printed
    assert "nobody (5" not in printed
    assert "Traceback" not in printed


CURLS = [(name, words) for name in NAMES for words in commands(readme(name)) if words[0] == "curl"]


@pytest.mark.parametrize(("name", "words"), CURLS, ids=[f"{name}-{i}" for i, (name, _) in enumerate(CURLS)])
def test_every_curl_of_a_readme_is_answered(name, words, running):
    """Each request that is shown is answered as its comment says: with 200, or with the 400 that it is about."""
    url, _ = running(name)
    status, body = curl([re.sub(r"http://127\.0\.0\.1:\d+", url, word) for word in words])
    assert status == (400 if "clustering" in " ".join(words) else 200), body
    assert body


@pytest.mark.parametrize("name", NAMES)
def test_what_a_run_prints_to_try_works(name, running):
    """Its own curl commands are answered."""
    _, printed = running(name)
    tries = commands(f"```sh\n{printed.partition('Serving on')[2].partition(chr(10))[2]}```\n")
    shown = [words for words in tries if words[0] == "curl"]
    assert shown
    assert [curl(words)[0] for words in shown] == [200] * len(shown)


def test_the_contents_of_each_walk_are_true():
    """The tests that a module's list of claims names exist; an ellipsis stands for any words."""
    for path in Path(__file__).parent.rglob("test_*.py"):
        module = ast.parse(path.read_text())
        there = [node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for name in re.findall(r"\btest_[\w…]*", ast.get_docstring(module) or ""):
            wanted = re.compile(name.replace("…", ".*"))
            assert any(wanted.fullmatch(one) for one in there), f"{path.name}: {name}"


def test_the_examples_are_found_from_the_first_page():
    """The project's README and the page on simulated providers link to them."""
    for page in ("README.md", "docs/mock.md"):
        assert "examples/README.md" in (ROOT / page).read_text()
