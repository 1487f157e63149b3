"""An upstream that repeats our key or its own address in an error does not make us repeat it."""

from __future__ import annotations

import pytest

from pointsman.fakes import provider
from pointsman.model.exchange import Refusal
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Secret
from pointsman.providers.shapes import scrubbed


@pytest.mark.parametrize("said", ["key sk-canary-123 is wrong", "at http://10.0.0.7:9000/v1/x", "host 10.0.0.7:9000"])
def test_keys_and_addresses_are_taken_out(said):
    """What is left is still the upstream's sentence."""
    place = provider(base_url="http://10.0.0.7:9000", api_key=Secret("sk-canary-123"))
    found = scrubbed(Refusal(FailureKind.BAD_REQUEST, "status 400", 400, body=said.encode()), place)
    assert b"canary" not in found.body
    assert b"10.0.0.7" not in found.body
    assert b"***" in found.body
