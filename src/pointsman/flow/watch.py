"""Watching a server: which of its models are loaded, asked again and again beside all requests, never within one."""

from __future__ import annotations

from collections.abc import Generator

from pointsman.config.settings import WarmSettings
from pointsman.flow.effects import Call, Effect, Reply, Sleep
from pointsman.model.deployment import Provider
from pointsman.providers.loaded import answer, question
from pointsman.state.scoreboard import Scoreboard

ROUNDS = 2.5
"""Times ``every`` that a server's word holds: one lost answer is no reason to forget it."""


def watch(provider: Provider, settings: WarmSettings, board: Scoreboard) -> Generator[Effect, Reply, None]:
    """Ask until it is cancelled. An answer that comes late, or none, means that nobody knows."""
    asked = question(provider)
    while asked is not None:
        reply = yield Call(provider, asked, settings.timeout, settings.timeout)
        board.told(provider.name, answer(provider, reply), settings.every * ROUNDS)
        yield Sleep(settings.every)
