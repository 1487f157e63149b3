"""What the README shows is what happens."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import msgspec
import pytest

from docs.asking import curl
from docs.pages import PAGES, ROOT, blocks, commands, page
from pointsman.config.load import load_or_raise
from pointsman.fakes import LoadedDice, request
from pointsman.routing.explain import as_text
from pointsman.runtime import Runtime

README = page("README.md")
CURLS = [(path, words) for path in PAGES for words in commands(path.read_text()) if words[0] == "curl"]


@pytest.fixture
def folder(tmp_path):
    """A folder with the README's configuration."""
    (tmp_path / "pointsman.yaml").write_text(blocks(README, "yaml")[0])
    return tmp_path


def python(code: str, environment: dict[str, str]) -> str:
    """What a snippet prints, run as a program of its own."""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_two_commands_do_what_they_say():
    """``make demo`` ends in the demo; ``make test`` lints, checks types and contracts and runs the tests."""
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    demo, test = (
        subprocess.run(["make", "-n", target], cwd=ROOT, env=alone, capture_output=True, text=True, check=True).stdout
        for target in ("demo", "test")
    )
    assert [words for words in commands(README) if words[0] == "make"] == [["make", "demo"], ["make", "test"]]
    assert demo.splitlines()[-1].endswith("/pointsman demo")
    assert [tool in test for tool in ("/ruff check", "/mypy", "/lint-imports", "/pytest")] == [True] * 4


def test_the_picture_of_a_decision_is_one_that_explain_prints(folder, loopback):
    """Where dice fall one way it is the README's, where they fall the other way it is the other deployment's."""
    settings = load_or_raise([folder / "pointsman.yaml"], environ={})
    asked = request("llama3.1:8b")
    possible = {
        as_text(Runtime(settings, dice=LoadedDice([draw, spin])).decide(asked))
        for draw in (0.0, 0.74, 0.76, 0.99)
        for spin in (0.0, 0.99)
    }
    command, _, picture = blocks(README, "console")[0].partition("\n")
    printed = subprocess.run(
        [sys.executable, "-m", *command.split()[1:]],
        cwd=folder,
        env=loopback,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(possible) == 2
    assert printed.strip() in possible
    assert picture.strip() in possible


def test_the_openai_package_is_pointed_at_it_as_shown(demo, loopback):
    """The Python snippet runs unchanged but for the port, and prints who answered and what."""
    snippet, _ = blocks(README, "python")
    first, answer = python(demo.here(snippet), loopback).splitlines()
    assert first.startswith("llama3.1:8b@")
    assert first.endswith("answered at attempt 1")
    assert answer


def test_the_task_router_works_as_shown(loopback):
    """It says who did the task, and explains who would do the next one."""
    _, snippet = blocks(README, "python")
    first, *explanation = python(snippet, loopback).splitlines()
    assert first in ("shouts answered DOCUMENT THE PARSER", "whispers answered document the parser")
    assert explanation[0].startswith("debugging task -> ")
    assert any(line.split()[:1] == ["strategy"] for line in explanation)


def test_serve_takes_the_readmes_configuration(folder, loopback):
    """The gateway comes up on it, says so and serves its names."""
    (words,) = [words for words in commands(README) if words[:2] == ["pointsman", "serve"]]
    started = [sys.executable, "-m", *words, "--port", "0"]
    with subprocess.Popen(started, cwd=folder, env=loopback, stderr=subprocess.PIPE, text=True) as process:
        try:
            ready = next(line for line in process.stderr if "ready on" in line)
            url = ready.partition("ready on ")[2].split()[0]
            status, body = curl(["curl", f"{url}/v1/models"], refused=lambda: process.poll() is None)
        finally:
            process.terminate()
            process.communicate()
    assert status == 200
    assert [model["id"] for model in msgspec.json.decode(body)["data"]] == ["llama3.1:8b", "gpt-4o-mini"]


@pytest.mark.parametrize(("path", "words"), CURLS, ids=[" ".join(words[1:]) for _, words in CURLS])
def test_every_curl_in_the_docs_is_answered(demo, path, words):
    """Each request that is shown is one that the demo answers."""
    status, body = curl([demo.here(word) for word in words])
    assert status == 200
    assert body


def test_what_the_demo_prints_to_try_works(demo, loopback):
    """Its curl commands are answered, its Python snippet prints an answer, its page is there."""
    shown, _, page = demo.told.partition("Try:\n")[2].partition("The page: ")
    shell, _, snippet = textwrap.dedent(shown).partition("from openai")
    assert [curl(words)[0] for words in commands(f"```sh\n{shell}```\n")] == [200, 200]
    assert python(f"from openai{snippet}", loopback).strip()
    assert curl(["curl", page.split()[0]])[0] == 200
