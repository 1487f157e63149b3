"""docs/cli.md prints what the commands say of themselves, and every command line in the docs is one that they take."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer.main

from docs.pages import PAGES, commands, page, section, table
from pointsman.cli import app

GROUP = typer.main.get_command(app)
COMMANDS = GROUP.commands
WRITTEN = [(path.name, words) for path in PAGES for words in commands(path.read_text()) if words[0] == "pointsman"]


def rows(command) -> list[list[str]]:
    """The table of a command's arguments and options as the page should have it."""
    made = []
    for parameter in command.params:
        names = ", ".join(f"`{name}`" for name in parameter.opts) if parameter.opts[0][0] == "-" else "`PATH…`"
        default = "required" if parameter.required else _default(parameter)
        made.append([names, default, parameter.help])
    return made


def _default(parameter) -> str:
    if parameter.default in (None, (), []) or parameter.is_flag or parameter.multiple:
        return ""
    return f"`{parameter.default:g}`" if isinstance(parameter.default, float) else f"`{parameter.default}`"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_page_has_a_commands_options_as_the_command_has_them(name):
    """Names, defaults and help texts are those of ``--help``."""
    below = section(page("docs/cli.md"), f"## pointsman {name}")
    assert table(below) == rows(COMMANDS[name])


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_page_begins_a_command_with_what_it_says_of_itself(name):
    """The first sentence of ``--help`` is the section's first."""
    assert section(page("docs/cli.md"), f"## pointsman {name}").strip().startswith(COMMANDS[name].help)


def test_the_page_has_all_commands_in_their_order():
    """No command more, none less."""
    headings = [line for line in page("docs/cli.md").splitlines() if line.startswith("## pointsman ")]
    assert headings == [f"## pointsman {name}" for name in COMMANDS]


@pytest.mark.parametrize(("where", "words"), WRITTEN, ids=[" ".join(words) for _, words in WRITTEN])
def test_every_command_line_in_the_docs_is_understood(where, words):
    """A documented command has the arguments and options that it is shown with."""
    command = COMMANDS[words[1]]
    assert command.make_context(words[1], words[2:]).params


def test_help_fits_a_screen():
    """``pointsman --help`` takes 24 lines of 80 columns at most and names every command."""
    told = subprocess.run(
        [sys.executable, "-m", "pointsman", "--help"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(told) <= 24
    assert max(map(len, told)) <= 80
    assert [line.split()[0] for line in told[told.index("Commands:") + 1 :]] == list(COMMANDS)
