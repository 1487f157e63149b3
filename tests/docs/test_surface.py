"""What others may rely on: the package's public names and commands, its version, and that links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from types import ModuleType

import pytest

import pointsman
import pointsman.testing
from docs.pages import FENCE, PAGES, ROOT, page

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINKS = [(path, link) for path in PAGES for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text()))]


def public(module: ModuleType) -> set[str]:
    """Names that a module defines for others: no modules, nothing private, nothing it only imported."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and getattr(value, "__module__", module.__name__) == module.__name__
    }


def slug(heading: str) -> str:
    """The anchor that a page's reader makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_the_package_has_the_names_that_it_says():
    """All of them can be had, and any other is an error that names the module."""
    for name in pointsman.__all__:
        assert getattr(pointsman, name) is not None
    assert set(dir(pointsman)) == set(pointsman.__all__)
    with pytest.raises(AttributeError, match="pointsman"):
        _ = pointsman.Rooter
    assert pointsman.__version__ == "0.1.0"


def test_the_fakes_that_are_shipped_are_these():
    """What tests of routers and gateways may import."""
    assert public(pointsman.testing) - {"TYPE_CHECKING", "annotations"} == {"MockOptions", "MockProvider", "Simulation"}


def test_the_project_says_what_it_is():
    """Name, command, Python and extras as documented."""
    assert (PROJECT["name"], PROJECT["requires-python"]) == ("pointsman", ">=3.11")
    assert PROJECT["scripts"] == {"pointsman": "pointsman.cli:main"}
    assert set(PROJECT["optional-dependencies"]) == {
        "any-llm",
        "bedrock",
        "bench",
        "embeddings",
        "model2vec",
        "monitor",
        "redis",
        "test",
    }
    assert PROJECT["license"] == "Apache-2.0"
    assert (ROOT / PROJECT["readme"]).read_text() == page("README.md")


def test_version_and_changelog_agree():
    """The newest entry is the version that is installed; above it may stand what is to come."""
    entries = re.findall(r"^## (\S+)", page("CHANGELOG.md"), re.MULTILINE)
    assert "Next" not in entries[1:]
    assert entries[entries[0] == "Next"] == PROJECT["version"] == pointsman.__version__


@pytest.mark.parametrize(("path", "link"), LINKS, ids=[f"{path.name}->{link}" for path, link in LINKS])
def test_every_link_leads_somewhere(path, link):
    """A file that exists, and a heading in it."""
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    assert target.is_file()
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", target.read_text()), re.MULTILINE)
    assert not anchor or anchor in map(slug, headings)
