"""Reading the documentation: fenced blocks, tables, headings. What they should say is asked by the tests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


def page(name: str) -> str:
    """A page by its path below the root."""
    return (ROOT / name).read_text()


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return [body for found, body in FENCE.findall(text) if found == language]


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    _, found, rest = text.partition(f"\n{heading}\n")
    if not found:
        raise LookupError(f"no heading {heading!r}")
    return re.split(r"^#{1,6} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str, number: int = 0) -> list[list[str]]:
    """The cells of a table's rows, without its head: the first table of ``text`` unless told otherwise."""
    tables = re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip().strip("|").split(" |")] for line in tables[number].splitlines()]
    return rows[2:]


def code(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return CODE.findall(cell)


def commands(text: str) -> list[list[str]]:
    """The command lines of ``sh`` blocks and of ``$`` lines in ``console`` blocks, split as a shell would."""
    found = [block.replace("\\\n", " ").splitlines() for block in blocks(text, "sh")]
    prompts = [line[2:] for block in blocks(text, "console") for line in block.splitlines() if line.startswith("$ ")]
    lines = [line for lines in found for line in lines] + prompts
    split = [shlex.split(line, comments=True) for line in lines]
    return [words for words in split if words]
