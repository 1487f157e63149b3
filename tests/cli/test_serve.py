"""What the command line says over the configuration, now and after a reload."""

from __future__ import annotations

import pytest

from pointsman.cli.serve import Wishes, _log_decisions
from pointsman.config.settings import RouterSettings, ServerSettings
from pointsman.fakes import deployment, settings
from pointsman.model.secret import Secret
from pointsman.runtime import Runtime
from pointsman.telemetry.log import DecisionLog

SERVER = ServerSettings(master_key=Secret("x"), drain_timeout=60.0, drain_delay=5.0)


@pytest.mark.parametrize(
    ("wishes", "timeout", "delay"),
    [
        (Wishes(), 60.0, 5.0),
        (Wishes(drain_timeout=0.0), 0.0, 5.0),
        (Wishes(drain_delay=0.0), 60.0, 0.0),
        (Wishes(drain_timeout=1.5, drain_delay=2.5), 1.5, 2.5),
    ],
)
def test_times_that_are_said_count_before_those_that_are_configured(wishes, timeout, delay):
    """Zero is said too; everything else is as configured."""
    server = wishes.over(settings(deployment("a"), server=SERVER)).server
    assert (server.drain_timeout, server.drain_delay, server.master_key) == (timeout, delay, SERVER.master_key)


@pytest.mark.parametrize("always", [True, False])
def test_decisions_are_logged_as_the_configuration_of_the_moment_says(always):
    """Or always, if the command line says so; never twice."""
    quiet, loud = [settings(deployment("a"), router=RouterSettings(debug_router=wanted)) for wanted in (False, True)]
    runtime = Runtime(quiet)
    _log_decisions(runtime, always=always)
    seen = [len(runtime.listeners)]
    for configuration in (loud, loud, quiet):
        runtime.swap(configuration)
        seen.append(sum(isinstance(listener, DecisionLog) for listener in runtime.listeners))
    assert seen == ([1, 1, 1, 1] if always else [0, 1, 1, 0])
