"""Who can serve: a Provider is a place, a Deployment is one model at one place. Frozen facts, no state."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.aws import Aws
from pointsman.model.listing import Card
from pointsman.model.rest import Allowed, Changes, HealthCheck
from pointsman.model.secret import Key, Secret

NOTHING: frozenset[str] = frozenset()


class Provider(msgspec.Struct, frozen=True, gc=False):
    """A place that serves models.

    ``kind`` names its wire format (a key of ``pointsman.providers.DIALECTS``); ``base_url`` has no trailing
    slash and no ``/v1`` suffix, unless what comes before the kind's paths is something else. ``api_version`` goes with
    every path of a kind that has dated versions. The key is sent as the kind demands; ``keys`` are all of them where
    there are several, and ``api_key`` is the first. ``aws``: requests are signed, and no key is sent. ``watch_load``:
    ask it how many requests it has, those of others too. ``breaker``: what is different for its circuit breaker and
    those of its deployments. ``check``: ask it whether it is up.
    """

    name: str
    kind: str
    base_url: str
    api_key: Secret | None = None
    default_model: str | None = None
    models: tuple[str, ...] = ()
    max_parallel_requests: int | None = None
    zone: str | None = None
    watch_load: bool = False
    breaker: Changes = ()
    check: HealthCheck | None = None
    keys: tuple[Key, ...] = ()
    api_version: str | None = None
    aws: Aws | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every key that it has, in order, or what it signs with."""
        if self.aws is not None:
            return self.aws.secrets
        if self.keys:
            return tuple([key.secret for key in self.keys])
        return () if self.api_key is None else (self.api_key,)


class Deployment(msgspec.Struct, frozen=True):
    """One (provider, upstream model, parameters) that can serve a public model name.

    ``model`` is the upstream's name for it; None means "the name the caller asked for, as is" (the open
    deployment that every provider of the ``providers`` section has). ``params`` are defaults added to a
    request's body; the caller's own value wins. ``weight`` is a share, ``rpm`` and ``tpm`` are requests and
    tokens a minute, times are seconds. ``adaptive``: how many requests at a time it bears is found
    out. ``order``: lower ones are asked first. ``tag_regex`` are RE2 patterns on
    ``User-Agent: …``. What may be known of the model: ``size`` in billions of parameters, ``context`` in tokens,
    prices in dollars a token, ``vision`` and ``tools`` (None: nobody said); ``listed`` is what its provider's own list
    says of it, or a table of prices. ``price_source`` names the table that tells the prices (None: the configuration
    does), ``price_up_to`` how many tokens of a prompt they hold for; ``written_cost`` is that of a prompt's tokens that
    are put into a cache, ``written_hour_cost`` if they are kept there for an hour. ``max_output``: tokens of an answer
    at most. ``prefill``: it goes on with an answer that a request ends with. ``breaker`` is what is different for its
    circuit breaker, ``allowed`` the failures of it that are borne. ``path``: it is asked
    there, below its provider's base URL, and not where its kind of server is. ``drop_params``: a request's fields that
    its provider has no words for are left out (None: nobody said); ``additional_drop_params`` are left out in any case.
    """

    id: str
    model_name: str
    provider: Provider
    model: str | None
    params: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    weight: float | None = None
    rpm: int | None = None
    tpm: int | None = None
    max_parallel_requests: int | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    cooldown_time: float | None = None
    info: dict[str, Any] = {}
    order: int | None = None
    tag_regex: tuple[str, ...] = ()
    size: float | None = None
    context: int | None = None
    input_cost: float | None = None
    output_cost: float | None = None
    cached_cost: float | None = None
    vision: bool | None = None
    tools: bool | None = None
    num_retries: int | None = None
    first_token_timeout: float | None = None
    idle_timeout: float | None = None
    listed: Card | None = None
    prefill: bool = False
    adaptive: bool = False
    breaker: Changes = ()
    allowed: tuple[Allowed, ...] = ()
    price_up_to: int | None = None
    price_source: str | None = None
    max_output: int | None = None
    written_cost: float | None = None
    written_hour_cost: float | None = None
    path: str | None = None
    drop_params: bool | None = None
    additional_drop_params: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def window(self) -> int | None:
        """Tokens of context, as far as the configuration tells, else its provider's list."""
        return self.context if self.context is not None or self.listed is None else self.listed.context

    @property
    def longest(self) -> int | None:
        """Tokens of an answer at most, likewise."""
        return self.max_output if self.max_output is not None or self.listed is None else self.listed.max_output

    @property
    def longest_told(self) -> str:
        """The same in words, with whose word it is if it is a list's."""
        return f"{self.longest}" if self.max_output is not None else f"{self.longest} (from {self.lister})"

    @property
    def lacking(self) -> frozenset[str]:
        """What its provider's list says that it does not take, where nobody else says anything: vision, tools."""
        card = self.listed
        if card is None or (card.vision is not False and card.tools is not False):
            return NOTHING
        told = (("vision", self.vision, card.vision), ("tools", self.tools, card.tools))
        return frozenset([word for word, said, listed in told if said is None and listed is False])

    @property
    def window_listed(self) -> bool:
        """True if it is its provider's list that tells the window."""
        return self.listed is not None and self.listed.context is not None and self.listed.context == self.window

    @property
    def window_told(self) -> str:
        """The window in words, with whose word it is if it is a list's."""
        if self.listed is None or not self.window_listed:
            return f"{self.window}"
        return f"{self.window} (from {self.listed.source or self.lister})"

    @property
    def lister(self) -> str:
        """Whose word its provider's list is."""
        return f"{self.provider.name}'s list"

    @property
    def picky(self) -> bool:
        """True if some requests are known to be beyond it."""
        return self.context is not None or self.vision is False or self.tools is False

    @property
    def modest(self) -> bool:
        """True if it is known to give less than some requests ask for, and gives what it has."""
        return self.longest is not None or bool(self.lacking)

    @property
    def limited(self) -> bool:
        """True if any limit is set, on the deployment or its provider. Zero is a limit: it admits nobody."""
        own = self.rpm is not None or self.tpm is not None or self.max_parallel_requests is not None
        return own or self.adaptive or self.provider.max_parallel_requests is not None

    def could_take(self, tokens: int) -> bool:
        """False if a request of so many tokens is more than a whole minute's: then no waiting helps."""
        return self.tpm is None or tokens <= self.tpm
