"""docs/architecture.md describes the house that stands: its rooms, layers, dependencies and files."""

from __future__ import annotations

import configparser
import re
import tomllib

from docs.pages import FENCE, ROOT, blocks, code, page, section, table

PAGE = page("docs/architecture.md")
SOURCE = ROOT / "src" / "pointsman"


def test_the_dependencies_are_those_of_the_package_each_with_a_reason():
    """One row a dependency; none more, none less, none without a why."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = table(section(PAGE, "## Dependencies"))
    assert sorted(code(row[0])[0] for row in rows) == sorted(
        re.split(r"[<>=~ ]", d)[0] for d in project["dependencies"]
    )
    assert all(row[1] for row in rows)
    extras = {code(row[0])[0]: code(row[1]) for row in table(section(PAGE, "## Dependencies"), 1)}
    assert extras.pop("test") == ["make test"]
    assert extras == {
        extra: [re.split(r"[<>=~ ]", d)[0] for d in packages]
        for extra, packages in project["optional-dependencies"].items()
        if extra != "test"
    }


def test_the_layers_are_those_that_are_enforced():
    """The second picture of the rooms is the import contract."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    enforced = contracts["importlinter:contract:rooms"]["layers"].replace("pointsman.", "").strip()
    assert blocks(section(PAGE, "## Rooms"), "")[1].strip() == enforced


def test_the_rooms_are_those_of_the_package():
    """Every folder and file of the package's top is in the picture."""
    drawn = re.findall(r"^  (\S+)  ", blocks(section(PAGE, "## Rooms"), "")[0], re.MULTILINE)
    there = {f"{path.name}/" for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    there |= {path.name for path in SOURCE.glob("*.py") if not path.name.startswith("__")}
    assert sorted(drawn) == sorted(there)


def test_every_file_that_is_named_exists():
    """A path between backticks leads somewhere, in the package or below the root."""
    named = {
        name.partition("::")[0] for name in code(FENCE.sub("", PAGE)) if re.fullmatch(r"[\w./]+/[\w./]*(::\w+)?", name)
    }
    missing = [name for name in named if not (SOURCE / name).exists() and not (ROOT / name).exists()]
    assert len(named) > 40
    assert missing == []


def test_the_picture_names_files_that_exist():
    """What a room's line lists is in that room."""
    for room, told in re.findall(r"^  (\w+/)\s+(.*)$", blocks(section(PAGE, "## Rooms"), "")[0], re.MULTILINE):
        assert [name for name in re.findall(r"\w+\.py", told) if not (SOURCE / room / name).exists()] == []
