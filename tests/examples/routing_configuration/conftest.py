"""The example's configuration, and parts of it."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import Settings
from support.simulated import example


@pytest.fixture(scope="session")
def whole() -> Settings:
    """The example as it is."""
    return example("routing-configuration/config")


@pytest.fixture
def plain(whole) -> Settings:
    """Without the preference for warm providers, which sends first requests elsewhere."""
    return msgspec.structs.replace(whole, warm=None)


@pytest.fixture
def alone(plain) -> Settings:
    """And without redundant models: an exact name has one place."""
    return msgspec.structs.replace(plain, redundant={})
