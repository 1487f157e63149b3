"""Paths to one document: files, folders, and everything that is neither."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pointsman.config.findings import Report
from pointsman.config.sources import read_all


def read(*paths: Path):
    report = Report()
    value = read_all(list(paths), report).value
    return value, [f"{Path(f.file).name} {f.severity}: {f.message}" for f in report.findings()], report


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    """All *.yaml and *.yml of a folder are read, sorted; hidden files, other files and folders inside are not."""
    for name in ("20.yml", "10.yaml", ".hidden.yaml", "notes.txt"):
        (tmp_path / name).write_text(f"l: ['{name}']\n")
    (tmp_path / "folder.yaml").mkdir()
    value, findings, report = read(tmp_path)

    assert value == {"l": ["10.yaml", "20.yml"]}
    assert findings == []
    assert report.files == (str(tmp_path / "10.yaml"), str(tmp_path / "20.yml"))


def test_a_file_named_twice_is_read_once(tmp_path):
    """A file that is given by itself and within its folder does not join its lists to themselves."""
    file = tmp_path / "a.yaml"
    file.write_text("l: [1]\n")

    assert read(file, tmp_path, tmp_path / "." / "a.yaml")[0] == {"l": [1]}


def test_a_bare_list_of_patterns_is_the_patterns_section(tmp_path):
    """A file that is nothing but a list of patterns is understood, with its places."""
    file = tmp_path / "a.yaml"
    file.write_text('- pattern: "^x"\n  provider: p\n')
    report = Report()
    document = read_all([file], report)

    assert document.value == {"patterns": [{"pattern": "^x", "provider": "p"}]}
    assert document.marks.place(("patterns", 0, "provider")).line == 2


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ("- 1\n- 2\n", "a.yaml error: this is not a mapping of sections"),
        ("- pattern: x\n- 2\n", "a.yaml error: this is not a mapping of sections"),
        ("just text\n", "a.yaml error: this is not a mapping of sections"),
        ("[]\n", "a.yaml error: this is not a mapping of sections"),
        ("", "a.yaml warning: this says nothing"),
        ("# nothing\n", "a.yaml warning: this says nothing"),
        ("a: [\n", "a.yaml error: this is not YAML: did not find expected node content"),
    ],
)
def test_a_file_without_sections_is_a_finding(tmp_path, content, finding):
    """A list, a word, nothing or no YAML is told, and the other files are read all the same."""
    (tmp_path / "a.yaml").write_text(content)
    (tmp_path / "b.yaml").write_text("ok: 1\n")
    value, findings, _ = read(tmp_path)

    assert (value, findings) == ({"ok": 1}, [finding])


def test_what_can_not_be_read_is_a_finding(tmp_path):
    """A missing file, an empty folder, a pipe and a path that is none are findings, all of them."""
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    _, findings, _ = read(tmp_path / "no.yaml", tmp_path / "empty", tmp_path / "pipe.yaml", Path("a\0b"))

    assert findings == [
        "no.yaml error: this can't be read: No such file or directory",
        "pipe.yaml error: this is not a file",
        "a\0b error: this can't be read: not a path",
        "empty error: there is no *.yaml or *.yml in this folder",
    ]


def test_a_loop_of_links_is_a_finding(tmp_path):
    """A symbolic link to itself can't be read and says so."""
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    _, findings, _ = read(tmp_path / "loop.yaml")

    assert findings == ["loop.yaml error: this can't be read: Too many levels of symbolic links"]
