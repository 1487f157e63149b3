"""Files over time: what they say is read anew, and a change is noticed once it has settled."""

from __future__ import annotations

import os

import msgspec
import pytest

from pointsman.config.files import Files
from pointsman.config.settings import Settings

ONE = "providers: { one: { kind: vllm } }\n"
TWO = "providers: { two: { kind: vllm } }\n"


def read(files: Files) -> list[str]:
    settings = files.read().settings
    return sorted(settings.providers) if settings is not None else []


def looked(files: Files, times: int = 3) -> list[bool]:
    return [files.changed() for _ in range(times)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(ONE)
    return path


def test_they_are_read_anew_every_time(path):
    """What they say now counts."""
    files = Files([path], {})
    assert read(files) == ["one"]
    path.write_text(TWO)
    assert read(files) == ["two"]


def test_what_is_said_elsewhere_has_the_last_word(path):
    """And only over what is fit."""

    def adjust(settings: Settings) -> Settings:
        return msgspec.structs.replace(settings, default_provider="elsewhere")

    files = Files([path], {}, adjust=adjust)
    assert files.read().settings.default_provider == "elsewhere"
    path.write_text("{")
    assert files.read().settings is None


def test_the_environment_is_the_one_that_was_given(path):
    """Not that of the process."""
    path.write_text("providers: { one: { kind: '${KIND}' } }\n")
    assert Files([path], {"KIND": "vllm"}).read().settings.providers["one"].kind == "vllm"
    assert Files([path], {}).read().settings is None


def test_nothing_has_changed_until_something_does(path):
    """However often one looks."""
    files = Files([path], {})
    files.read()
    assert looked(files) == [False, False, False]


CHANGES = {
    "other content": lambda path: path.write_text(TWO + "# longer"),
    "the same size, later": lambda path: os.utime(path, ns=(0, path.stat().st_mtime_ns + 1)),
    "gone": lambda path: path.unlink(),
    "another in the folder": lambda path: (path.parent / "two.yml").write_text(TWO),
    "renamed": lambda path: path.rename(path.parent / "two.yaml"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("folder", [True, False], ids=["folder", "file"])
def test_a_change_is_noticed_at_the_second_look(path, name, folder):
    """Once; after it was read, whatever came of that, it is none any more."""
    files = Files([path.parent if folder else path], {})
    files.read()
    CHANGES[name](path)
    seen = folder or name != "another in the folder"
    assert looked(files) == [False, seen, seen]
    files.read()
    assert looked(files) == [False, False, False]


def test_a_file_that_takes_the_place_of_another_is_a_change(path):
    """As when it is written beside and moved there, or a link is turned: even if it looks as old and as large."""
    files = Files([path], {})
    files.read()
    before = path.stat()
    beside = path.parent / "beside"
    beside.write_text(TWO)
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns))
    beside.replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert looked(files) == [False, True, True]


def test_a_link_that_is_turned_is_a_change(tmp_path):
    """As Kubernetes replaces the files of a volume."""
    for name, text in (("old", ONE), ("new", TWO)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(text)
    link = tmp_path / "data"
    link.symlink_to("old")
    files = Files([link], {})
    assert read(files) == ["one"]
    link.unlink()
    link.symlink_to("new")
    assert looked(files) == [False, True, True]
    assert read(files) == ["two"]


def test_what_is_still_being_written_is_left_alone(path):
    """As long as it looks another way each time."""
    files = Files([path], {})
    files.read()
    seen = []
    for number in range(4):
        path.write_text(TWO + "#" * number)
        seen.append(files.changed())
    assert seen == [False] * 4
    assert looked(files) == [True, True, True]


def test_a_change_that_is_taken_back_is_none(path):
    """Read is what stands there."""
    files = Files([path], {})
    files.read()
    path.with_name("two.yaml").write_text(TWO)
    folder = Files([path.parent], {})
    folder.read()
    path.with_name("three.yaml").write_text(TWO)
    assert folder.changed() is False
    path.with_name("three.yaml").unlink()
    assert looked(folder) == [False, False, False]


def test_files_that_are_not_yaml_are_not_looked_at(path):
    """Nor hidden ones: what is not read does not matter."""
    files = Files([path.parent], {})
    files.read()
    (path.parent / "notes.txt").write_text("x")
    (path.parent / ".one.yaml.swp").write_text("x")
    (path.parent / ".hidden.yaml").write_text("x")
    assert looked(files) == [False, False, False]
