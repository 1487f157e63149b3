"""What differs between two configurations, in names."""

from __future__ import annotations

from pointsman.config.schema import Document, RouterSection
from pointsman.config.settings import RouterSettings, ServerSettings, Settings
from pointsman.fakes import deployment, provider, settings
from pointsman.gateway.changes import SECTIONS, TOLD_APART, Changes, changes
from pointsman.model.secret import Secret


def test_the_words_are_those_of_the_files():
    """A part that has another name than its field goes by a key that is known."""
    assert set(Settings.__struct_fields__) >= SECTIONS.keys() | TOLD_APART
    known = {*Document.model_fields, *RouterSection.model_fields, *RouterSection.LATER}
    assert [name for name in SECTIONS.values() if not set(name.split(", ")) <= known] == []


def test_the_same_is_no_change():
    """Though it was made twice, and read from other files."""
    old = settings(deployment("a"), server=ServerSettings(master_key=Secret("x")))
    new = settings(deployment("a"), server=ServerSettings(master_key=Secret("x")), sources=("elsewhere.yaml",))
    assert not changes(old, new)
    assert changes(old, new) == Changes()


def test_deployments_are_told_by_their_ids():
    """One that has another weight, or whose provider is another, has changed."""
    old = settings(deployment("a"), deployment("b"), deployment("c"), deployment("d"))
    new = settings(deployment("b", weight=2.0), deployment("c", at=provider("q")), deployment("e"), deployment("d"))
    found = changes(old, new)
    assert (found.added, found.removed, found.changed) == (("e",), ("a",), ("b", "c"))
    assert found.sections == ("providers",)


def test_sections_are_told_by_the_words_of_the_files():
    """Once each."""
    new = settings(router=RouterSettings(num_retries=9), aliases={"x": "m"}, hidden=frozenset({"x"}))
    assert changes(settings(), new).sections == ("model_group_alias", "router_settings")


def test_another_order_of_deployments_is_a_change():
    """It may say who is asked first."""
    one, other = deployment("a"), deployment("b")
    assert changes(settings(one, other), settings(other, one)) == Changes(sections=("model_list",))
    assert changes(settings(one, other), settings(other)) == Changes(removed=("a",))
