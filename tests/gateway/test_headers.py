"""Response headers: no name of a caller's makes a header of ours, and each says what is true of this response."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider
from pointsman.gateway import headers
from pointsman.gateway.headers import decision_head, safe
from pointsman.model.decision import Decision, Leg, Tier
from pointsman.model.outcome import Attempt, FailureKind


def head(model="m", *, group="m", at=None, tier=0, attempts=1, litellm=False) -> bytes:
    member = at or deployment("d1", "m", provider("p"), model=None)
    leg = Leg(member, model, tier, group)
    made = Decision(group, "exact", "simple-shuffle", member, model, (member,), (Tier(group, group, (member,)),), ())
    earlier = tuple(Attempt(member.id, model, FailureKind.RESET, 0.1) for _ in range(attempts - 1))
    return decision_head("0" * 24, made, leg, earlier, litellm)


def fields(raw: bytes) -> dict[str, str]:
    *lines, last = raw.decode("ascii").split("\r\n")
    assert last == ""
    return dict(line.split(": ", 1) for line in lines)


def test_every_header_says_its_part():
    """Who answered, for which model, by which stage, at which attempt."""
    assert fields(head(attempts=3, tier=1)) == {
        "x-pointsman-request-id": "0" * 24,
        "x-pointsman-deployment": "d1",
        "x-pointsman-provider": "p",
        "x-pointsman-model": "m",
        "x-pointsman-route": "exact",
        "x-pointsman-strategy": "simple-shuffle",
        "x-pointsman-attempts": "3",
        "x-pointsman-fallbacks": "1",
        "x-pointsman-cache": "bypass",
    }


def test_litellms_names_are_sent_where_they_are_wanted():
    """Scripts read them; without the wish they are not there."""
    found = fields(head(attempts=3, tier=1, litellm=True))
    assert {name: value for name, value in found.items() if name.startswith("x-litellm-")} == {
        "x-litellm-call-id": "0" * 24,
        "x-litellm-model-id": "d1",
        "x-litellm-model-group": "m",
        "x-litellm-attempted-retries": "1",
        "x-litellm-attempted-fallbacks": "1",
    }


NASTY = ["a\r\nset-cookie: x=1", "a\nb", "a\x00b", "modèle", "模型", "a%0d%0ab", "\x7f", "\u2028", " lead", "x" * 5000]


@pytest.mark.parametrize("name", NASTY)
def test_names_with_line_breaks_or_letters_from_afar_are_escaped(name):
    """The head has as many lines as for a plain name, and each is visible ASCII."""
    for litellm in (False, True):
        raw = head(name, group=name, litellm=litellm)
        assert raw.count(b"\r\n") == raw.count(b"\n") == head(litellm=litellm).count(b"\r\n")
        assert all(0x20 <= byte < 0x7F for byte in raw.replace(b"\r\n", b""))


@given(st.text(max_size=300))
def test_what_was_escaped_can_be_read_back(name):
    """Percent-encoding loses nothing of a name that fits whole; of a longer one a beginning is left."""
    value = safe(name)
    assert value.isascii()
    assert value.isprintable()
    assert name.startswith(unquote(value, errors="strict"))
    if len(quote(name, safe=headers._SAFE)) <= headers.LONGEST:
        assert unquote(value) == name


@pytest.mark.parametrize("name", ["é" * 2000, "x" + "é" * 2000, "xy" + "é" * 2000])
def test_a_long_name_is_not_cut_within_an_escape(name):
    """What is left is a beginning of the name."""
    value = safe(name)
    assert len(value) <= 1024
    assert name.startswith(unquote(value, errors="strict"))


def test_two_providers_with_a_deployment_of_one_name_are_told_apart():
    """After a swap the header names the provider that answered, not the one remembered."""
    one, other = (deployment("moved", "m", provider(name)) for name in ("before", "after"))
    assert fields(head(at=one))["x-pointsman-provider"] == "before"
    assert fields(head(at=other))["x-pointsman-provider"] == "after"


def test_heads_remembered_are_bounded(monkeypatch):
    """Names come from callers; remembering them comes to an end and changes no head."""
    monkeypatch.setattr(headers, "MOST", 10)
    first = head("name-0", litellm=True)
    for n in range(50):
        head(f"name-{n}", litellm=n % 2 == 0)
        if n > 10:
            assert len(headers._heads) <= 10
            assert headers._heads.keys() == headers._litellm_heads.keys()
    assert head("name-0", litellm=True) == first
