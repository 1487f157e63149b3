"""Who may ask. Keys are looked up by their hash, whose seed nobody knows, or compared by their SHA-256: how long that
takes tells nothing about them.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from pointsman.config.check import weak_key
from pointsman.config.settings import ServerSettings
from pointsman.errors import ConfigurationError, Unauthorized
from pointsman.model.secret import Secret
from pointsman.telemetry.log import logger

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Keys:
    """The keys that are let in. Without a master key everybody is."""

    def __init__(self, master: Secret | None) -> None:
        self._master = sha256(master.reveal().encode()).digest() if master else None
        usual = {b"Bearer " + master.reveal().encode()} if master else ()
        self._is_usual = frozenset(usual).__contains__  # a method, for a set would print what is in it

    @property
    def needed(self) -> bool:
        return self._master is not None

    def check(self, headers: dict[bytes, bytes]) -> None:
        """Raises Unauthorized unless the request brings a key that is known. The message never repeats it."""
        if self._master is None:
            return
        given = headers.get(b"authorization")
        if self._is_usual(given):
            return
        bearer = given is not None and given[:7].lower() == b"bearer "
        key = given[7:] if given is not None and bearer else headers.get(b"x-api-key")
        if key is None:
            raise Unauthorized("no API key was given; send it as 'Authorization: Bearer …'")
        if not hmac.compare_digest(sha256(key).digest(), self._master):
            raise Unauthorized("the API key is not known here")


def weakness(master: Secret | None) -> str | None:
    """What is weak about a master key; None if nothing is."""
    if not master:
        return "no master key is set (general_settings.master_key)"
    reason = weak_key(master)
    return f"the master key {reason}" if reason is not None else None


def check_exposure(server: ServerSettings, host: str) -> None:
    """A weak key is warned of on loopback. Anywhere else it is unfit: raises ConfigurationError."""
    weak = weakness(server.master_key)
    if weak is None:
        return
    if host not in LOOPBACK:
        raise ConfigurationError(f"{weak}; on {host} everybody could use it. Set a long random one to listen there")
    logger().warning("weak_master_key", reason=weak, host=host)
