"""What docs/concepts/task-router.md says of instances is so: names, figures, addresses, the example."""

from __future__ import annotations

import re
from inspect import Parameter, signature

import pytest

from docs.pages import blocks, code, page, section, table
from pointsman import errors
from pointsman.library.instances import EndpointInstance, Instance, ProcessInstance, as_instance
from pointsman.library.instances.answer import MOST
from pointsman.library.instances.coerce import NAMES
from pointsman.library.instances.endpoint import TIMEOUT
from pointsman.library.instances.program import GRACE
from pointsman.model.outcome import FailureKind

PAGE = page("docs/concepts/task-router.md")
INSTANCES = section(PAGE, "## Instances")
ENDPOINTS, PROGRAMS = section(PAGE, "### Endpoints"), section(PAGE, "### Programs")
ALL = PAGE[PAGE.index("## Instances") :]


def test_every_method_is_told_of():
    """Those of the protocol, all of them, and no others."""
    told = {re.split(r"\W", name.removeprefix("await "))[0] for row in table(INSTANCES) for name in code(row[0])}
    assert told == set(NAMES) | {"with"}
    assert set(NAMES) <= set(dir(Instance))


def test_the_arguments_are_those_of_the_code():
    """Every option is named; and what is asked has the defaults that are shown."""
    assert set(signature(EndpointInstance).parameters) <= set(re.findall(r"\w+", " ".join(code(ENDPOINTS))))
    told = set(re.findall(r"\w+", " ".join(code(INSTANCES) + code(ENDPOINTS) + code(PROGRAMS))))
    assert set(signature(ProcessInstance).parameters) <= told
    asked = signature(Instance.ask).parameters["timeout"]
    assert (asked.default, asked.kind) == (None, Parameter.POSITIONAL_OR_KEYWORD)


def test_the_figures_are_those_of_the_code():
    """How long, how much."""
    assert f"`timeout` ({TIMEOUT:.0f} s)" in ENDPOINTS
    assert f"`grace` ({GRACE:.0f} s)" in PROGRAMS
    assert f"last {MOST:,} characters" in INSTANCES


def test_the_words_are_those_of_the_code():
    """Errors and kinds of failure."""
    kinds = {kind.value for kind in FailureKind}
    assert set(re.findall(r'`"(\w+)"`', ENDPOINTS)) <= kinds
    for name in ("InstanceBusy", "InstanceFailed", "StillWorking", "ProgramFailed"):
        assert name in ALL
        assert hasattr(errors, name)
    assert issubclass(errors.StillWorking, TimeoutError)


@pytest.mark.parametrize("url", re.findall(r'`"(\w+://[^"]+)"`', ALL))
def test_every_url_that_is_shown_is_an_endpoint(url):
    """Without asking anybody."""
    assert isinstance(as_instance(url), EndpointInstance)


def test_the_example_prints_what_it_says(capsys):
    """Line by line, as in the comments."""
    (example,) = blocks(INSTANCES, "python")
    names: dict[str, object] = {}
    exec(example, names)
    assert capsys.readouterr().out.split("\n")[:-1] == re.findall(r"# (.+)$", example, re.MULTILINE)
    assert (names["updated"], names["has_prompt"]) == (True, True)
