"""``pointsman check``: the same findings for people and for programs, and an exit code that scripts can use."""

from __future__ import annotations

import json

import pytest

from pointsman.cli.check import check
from pointsman.cli.explain import Asked, explain

GOOD = "model_list:\n  - {model_name: a, litellm_params: {model: ollama/a}}\n"
BAD = "router_settings:\n  timout: 3\n  search_tools: 1\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "pointsman.yaml"


def test_a_good_configuration_is_0_and_one_line(file, capsys):
    """Nothing to say but what is there."""
    file.write_text(GOOD)

    assert check([file], as_json=False) == 0
    assert capsys.readouterr().out == "0 errors, 0 warnings: 1 deployment, 0 providers from 1 file\n"


def test_every_finding_is_a_line_and_an_error_is_1(file, capsys):
    """Each line begins with file, line and column, as editors read them."""
    file.write_text(BAD)

    assert check([file], as_json=False) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:2:3: error: router_settings.timout: unknown key `timout` (did you mean `timeout`?)",
        f"{file}:3:3: warning: router_settings.search_tools: known, but not acted on by this version",
        "1 error, 1 warning: this configuration can't be used",
    ]


def test_explain_tells_findings_as_check_does(file, capsys):
    """The same lines, at the same places."""
    file.write_text(BAD)
    check([file], as_json=False)
    *lines, _ = capsys.readouterr().out.splitlines()

    assert explain([file], Asked(model="a"), as_json=False) == 1
    assert capsys.readouterr().err.splitlines() == lines


def test_json_holds_every_field(file, capsys):
    """``--json`` prints one object with counts and findings."""
    file.write_text(BAD)

    assert check([file], as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["errors"], told["warnings"]) == (False, 1, 1)
    assert told["findings"][0] == {
        "severity": "error",
        "file": str(file),
        "line": 2,
        "column": 3,
        "key": "router_settings.timout",
        "message": "unknown key `timout`",
        "suggestion": "did you mean `timeout`?",
    }


def test_a_block_that_stands_alone_is_0(file, capsys):
    """Names that another file may define are warnings here."""
    file.write_text("router_settings: {fallbacks: [{a: [b]}]}\n")

    assert check([file], as_json=False) == 0
    assert "`a` is not defined here" in capsys.readouterr().out


def test_an_implied_provider_is_a_note(file, capsys):
    """Neither an error nor a warning: where it is taken to be, and what to say if it is not there."""
    file.write_text("exact_matches: { a: ollama }\n")
    where = "it is taken to be at `http://127.0.0.1:11434` (say in `providers` if it is elsewhere)"

    assert check([file], as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:1:18: info: exact_matches.a: provider `ollama` is not defined here: {where}",
        "0 errors, 0 warnings: 0 deployments, 1 provider from 1 file",
    ]


def test_square_brackets_are_no_markup(file, capsys):
    """What looks like rich's markup in a file is printed as it is written."""
    file.write_text("'[bold]x[/bold]': 1\n")
    check([file], as_json=False)

    assert "unknown key `[bold]x[/bold]`" in capsys.readouterr().out


def test_no_secret_is_printed(file, capsys, monkeypatch):
    """Neither a literal key nor one from the environment appears, whatever is wrong around it."""
    monkeypatch.setenv("POINTSMAN_TEST_KEY", "hunter2-from-environment")
    file.write_text(
        "model_list:\n"
        "  - {model_name: os.environ/POINTSMAN_TEST_KEY, litellm_params: {model: x/y, api_key: hunter2-literal}}\n"
        "general_settings: {master_key: hunter2}\n"
        "default_provider: ${POINTSMAN_TEST_KEY}\n"
    )

    assert check([file], as_json=False) == 1
    assert check([file], as_json=True) == 1
    assert "hunter2" not in capsys.readouterr().out
