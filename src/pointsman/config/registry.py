"""Providers: those of the ``providers`` section, and those that ``model_list`` implies by an address.

An address that a named provider has is that provider; any other address of a kind gets the kind's name, the next one
``-2``, and so on, in document order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr

from pointsman.config import kinds
from pointsman.config.api_keys import read_key, read_keys, says_keys
from pointsman.config.aws import FIELDS, KIND, Account, Accounts
from pointsman.config.endpoints import root
from pointsman.config.environment import Environment
from pointsman.config.findings import Path, Report
from pointsman.config.prefix import Prefix
from pointsman.config.prefixes import PREFIXES, prefix_of
from pointsman.config.schema import LitellmParams, ProviderSection
from pointsman.config.sections.rest import read_breaker, read_check
from pointsman.config.urls import BadUrl, normalised
from pointsman.config.where import Finder, Place
from pointsman.model.deployment import Provider
from pointsman.model.secret import Key, Secret

NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
LONGEST_NAME = 64


class Registry:
    """Finds the provider that is meant, or makes it. ``named``: those of the section; ``failed``: its wrong ones."""

    def __init__(self, environment: Environment, report: Report) -> None:
        self.named: dict[str, Provider] = {}
        self.implied: dict[str, Provider] = {}
        self.failed: frozenset[str] = frozenset()
        self._environment = environment
        self._report = report
        self._finder = Finder(environment, report)
        self._listed: dict[str, Provider] = {}
        self._by_url: dict[str, list[Provider]] = {}
        self._places: dict[tuple[Place, tuple[Secret, ...]], Provider] = {}
        self._counts: dict[str, int] = {}
        self._accounts = Accounts(environment, report)

    def take(self, sections: Mapping[str, ProviderSection], written: Iterable[str]) -> None:
        """Read the ``providers`` section. ``written``: every name in it, also of those that could not be read."""
        for name, section in sections.items():
            provider = self._provider(name, section)
            if provider is not None:
                self.named[name] = provider
                self._by_url.setdefault(provider.base_url, []).append(provider)
                for model in provider.models:
                    self._listed.setdefault(model, provider)
        self.failed = frozenset(written) - self.named.keys()

    def find(self, name: str) -> Provider | None:
        return self.named.get(name) or self.implied.get(name)

    def listing(self, model: str) -> Provider | None:
        """The first named provider whose ``models`` has this one."""
        return self._listed.get(model)

    def of_kind(self, kind: str) -> list[Provider]:
        return [provider for provider in self.named.values() if provider.kind == kind]

    def at(self, label: str, place: Place, keys: tuple[Key, ...]) -> Provider:
        """The provider at this place with these keys (any keys if none is given); implied if nobody named it."""
        secrets = tuple(key.secret for key in keys)
        for provider in self._by_url.get(place.base_url, ()):
            same = kinds.same_wire(provider.kind, place.kind) and provider.api_version == place.api_version
            if same and provider.aws == place.aws and (not keys or secrets == provider.secrets):
                return provider
        if (place, secrets) not in self._places:
            name = self._free_name(label)
            version, aws = place.api_version, place.aws
            made = Provider(name, place.kind, place.base_url, api_version=version, aws=aws, **_held(keys))
            self._places[place, secrets] = self.implied[name] = made
        return self._places[place, secrets]

    def where(self, prefix: Prefix, url: str | None, version: str | None, path: Path) -> Place | None:
        """The place that these mean; None if there is no address. ``path``: where a version may be written."""
        return self._finder.find(prefix, url, version, path)

    def _free_name(self, label: str) -> str:
        while True:
            number = self._counts[label] = self._counts.get(label, 0) + 1
            name = label if number == 1 else f"{label}-{number}"
            if name not in self.named and name not in self.implied:
                return name

    def key(self, given: SecretStr | None, path: Path) -> Secret | None:
        """A key as it can be sent in a header; None if there is none or it can't."""
        return read_key(given, path, self._report)

    def keys(self, section: ProviderSection | LitellmParams) -> tuple[Key, ...]:
        """All that a section says."""
        return read_keys(section, self._environment, self._report)

    def public_key(self, prefix: Prefix, base_url: str, path: Path) -> tuple[Key, ...]:
        """The environment's key for a service at its own address, and a warning if there is none."""
        if not prefix.keys or not (prefix.owns(base_url) or self._finder.told(prefix, base_url)):
            return ()
        for name in prefix.keys:
            value = self._environment.get(name)
            if value is not None:
                return one_key(self.key(SecretStr(value), path))
        self._report.warning(path, "no api_key is given and {} is not set: no key is sent", prefix.keys[0])
        return ()

    def url(self, given: str, path: Path, *, whole: bool = False) -> str | None:
        """The base URL in its one form; None with a finding if it is none. ``whole``: ``/v1`` at its end stays."""
        try:
            return normalised(given, whole=whole)
        except BadUrl as reason:
            self._report.error(path, str(reason))
            return None

    def _provider(self, name: str, section: ProviderSection) -> Provider | None:
        path = section.path
        if not name or len(name) > LONGEST_NAME or not NAME_CHARACTERS.issuperset(name):
            self._report.error(path, "a provider's name has letters, digits, `_`, `-` and `.` only, 64 at most")
            return None
        prefix = self._prefix(name, section)
        if prefix is None:
            return None
        account = self._account(prefix, section)
        if account is None:
            return None
        place, keys = account
        return Provider(
            name=name,
            kind=place.kind,
            base_url=place.base_url,
            default_model=section.default_model,
            models=tuple(dict.fromkeys(section.models or ())),
            max_parallel_requests=section.max_parallel_requests,
            zone=section.zone,
            watch_load=self._watched(prefix, section),
            breaker=read_breaker(section.breaker),
            check=read_check(section.health_check),
            api_version=place.api_version,
            aws=place.aws,
            **_held(keys),
        )

    def account(
        self,
        section: ProviderSection | LitellmParams,
        url: str | None,
        keys: tuple[Key, ...],
        region: str | None = None,
    ) -> Account | None:
        """Where AWS is asked, and by whom; None with a finding if that can't be told."""
        return self._accounts.of(section, url, keys, region)

    def _account(self, prefix: Prefix, section: ProviderSection) -> Account | None:
        """Where a provider of the section is, and its keys."""
        url = None
        if section.base_url is not None:
            given = root(prefix.kind, section.base_url)
            url = self.url(given, section.place("base_url"), whole=prefix.whole)
            if url is None:
                return None
        if prefix.kind == KIND:
            return self.account(section, url, self.keys(section))
        self.unacted(section)
        place = self.where(prefix, url, section.api_version, section.place("api_version"))
        if place is None:
            self._report.error(section.place("base_url"), "is required for this kind", suggestion=prefix.example)
            return None
        keys = self.keys(section) if says_keys(section) else self.public_key(prefix, place.base_url, section.path)
        return place, keys

    def unacted(self, section: ProviderSection | LitellmParams) -> None:
        """Warn of what is said of AWS where it is not asked."""
        for field in sorted(FIELDS & section.model_fields_set):
            self._report.warning(section.place(field), "is not acted on: this provider is not asked by way of AWS")

    def _watched(self, prefix: Prefix, section: ProviderSection) -> bool:
        """Whether it is asked how many requests it has, and a warning if it would not tell."""
        if section.watch_load and prefix.kind not in kinds.TELL_LOAD:
            text = "is not acted on: servers of this kind don't tell how many requests they have"
            self._report.warning(section.place("watch_load"), text, suggestion=", ".join(kinds.TELL_LOAD))
        return bool(section.watch_load)

    def _prefix(self, name: str, section: ProviderSection) -> Prefix | None:
        """What is known of this kind of provider, from ``kind`` or else from the provider's name."""
        word = section.kind or name
        path = section.place("kind") if section.kind else section.path
        prefix = prefix_of(word)
        if prefix is not None:
            return prefix
        if kinds.not_yet(word):
            self._report.error(path, "providers of kind {} are not supported by this version", word)
        elif section.kind:
            self._report.unknown("error", path, "unknown kind {}", word, self._kind_words(), ", ".join(kinds.COMMON))
        else:
            self._report.error(section.place("kind"), "is required", suggestion=", ".join(kinds.COMMON))
        return None

    @staticmethod
    def _kind_words() -> Iterable[str]:
        return (*kinds.KINDS, *kinds.SPELLINGS, *PREFIXES)


def one_key(key: Secret | None) -> tuple[Key, ...]:
    """A key that stands alone, if there is one."""
    return () if key is None else (Key(key, "1"),)


def _held(keys: tuple[Key, ...]) -> dict[str, Any]:
    """What a Provider has of them: the first, and all only where there are several."""
    return {"api_key": keys[0].secret if keys else None, "keys": keys if len(keys) > 1 else ()}
