"""What loading a configuration comes to: checked, resolved, complete, and frozen.

Everything behind this point works on these structs and never sees YAML, environment variables or LiteLLM's
spellings. ``routing.topology.compile_topology`` turns a Settings into a Topology.
"""

from __future__ import annotations

import msgspec

from pointsman.model.condition import Condition
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.outcome import FailureKind
from pointsman.model.prices import PriceTable
from pointsman.model.rest import Allowed, BreakerSettings, HealthCheck
from pointsman.model.secret import Secret


class ExactMatch(msgspec.Struct, frozen=True, gc=False):
    """``exact_matches``: this name goes to that provider. ``model`` overrides the upstream's name for it."""

    name: str
    provider: str
    fallback: str | None = None
    model: str | None = None
    description: str = ""
    chain: str | None = None


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """``patterns``: names matching ``pattern`` (RE2, searched, not anchored) go to ``provider`` as asked."""

    pattern: str
    provider: str
    fallback: str | None = None
    description: str = ""
    chain: str | None = None


class TagSettings(msgspec.Struct, frozen=True):
    """Routing by tags. ``enabled`` holds for groups whose ``model_info.enable_tag_filtering`` does not say otherwise.

    ``match_any``: one common tag is enough; else a deployment needs all of the request's. With ``prefix`` only tags
    that begin with it route, without it. ``tasks``: a body's ``task`` is a tag too. ``unauthorized``: "no deployment
    with this tag" is a 401 as LiteLLM says it, not a 400.
    """

    enabled: bool = False
    match_any: bool = True
    prefix: str | None = None
    tasks: bool = False
    unauthorized: bool = False


class MetadataRule(msgspec.Struct, frozen=True):
    """``request_metadata_routing``: requests that meet the condition go to ``provider``."""

    name: str
    provider: str
    condition: Condition


class Capability(msgspec.Struct, frozen=True):
    """``capabilities``: what ``X-Capability`` asks for. ``min_size`` is billions, ``min_context`` tokens."""

    name: str
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    min_size: float | None = None
    min_context: int | None = None
    fallback: str | None = None
    strategy: str | None = None
    description: str = ""

    @property
    def bounded(self) -> bool:
        """It asks for a least size or a least context."""
        return self.min_size is not None or self.min_context is not None


class SizeRule(msgspec.Struct, frozen=True):
    """``model_size_routing``: sizes in billions; ``text`` is the range as it was written ("8B - 13B")."""

    text: str
    provider: str
    least: float = 0.0
    most: float = float("inf")
    above: bool = False  # ``least`` itself is out
    below: bool = False  # ``most`` itself is out
    fallback: str | None = None
    reason: str = ""


class ProviderShare(msgspec.Struct, frozen=True):
    """One provider of a redundant model, and its share."""

    provider: str
    weight: float | None = None


class ChainMember(msgspec.Struct, frozen=True):
    """One provider of a fallback chain. ``model`` is what it is asked for, if not the name asked for."""

    provider: str
    condition: Condition | None = None
    model: str | None = None


class FallbackChain(msgspec.Struct, frozen=True):
    """``fallback_chains``: whom to turn to, in order. ``retries`` a member, with ``delay`` seconds between."""

    name: str
    members: tuple[ChainMember, ...]
    retries: int | None = None
    delay: float | None = None
    description: str = ""


class Task(msgspec.Struct, frozen=True):
    """``tasks``: requests of this kind go to ``model``, a public name. Patterns are RE2, ``most_tokens`` is a bound
    above which the task ``long_context`` takes over, or else the one that is named for all.
    """

    name: str
    model: str
    patterns: tuple[str, ...] = ()
    when: Condition | None = None
    utterances: tuple[str, ...] = ()
    most_tokens: int | None = None
    long_context: str | None = None


class TaskSettings(msgspec.Struct, frozen=True):
    """In order of precedence."""

    tasks: tuple[Task, ...] = ()
    long_context: str | None = None


class Category(msgspec.Struct, frozen=True):
    """A category of the semantic router. ``threshold`` is a similarity in 0..1; ``model`` a public name."""

    name: str
    model: str
    utterances: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    threshold: float | None = None
    description: str = ""


class EncoderSettings(msgspec.Struct, frozen=True):
    """How texts become vectors. ``kind``: lexical, sentence-transformers, model2vec, or http (an embeddings endpoint).

    ``provider`` is where ``http`` asks; ``timeout`` is seconds, ``most`` how many characters of a text are looked at.
    """

    kind: str = "lexical"
    model: str | None = None
    provider: Provider | None = None
    timeout: float = 1.0
    most: int = 4000


class SemanticSettings(msgspec.Struct, frozen=True):
    """``semantic_router``. ``fallback`` is the category for everything that no other one is near enough to.

    ``sticky``: seconds that a session keeps its category (None: every request is looked at).
    """

    categories: tuple[Category, ...] = ()
    fallback: str | None = None
    threshold: float | None = None
    encoder: EncoderSettings = EncoderSettings()
    sticky: float | None = None


class Weights(msgspec.Struct, frozen=True):
    """``weight_factors`` of usage_based. ``literal``: the document's formula, inverses as they stand."""

    latency: float = 0.4
    success_rate: float = 0.4
    cost: float = 0.2
    literal: bool = False


class Strategies(msgspec.Struct, frozen=True):
    """Which strategy picks where. ``groups``: public name or capability -> strategy; ``default`` for any other.

    ``measure`` of fastest_response: time_to_first_token or latency. ``buffer`` of latency-based-routing: how much
    slower than the fastest still counts as equal (0.1: a tenth).
    """

    default: str = "simple-shuffle"
    groups: dict[str, str] = {}
    weights: Weights = Weights()
    measure: str = "time_to_first_token"
    buffer: float = 0.0


class WarmSettings(msgspec.Struct, frozen=True):
    """``first_request_routing``: prefer deployments whose model is loaded. Times are seconds.

    Servers are asked what they have loaded ``every`` so often, and each time for as long as ``timeout``.
    """

    timeout: float = 0.1
    idle_reset: float = 600.0
    every: float = 10.0


class Pace(msgspec.Struct, frozen=True):
    """How often a server is asked about itself, and how long an answer may take. Seconds."""

    every: float
    timeout: float


class WatchSettings(msgspec.Struct, frozen=True):
    """Of providers' own lists of models, and of the requests that they have. ``check``: ask also those whether they are
    up that have no check of their own.
    """

    lists: Pace = Pace(30.0, 5.0)
    load: Pace = Pace(2.0, 1.0)
    check: HealthCheck | None = None


class RestSettings(msgspec.Struct, frozen=True):
    """``rate_limited_fallback`` and ``error_based_routing``. Times are seconds; None: not configured.

    ``rate_limited``: the least rest after a rate limit. ``error_threshold`` errors within ``error_window``, and a
    deployment is degraded for as long after the last.
    """

    rate_limited: float | None = None
    error_threshold: int | None = None
    error_window: float = 300.0


class RetrySettings(msgspec.Struct, frozen=True):
    """How often a failure is tried again, and how many such tries may be under way.

    ``policy``: tries by kind of failure, ``groups``: the same for one public name. ``share`` of the requests under way,
    and at least ``least``, may be retries of deployments that are failing. ``sent``: whether a request that reached
    an upstream which never answered may be sent again, though it may have been billed.
    """

    policy: dict[FailureKind, int] = {}
    groups: dict[str, dict[FailureKind, int]] = {}
    share: float = 0.2
    least: int = 3
    sent: bool = True


class HedgeSettings(msgspec.Struct, frozen=True):
    """Asking somebody else besides when an answer is late: after ``delay`` seconds (None: the 95th percentile of the
    deployment's first tokens). Of the requests under way a ``share``, and at least ``least``, may be such copies.
    """

    delay: float | None = None
    share: float = 0.05
    least: int = 1


class RouterSettings(msgspec.Struct, frozen=True):
    """How to choose, how often to try, when to rest a deployment. Times are seconds.

    ``stream_timeout`` stands in for a stream's ``first_token_timeout`` and ``idle_timeout`` where those are unset.
    ``pre_call_checks``: context windows that providers' lists tell are kept to as well as those that are configured.
    ``resume``: another deployment goes on with a stream that breaks off. ``keepalive``: how long a stream's caller is
    left without a word, if not for as long as it takes.
    ``allowed``: failures of some kinds that are borne, ``allowed_fails`` of any other; with ``disable_cooldowns``
    nobody ever rests.
    """

    num_retries: int = 2
    timeout: float = 600.0
    stream_timeout: float | None = None
    first_token_timeout: float | None = None
    idle_timeout: float | None = None
    allowed_fails: int | None = None
    allowed: tuple[Allowed, ...] = ()
    cooldown_time: float = 5.0
    disable_cooldowns: bool = False
    breaker: BreakerSettings = BreakerSettings()
    retry_after: float = 0.0
    max_fallbacks: int = 5
    retries: RetrySettings = RetrySettings()
    hedge: HedgeSettings | None = None
    queue_size: int = 1000
    queue_timeout: float = 60.0
    debug_router: bool = False
    pre_call_checks: bool = False
    resume: bool = True
    keepalive: float | None = None


class ServerSettings(msgspec.Struct, frozen=True):
    """The gateway's own settings. Sizes are bytes, times seconds.

    When it is told to end, it is not ready but takes requests for ``drain_delay``, then takes none and waits for those
    under way for ``drain_timeout``.
    """

    master_key: Secret | None = None
    max_request_bytes: int = 20 * 1024 * 1024
    require_auth_for_metrics: bool = False
    max_parallel_requests: int | None = None
    litellm_headers: bool = False
    drain_timeout: float = 600.0
    drain_delay: float = 0.0


class Settings(msgspec.Struct, frozen=True):
    """A whole configuration.

    ``deployments``: those of ``model_list``, then one open deployment (``model=None``, id = the provider's
    name) for each entry of ``providers``. ``aliases``: alias -> public name. ``fallbacks``: public name ->
    public names to try after it, ``default_fallbacks`` for any other; ``context_fallbacks`` are those for requests that
    are too long, ``content_fallbacks`` those for what a content filter refused, in both ``*`` for any other name.
    ``sources``: the files read. ``prices``: what hosted models charge; the first table that has a model counts, the
    last of them is the one that ships.
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
    context_fallbacks: dict[str, tuple[str, ...]] = {}
    content_fallbacks: dict[str, tuple[str, ...]] = {}
    router: RouterSettings = RouterSettings()
    server: ServerSettings = ServerSettings()
    sources: tuple[str, ...] = ()
    strategies: Strategies = Strategies()
    tags: TagSettings = TagSettings()
    metadata: tuple[MetadataRule, ...] = ()
    capabilities: dict[str, Capability] = {}
    sizes: tuple[SizeRule, ...] = ()
    redundant: dict[str, tuple[ProviderShare, ...]] = {}
    chains: dict[str, FallbackChain] = {}
    tasks: TaskSettings | None = None
    semantic: SemanticSettings | None = None
    warm: WarmSettings | None = None
    watch: WatchSettings = WatchSettings()
    rest: RestSettings = RestSettings()
    prices: tuple[PriceTable, ...] = ()
