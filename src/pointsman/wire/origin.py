"""Where a provider is, and the unchanging part of every request head that is sent there."""

from __future__ import annotations

import ssl
from functools import cache
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from pointsman.model.deployment import Provider
from pointsman.model.secret import Key
from pointsman.providers.heads import head_lines
from pointsman.version import VERSION


class Origin(msgspec.Struct, frozen=True):
    """A parsed base URL. ``prefix`` precedes every path; ``proxy`` is an HTTP proxy as (host, port, key)."""

    host: str
    port: int
    tls: bool
    authority: str
    prefix: str
    proxy: tuple[str, int, str | None] | None


def origin_of(provider: Provider) -> Origin:
    """Parse ``base_url``. Proxies come from HTTP_PROXY, HTTPS_PROXY and NO_PROXY; loopback never goes through one."""
    parts = urlsplit(provider.base_url)
    host = parts.hostname or ""
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    shown = f"[{host}]" if ":" in host else host
    authority = shown if parts.port is None else f"{shown}:{parts.port}"
    return Origin(host, port, tls, authority, parts.path.rstrip("/"), _proxy(parts.scheme, host))


def _proxy(scheme: str, host: str) -> tuple[str, int, str | None] | None:
    url = getproxies().get(scheme)
    if not url or is_loopback(host) or proxy_bypass(host):
        return None
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if not parts.hostname:
        return None
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    return parts.hostname, parts.port or 8080, user


def is_loopback(host: str) -> bool:
    """Does the name or number of a host mean this machine?"""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def head_of(provider: Provider, origin: Origin, path: str, method: str, key: Key | None = None) -> bytes:
    """A request head up to the length: ``POST path`` … ``content-length: ``. Made once per provider, path and key."""
    target = f"{origin.prefix}{path}"
    if origin.proxy is not None and not origin.tls:
        target = f"http://{origin.authority}{target}"
    return (
        f"{method} {target} HTTP/1.1\r\nhost: {origin.authority}\r\nuser-agent: pointsman/{VERSION}\r\n"
        f"accept: application/json, text/event-stream\r\naccept-encoding: identity\r\n"
        f"{head_lines(provider, key)}content-length: "
    ).encode("latin-1")


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates are verified against the system's store; made once."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
