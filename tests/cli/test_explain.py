"""``pointsman explain``: what a request is like comes from options and a body; what is told is text or JSON."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pointsman.cli import app

NOVA = """
model_list:
  - model_name: nova
    litellm_params: {model: nova-code, api_base: "http://127.0.0.1:1/v1", custom_llm_provider: remodlai, tags: [code]}
  - model_name: nova
    litellm_params: {model: nova-text, api_base: "http://127.0.0.1:2/v1", api_key: sk-x, tags: [text]}
  - model_name: plain
    litellm_params: {model: openai/plain, api_base: "http://127.0.0.1:3/v1", api_key: sk-x}
    model_info: {enable_tag_filtering: false}
router_settings: {enable_tag_filtering: true}
litellm_settings: {callbacks: [nova_task_router]}
"""


@pytest.fixture
def explain(tmp_path):
    path = tmp_path / "nova.yaml"
    path.write_text(NOVA)

    def run(*options: str, given: str | None = None):
        return CliRunner().invoke(app, ["explain", str(path), *options], input=given)

    return run


def test_a_task_is_what_the_body_would_say(explain):
    """It becomes a tag, as the seed's configuration has it, and picks the adapter."""
    told = explain("--model", "nova", "--task", "code")
    assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "nova -> nova@remodlai  (nova-code at remodlai)")
    assert "tags code: 1 of 2 of 'nova' match" in told.stdout


@pytest.mark.parametrize("header", ["x-litellm-tags: code", "X-Pointsman-Tags:code", "X-Task: code"])
def test_headers_are_hints(explain, header):
    """As a request would bring them."""
    data = json.loads(explain("--model", "nova", "--header", header, "--json").stdout)
    assert (data["deployment"], data["tags"], data["route"]) == ("nova@remodlai", ["code"], "tag")


def test_options_come_on_top_of_a_body(explain):
    """A body from standard input, a model and a task from options."""
    body = '{"model": "plain", "input": "x", "task": "text"}'
    data = json.loads(explain("--body", "-", "--model", "nova", "--task", "code", "--json", given=body).stdout)
    assert (data["model"], data["tags"], data["hints"]) == ("nova", ["code"], {"task": "code"})


def test_what_is_not_passed_on_is_told(explain):
    """A known provider does not get the task."""
    assert "not sent  task" in explain("--model", "plain", "--task", "code").stdout
    assert "not sent" not in explain("--model", "nova", "--task", "code").stdout


def test_verbose_tells_of_everybody(explain):
    """A line each, and what would change it; as JSON the rows of ``POST /v1/route?verbose=1``."""
    told = explain("--model", "nova", "--task", "code", "--verbose").stdout
    assert "  chosen    nova@remodlai  share 1" in told
    assert "by tag: its tags are text; to change it: send tag 'text'" in told
    assert "to change it: name model 'plain'" in told
    rows = json.loads(explain("--model", "nova", "--task", "code", "--verbose", "--json").stdout)["candidates"]
    assert [row["kept"] for row in rows] == [True, False, False]


def test_a_request_that_nobody_would_serve_is_explained_too(explain):
    """The error where errors go, exit code 1; verbose, the steps to it and the ways out of it."""
    told = explain("--model", "nova", "--task", "maths", "--verbose")
    assert told.exit_code == 1
    assert "No deployments with tag maths" in told.stderr
    assert "send tag 'code'" in told.stdout
    brief = explain("--model", "nova", "--task", "maths")
    assert (brief.exit_code, brief.stdout.strip()) == (1, "")
    data = json.loads(explain("--model", "nova", "--task", "maths", "--json").stdout)
    assert (data["error"]["code"], data["steps"][-1]["stage"]) == ("no_deployment_with_tag", "tag")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--task", "x\ny"], "task must be"),
        (["--task", "x" * 300], "task must be"),
        (["--header", "X-Task: \u202e"], "X-Task"),
        (["--header", "X-Capability: poetry"], "unknown capability 'poetry'"),
        (["--header", "nonsense"], "Name: value"),
    ],
)
def test_a_hint_that_is_none_is_refused(explain, options, word):
    """With the words of the gateway, and nothing printed that a terminal would obey."""
    told = explain("--model", "nova", *options)
    assert told.exit_code == 1
    assert word in told.stderr
    assert "\u202e" not in told.stderr


def test_a_body_is_read_as_at_its_path(explain):
    """Responses' input is no embedding's; a path where nobody asks a model is refused."""
    body = '{"model": "nova", "input": "x", "task": "code"}'
    told = explain("--body", "-", "--path", "/v1/responses", "--json", given=body)
    assert json.loads(told.stdout)["deployment"] == "nova@remodlai"
    other = explain("--body", "-", "--path", "/v1/messages", given=body)
    assert (other.exit_code, "messages" in other.stderr) == (1, True)
    nowhere = explain("--prompt", "x", "--path", "/v1/models")
    assert (nowhere.exit_code, "/v1/messages" in nowhere.stderr) == (1, True)
