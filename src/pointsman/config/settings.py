"""What loading a configuration comes to: checked, resolved, complete, and frozen.

Everything behind this point works on these structs and never sees YAML, environment variables or LiteLLM's
spellings. ``routing.topology.compile_topology`` turns a Settings into a Topology.
"""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.secret import Secret


class ExactMatch(msgspec.Struct, frozen=True, gc=False):
    """``exact_matches``: this name goes to that provider. ``model`` overrides the upstream's name for it."""

    name: str
    provider: str
    fallback: str | None = None
    model: str | None = None
    description: str = ""


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """``patterns``: names matching ``pattern`` (RE2, searched, not anchored) go to ``provider`` as asked."""

    pattern: str
    provider: str
    fallback: str | None = None
    description: str = ""


class RouterSettings(msgspec.Struct, frozen=True):
    """How to choose, how often to try, when to rest a deployment. Times are seconds."""

    strategy: str = "simple-shuffle"
    num_retries: int = 2
    timeout: float = 600.0
    stream_timeout: float | None = None
    allowed_fails: int | None = None
    cooldown_time: float = 5.0
    retry_after: float = 0.0
    debug_router: bool = False


class ServerSettings(msgspec.Struct, frozen=True):
    """The gateway's own settings. Sizes are bytes."""

    master_key: Secret | None = None
    max_request_bytes: int = 20 * 1024 * 1024
    require_auth_for_metrics: bool = False
    litellm_headers: bool = False


class Settings(msgspec.Struct, frozen=True):
    """A whole configuration.

    ``deployments``: those of ``model_list``, then one open deployment (``model=None``, id = the provider's
    name) for each entry of ``providers``. ``aliases``: alias -> public name. ``fallbacks``: public name ->
    public names to try after it, ``default_fallbacks`` for any other. ``sources``: the files read.
    """

    deployments: tuple[Deployment, ...] = ()
    providers: dict[str, Provider] = {}
    exact: dict[str, ExactMatch] = {}
    patterns: tuple[Pattern, ...] = ()
    default_provider: str | None = None
    aliases: dict[str, str] = {}
    alias_groups: dict[str, tuple[str, ...]] = {}
    hidden: frozenset[str] = frozenset()
    fallbacks: dict[str, tuple[str, ...]] = {}
    default_fallbacks: tuple[str, ...] = ()
    router: RouterSettings = RouterSettings()
    server: ServerSettings = ServerSettings()
    sources: tuple[str, ...] = ()
