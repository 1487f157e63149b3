"""Tables of prices: the shipped one is sound, the user's counts first, and what is wrong with it is told."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

import pytest

from pointsman.config.load import load, load_mapping
from pointsman.config.prefixes import PUBLIC_URLS
from pointsman.config.prices import decoded, shipped

OWN = """
[hosts."api.openai.com"]
as_of = 2026-11-01
[hosts."api.openai.com".models]
"gpt-4.1" = { input = 1.6, output = 6.4 }
"""
HOSTS = shipped().hosts
NOT_SERVED_YET = {"generativelanguage.googleapis.com"}
EVERY = [(host, name) for host, each in HOSTS.items() for name in each.models]


@pytest.mark.parametrize("host", HOSTS)
def test_each_shipped_list_tells_its_day_and_its_page(host):
    """At the public address that a prefix of that service stands for."""
    assert HOSTS[host].source.startswith("https://")
    assert date(2026, 1, 1) <= HOSTS[host].as_of <= date(2026, 12, 31)
    assert host in {urlsplit(url).netloc for url in PUBLIC_URLS} | NOT_SERVED_YET


@pytest.mark.parametrize(("host", "name"), EVERY)
def test_a_shipped_price_can_be_true(host, name):
    """Cents to dollars a million; a cache is never dearer; a model's context holds what its price holds for."""
    price = HOSTS[host].models[name]
    assert 0.01 <= price.input <= 100
    assert price.output == 0 or price.input <= price.output <= 200
    assert price.cached is None or 0 < price.cached <= price.input
    assert price.context is None or price.context >= (price.up_to or 0)


def test_without_a_file_the_shipped_table_counts_alone():
    """It is there for every configuration that is read."""
    assert load_mapping({"providers": {"openai": {}}}, environ={}).settings.prices == (shipped(),)


def loaded(folder, prices: str | bytes | None, name: str = "prices.toml"):
    folder.joinpath("pointsman.yaml").write_text(f"providers: {{openai: {{models: [gpt-4.1]}}}}\nprices: {name}\n")
    if prices is not None:
        folder.joinpath("prices.toml").write_bytes(prices.encode() if isinstance(prices, str) else prices)
    return load([folder / "pointsman.yaml"], environ={})


def test_a_file_of_ones_own_counts_first(tmp_path):
    """It is looked for beside the file that names it."""
    assert loaded(tmp_path, OWN).settings.prices == (decoded(OWN.encode()), shipped())


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        (None, "can't be read: No such file or directory"),
        ("hosts = 1", "is no table of prices: `Expected `object`, got `int`"),
        ("[hosts", "is no table of prices: "),
        (b"\xff\xfe", "is no table of prices: "),
        (OWN.replace("input = 1.6", "inptu = 1.6"), "is no table of prices: `Object "),
        (OWN.replace("input = 1.6", "input = -1.6"), "is no table of prices: `a price is not below 0"),
        (OWN.replace("as_of = 2026-11-01", ""), "is no table of prices: `Object missing required field `as_of`"),
    ],
)
def test_a_file_that_is_no_table_is_an_error(tmp_path, prices, told):
    """With the file that it is in."""
    found = loaded(tmp_path, prices)
    assert found.settings is None
    (finding,) = [each for each in found.findings if each.severity == "error"]
    assert finding.file.endswith("prices.toml")
    assert told in finding.message
