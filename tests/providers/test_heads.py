"""What each kind's key is sent as: by the head that goes over the wire, and never anywhere else."""

from __future__ import annotations

import pytest

from pointsman.config.kinds import KINDS
from pointsman.fakes import provider
from pointsman.model.exchange import Refusal
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Secret
from pointsman.providers.alive import ALIVE
from pointsman.providers.heads import head_lines
from pointsman.providers.shapes import scrubbed
from pointsman.testing import MockProvider
from support.probing import probed

KEY = "sk-{hush}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_one_line(kind):
    """Anthropic's and Azure's are named otherwise, and Anthropic's requests name a version; without a key that alone is
    left.
    """
    lines = head_lines(provider(kind=kind, api_key=Secret(KEY)))
    bare = head_lines(provider(kind=kind))
    if kind == "anthropic":
        assert (lines, bare) == (f"{VERSION}x-api-key: {KEY}\r\n", VERSION)
    elif kind in ("azure", "azure_ai"):
        assert (lines, bare) == (f"api-key: {KEY}\r\n", "")
    else:
        assert (lines, bare) == (f"authorization: Bearer {KEY}\r\n", "")


VERSION = "anthropic-version: 2023-06-01\r\n"


async def test_it_goes_over_the_wire():
    """The server takes it for its key."""
    async with MockProvider("anthropic", api_key="sk-hush") as mock:
        assert await probed(ALIVE, mock, "anthropic") is True
        [entry] = mock.ledger.entries
    assert (entry.key_matched, entry.headers["anthropic-version"], "authorization" in entry.headers) == (
        True,
        "2023-06-01",
        False,
    )


def test_a_key_that_is_echoed_is_not_passed_on():
    """Whatever stands around it."""
    body = b'{"error":{"message":"invalid x-api-key: sk-hush"}}'
    place = provider(kind="anthropic", api_key=Secret("sk-hush"))
    said = scrubbed(Refusal(FailureKind.BAD_REQUEST, "status 400", 400, None, body), place).body
    assert said == b'{"error":{"message":"invalid x-api-key: ***"}}'
