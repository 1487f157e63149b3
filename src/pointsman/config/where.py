"""Where a provider is: its address, what is spoken there, and the version of its API, from what is written and the
environment. The differences between kinds are in ``prefixes.py``.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from pointsman.config.environment import Environment
from pointsman.config.findings import Path, Report
from pointsman.config.prefix import Dated, Prefix
from pointsman.config.prefixes import PUBLIC_URLS
from pointsman.config.urls import BadUrl, normalised
from pointsman.model.aws import Aws

UNDATED = ("v1", "latest", "preview")
"""Words for the API without dated versions; of these only ``preview`` is sent."""

VAGUE = ("openai", "openai_compatible")
"""Kinds that a well-known address tells more exactly."""

_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?")


class Place(msgspec.Struct, frozen=True):
    """What a Provider has of these."""

    kind: str
    base_url: str
    api_version: str | None = None
    aws: Aws | None = None


class Finder:
    """Finds places, one after the other."""

    def __init__(self, environment: Environment, report: Report) -> None:
        self._environment = environment
        self._report = report

    def find(self, prefix: Prefix, url: str | None, version: str | None, path: Path) -> Place | None:
        """The place that a prefix, a base URL in its one form and a version mean; None if there is no address.
        ``path`` is where the version may be written.
        """
        url = url or self.base_of(prefix)
        if url is None:
            return None
        host = urlsplit(url).hostname or ""
        kind = next((kind for end, kind in prefix.elsewhere if host.endswith(end)), prefix.kind)
        if kind in VAGUE:
            kind = PUBLIC_URLS.get(url, kind)
        if prefix.dated is not None and kind == prefix.kind:
            return self._dated(prefix.dated, Place(kind, url), version, path)
        if version is not None:
            self._report.warning(path, "is not acted on: this kind of provider has no versions")
        return Place(kind, url)

    def base_of(self, prefix: Prefix) -> str | None:
        """The prefix's own address, or the one that the environment has for it; one that makes no sense is none."""
        said = self._environment.get(prefix.base_env) if prefix.base_env is not None else None
        try:
            return normalised(said, whole=prefix.whole) if said is not None else prefix.base_url
        except BadUrl:
            return prefix.base_url

    def told(self, prefix: Prefix, url: str) -> bool:
        """True if the environment names the server at this address."""
        told = self.base_of(prefix) if prefix.base_env is not None else None
        return told is not None and urlsplit(told)[:2] == urlsplit(url)[:2]

    def _dated(self, dated: Dated, place: Place, version: str | None, path: Path) -> Place:
        ends = (dated.undated, *dated.stems, *filter(None, [dated.only]))
        end = next((end for end in ends if place.base_url.endswith(end)), "")
        stem = place.base_url.removesuffix(end)
        if version is None:
            version = None if end == dated.undated else self._usual(dated, end)
        elif version not in UNDATED:
            version = self._believed(version, dated.undated if end == dated.undated else "", path)
        if version is None or version in UNDATED:
            return Place(place.kind, stem + dated.undated, version if version == "preview" else None)
        return Place(place.kind, stem, version)

    def _usual(self, dated: Dated, end: str) -> str | None:
        """The environment's version, else that of addresses with this end."""
        said = self._environment.get(dated.env) if dated.env is not None else None
        return said or (dated.usual if end and end == dated.only else None)

    def _believed(self, version: str, undated: str, path: Path) -> str | None:
        """A dated version that can be sent. ``undated``: the address's end, if its API has none."""
        if not _VERSION.fullmatch(version):
            self._report.error(path, "is no API version", suggestion="write it like 2024-10-21, or v1")
            return None
        if undated:
            self._report.warning(path, "is not sent: an address with {} has no dated versions", undated)
            return None
        return version
