"""docs/concepts/providers.md: its tables say what the code does."""

from __future__ import annotations

import pytest

from docs.pages import code, page, section, table
from pointsman.config import kinds
from pointsman.config.prefixes import PREFIXES, prefix_of
from pointsman.providers.heads import HEADS, USUAL
from pointsman.providers.profiles import PATHS, PROFILES

PAGE = page("docs/concepts/providers.md")
TABLES = {"### Servers of your own": kinds.SERVERS, "### Services": kinds.SERVICES}


def quoted(words) -> str:
    return ", ".join(f"`{word}`" for word in words)


def spellings(kind: str) -> str:
    """Every other word for it, as a kind or before a model's name."""
    words = [word for word, meant in kinds.SPELLINGS.items() if meant == kind]
    words += [word for word, prefix in PREFIXES.items() if prefix.kind == kind]
    return quoted(sorted(dict.fromkeys(words).keys() - {kind}))


def address(kind: str) -> str:
    prefix = prefix_of(kind)
    if prefix.base_url is not None:
        return prefix.base_url
    return f"{prefix.example_url}, or `{prefix.base_env}`" if prefix.base_env else "required"


def differences(kind: str) -> str:
    profile, said = PROFILES[kind], []
    if kind in HEADS and HEADS[kind].key != USUAL.key:
        said.append(f"the key is sent as `{HEADS[kind].key.partition(':')[0]}`")
    if profile.prefix != "/v1":
        said.append(f"paths begin with `{profile.prefix}`" if profile.prefix else "nothing stands before its paths")
    said += [f"`{path}` stands below `{before}`" for path, before in profile.prefixes.items()]
    said += [f"`{old}` is sent as `{new}`" for old, new in profile.renamed.items()]
    said += [f"`{name}` is not sent" for name in sorted(profile.needless)]
    if profile.lacking:
        said.append(f"refuses {quoted(sorted(profile.lacking))}")
    if profile.reasoning:
        said.append(f"thoughts in `{profile.reasoning}`")
    if profile.takes_task:
        said.append("`task` is sent on")
    return "; ".join(said)


def row(kind: str) -> list[str]:
    serves = PROFILES[kind].endpoints
    served = "anything may be asked" if serves is None else ", ".join(name for name in PATHS if name in serves)
    return [f"`{kind}`", spellings(kind), address(kind), quoted(prefix_of(kind).keys), served, differences(kind)]


@pytest.mark.parametrize("heading", TABLES)
def test_the_kinds_are_those_there_are(heading):
    """Their other names, addresses, variables, endpoints and differences."""
    assert table(section(PAGE, heading)) == [row(kind) for kind in PROFILES if kind in TABLES[heading]]


def test_the_endpoints_are_those_there_are():
    """Names and paths."""
    assert {code(name)[0]: code(path)[0] for name, path in table(section(PAGE, "## Kinds"))} == {
        name: f"/v1{path}" for name, path in PATHS.items()
    }
