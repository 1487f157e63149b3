"""What is known of a provider by the word before its models' names: facts, and the table of them is ``prefixes.py``."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec


class Dated(msgspec.Struct, frozen=True, gc=False):
    """An API with dated versions, beside one without, which stands at ``undated`` below an address. ``stems`` are other
    ends of addresses that mean either; one that ends with ``only`` means the dated one, of version ``usual`` if none is
    said. ``env`` is the variable with a version.
    """

    undated: str
    stems: tuple[str, ...] = ()
    only: str | None = None
    usual: str | None = None
    env: str | None = None


class Prefix(msgspec.Struct, frozen=True, gc=False):
    """``name`` is what a provider is called that only this prefix implies. ``names``: an RE2 of its model names.

    ``also`` are variables that hold such a key too but are set for other tools as well: no provider is found by one.
    ``base_env`` is the variable with the address of a service that everybody has at another one; ``hosts`` are the ends
    of such addresses' names. ``whole``: what stands before the kind's paths is not ``/v1``, so an address is kept as it
    is written. ``dated`` says where its API is, of a kind whose API has dated versions. ``elsewhere``: ends of hosts'
    names where another kind is spoken than this prefix says, and that kind. ``example_url``: an address of its kind.
    """

    name: str
    kind: str
    base_url: str | None = None
    env: tuple[str, ...] = ()
    names: str = ""
    also: tuple[str, ...] = ()
    base_env: str | None = None
    hosts: tuple[str, ...] = ()
    whole: bool = False
    example_url: str = ""
    dated: Dated | None = None
    elsewhere: tuple[tuple[str, str], ...] = ()

    @property
    def public(self) -> bool:
        """True if everybody finds it at the same address."""
        return bool(self.env) and self.base_url is not None

    def owns(self, base_url: str) -> bool:
        """True if the address is the service's own, whoever wrote it."""
        host = urlsplit(base_url).hostname or ""
        secure = base_url.startswith("https://")
        return (self.public and base_url == self.base_url) or (secure and host.endswith(self.hosts or ("\0",)))

    @property
    def example(self) -> str:
        """What to write for an address that has to be given; empty if nobody knows."""
        if self.base_env is None:
            return ""
        return f"{self.example_url}, or set {self.base_env}" if self.example_url else f"set {self.base_env}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Every variable that may hold a key."""
        return self.env + self.also
