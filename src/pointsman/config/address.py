"""Where an entry of ``model_list`` is served: ``model``, ``api_base`` and ``custom_llm_provider`` to a Provider.

The prefix of ``model`` says what speaks there; a provider of that name, of that address or of that kind is used before
one is implied. Where a rule names a provider, its name is such a prefix.
"""

from __future__ import annotations

import msgspec

from pointsman.config.api_keys import says_keys
from pointsman.config.aws import KIND, model_and_region, says_account
from pointsman.config.endpoints import KINDS, Endpoint, endpoint_of
from pointsman.config.findings import Path, Report
from pointsman.config.names import Ref
from pointsman.config.prefix import Prefix
from pointsman.config.prefixes import PREFIXES, PUBLIC_URLS, UNSERVED, prefix_of
from pointsman.config.registry import LONGEST_NAME, NAME_CHARACTERS, Registry
from pointsman.config.schema import LitellmParams
from pointsman.config.where import Place
from pointsman.model.deployment import Provider
from pointsman.model.secret import Key

UNSUPPORTED = "{} is not supported by this version"


class Asked(msgspec.Struct, frozen=True):
    """What an entry says of its address, read once. ``word``: what names the provider, if anything does."""

    path: Path
    model: str
    word: str | None
    custom: bool
    url: str | None
    version: str | None
    keys: tuple[Key, ...]
    keyless: bool
    endpoint: Endpoint | None = None

    @property
    def upstream(self) -> str:
        """The model's name without the word before it, or the one in its address."""
        if self.endpoint is not None and self.endpoint.model is not None:
            return self.endpoint.model
        return self.model.removeprefix(f"{self.word}/") if self.word else self.model


class Address(msgspec.Struct, frozen=True):
    """A provider and its name for the model. ``path``: where it is asked there, if the entry says."""

    provider: Provider
    model: str
    path: str | None = None


class Addresses:
    """Answers for one entry after the other."""

    def __init__(self, registry: Registry, report: Report) -> None:
        self._registry = registry
        self._report = report

    def of(self, params: LitellmParams) -> Address | None:
        """Where it is; None with a finding if nobody can tell."""
        asked = self._asked(params)
        if asked is None:
            return None
        if not asked.upstream:
            self._report.error((*asked.path, "model"), "names no model")
            return None
        if asked.word in self._registry.failed and asked.url is None:
            return None  # the error was told where the provider is described
        prefix = self._prefix(asked)
        upstream = asked.upstream
        if prefix is not None and prefix.kind == KIND:
            upstream, region = model_and_region(upstream)
            provider = self._aws(asked, prefix, params, region)
        elif prefix is not None:
            self._registry.unacted(params)
            provider = self._known(asked, prefix)
        elif asked.word in UNSERVED:
            self._report.error((*asked.path, "model"), UNSUPPORTED, f"{asked.word}/")
            return None
        else:
            found = self._unknown(asked)
            return Address(*found) if found is not None else None
        path = asked.endpoint.path if asked.endpoint is not None else None
        return Address(provider, upstream, path) if provider is not None else None

    def meant(self, ref: Ref) -> Provider | None:
        """The provider that a rule names; None if nobody defined it and its name says nothing of it."""
        found, prefix = self._registry.find(ref.name), prefix_of(ref.name)
        if found is not None or prefix is None or ref.name in self._registry.failed:
            return found
        known = self._of_kind(prefix, ref.name, ref.path) or self._registry.implied.get(prefix.name)
        if known is not None:
            self._report.info(ref.path, "provider {} is not defined here: {} is meant", ref.name, known.name)
            return known
        place = self._registry.where(prefix, None, None, ref.path) if prefix.kind != KIND else None
        if place is None:
            return None
        text = "provider {} is not defined here: it is taken to be at {}"
        hint = "say in `providers` if it is elsewhere"
        self._report.info(ref.path, text, ref.name, place.base_url, suggestion=hint)
        return self._registry.at(prefix.name, place, self._registry.public_key(prefix, place.base_url, ref.path))

    def _asked(self, params: LitellmParams) -> Asked | None:
        path, model, custom = params.path, params.model, params.custom_llm_provider
        given = params.api_base or params.base_url
        spelling = "api_base" if params.api_base else "base_url"
        if params.api_base and params.base_url and params.api_base != params.base_url:
            self._report.error(
                (*path, "base_url"), "says something else than `api_base`", suggestion="keep one of the two"
            )
        head, slash, rest = model.partition("/")
        if custom is None and slash and not (head and rest):
            self._report.error((*path, "model"), "expected PREFIX/MODEL with something on both sides")
            return None
        named = head in self._registry.named or head in self._registry.failed
        known = named or head in PREFIXES or head in UNSERVED
        word = custom or (head if slash and known else None)
        prefix = self._spoken(word)
        whole = prefix is not None and prefix.whole
        endpoint = endpoint_of(given) if given and prefix is not None and prefix.kind in KINDS else None
        base = given if endpoint is None else endpoint.base
        url = self._registry.url(base, (*path, spelling), whole=whole) if base else None
        if base and url is None:
            return None
        keys, keyless = self._registry.keys(params), not says_keys(params)
        return Asked(path, model, word, custom is not None, url, params.api_version, keys, keyless, endpoint)

    def _spoken(self, word: str | None) -> Prefix | None:
        """What is known of the kind that this word means."""
        named = self._registry.named.get(word or "")
        return PREFIXES.get(named.kind if named is not None and word not in PREFIXES else word or "")

    def _prefix(self, asked: Asked) -> Prefix | None:
        if asked.word is None:
            return None
        named = self._registry.named.get(asked.word)
        if named is not None and (asked.word not in PREFIXES or asked.url is None):
            kind = PREFIXES[named.kind]
            return msgspec.structs.replace(
                kind, name=asked.word, base_url=named.base_url, env=(), also=(), base_env=None
            )
        return PREFIXES.get(asked.word)

    def _known(self, asked: Asked, prefix: Prefix) -> Provider | None:
        if asked.url is not None:
            return self._at(asked, prefix, asked.url)
        shown = f"{asked.word}/" if asked.word else asked.model
        named = self._registry.named.get(asked.word or "") or self._of_kind(prefix, shown, (*asked.path, "model"))
        if named is None or asked.version is not None:
            return self._at(asked, prefix, named.base_url if named is not None else None)
        if not asked.keys or tuple(key.secret for key in asked.keys) == named.secrets:
            return named
        return self._registry.at(prefix.name, Place(named.kind, named.base_url, named.api_version), asked.keys)

    def _at(self, asked: Asked, prefix: Prefix, url: str | None) -> Provider | None:
        place = self._registry.where(prefix, url, asked.version, (*asked.path, "api_version"))
        if place is None:
            text, word = "is required with the prefix {}", f"{asked.word}/"
            if asked.custom:
                text, word = "is required with custom_llm_provider {}", asked.word or ""
            self._report.error((*asked.path, "api_base"), text, word, suggestion=prefix.example)
            return None
        return self._registry.at(prefix.name, place, self._keys(asked, prefix, place.base_url))

    def _aws(self, asked: Asked, prefix: Prefix, params: LitellmParams, region: str | None) -> Provider | None:
        """A named provider, unless the entry says where or by whom AWS is asked; then the one that it means."""
        if asked.url is None and not asked.keys and region is None and not says_account(params):
            shown = f"{asked.word}/"
            named = self._registry.named.get(asked.word or "") or self._of_kind(prefix, shown, (*asked.path, "model"))
            if named is not None:
                return named
        account = self._registry.account(params, asked.url, asked.keys, region)
        if account is None:
            return None
        return self._registry.at(prefix.name, *account)

    def _keys(self, asked: Asked, prefix: Prefix, url: str) -> tuple[Key, ...]:
        """The entry's own keys, else the environment's if the address is the public one and the entry says nothing."""
        if not asked.keys and asked.keyless:
            return self._registry.public_key(prefix, url, asked.path)
        return asked.keys

    def _of_kind(self, prefix: Prefix, word: str, path: Path) -> Provider | None:
        """A named provider that the prefix may mean; never one at somebody else's public address."""
        same = [p for p in self._registry.of_kind(prefix.kind) if p.base_url == prefix.base_url]
        if not same and prefix.name == prefix.kind:
            same = [p for p in self._registry.of_kind(prefix.kind) if p.base_url not in PUBLIC_URLS]
        if len(same) > 1:
            hint = "write the provider's own name"
            self._report.warning(path, "{} may mean several providers; {} is used", word, same[0].name, suggestion=hint)
        return same[0] if same else None

    def _unknown(self, asked: Asked) -> tuple[Provider, str] | None:
        path = (*asked.path, "model")
        if asked.custom:
            return self._custom(asked)
        listed = self._registry.listing(asked.model) if asked.url is None else None
        if listed is not None:
            return listed, asked.model
        openai = PREFIXES["openai"]
        if "/" not in asked.model:
            provider = self._known(asked, openai)
            return (provider, asked.model) if provider is not None else None
        head = asked.model.partition("/")[0]
        known = (*self._registry.named, *PREFIXES)
        if asked.url is None:
            hint = "add api_base, or one of the known prefixes"
            self._report.unknown("error", path, "prefix {} is not known, and there is no api_base", head, known, hint)
            return None
        text = "prefix {} is not known: the whole name is sent to an OpenAI-compatible server"
        self._report.unknown("warning", path, text, head, known, "write openai/ before it, or custom_llm_provider")
        return self._registry.at(*self._vaguely("openai_compatible", asked.url), asked.keys), asked.model

    def _custom(self, asked: Asked) -> tuple[Provider, str] | None:
        """A provider LiteLLM was taught: by its name, and OpenAI-compatible as far as we know."""
        if asked.url is None:
            text = "is required with custom_llm_provider {}"
            self._report.error((*asked.path, "api_base"), text, asked.word or "")
            return None
        label = "".join(c if c in NAME_CHARACTERS else "_" for c in asked.word or "")[:LONGEST_NAME]
        return self._registry.at(*self._vaguely(label, asked.url), asked.keys), asked.upstream

    @staticmethod
    def _vaguely(label: str, url: str) -> tuple[str, Place]:
        """A server of which nothing is known but its address."""
        return label, Place("openai_compatible", url)
