"""Base URLs in one form: scheme, host, port and path, without a trailing slash or ``/v1``. Pure text, nothing is asked.

A reason never repeats the URL: it may carry a password.
"""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEMES = ("http", "https")

ENDPOINTS = (
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/models",
    "/messages",
    "/api/chat",
    "/api/generate",
    "/api/tags",
    "/generate",
    "/infer",
)
"""Paths people paste along with the base URL."""

BASE = "/models"
"""Foundry's API has its paths below this one."""

DEPLOYMENT = "/openai/deployments/"
"""Azure's."""


class BadUrl(ValueError):  # noqa: N818  the base class says that it is an error
    """``str()`` is the reason, fit to print."""


def normalised(url: str, *, whole: bool = False) -> str:
    """The base URL in its one form, with a ``/v1`` at its end if it is ``whole``. Raises BadUrl with a reason that says
    what to write.
    """
    text = url.strip()
    if not text:
        raise BadUrl("is empty; write http://HOST:PORT")
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise BadUrl("has characters that a URL can't have")
    scheme, mark, _ = text.partition("://")
    if not mark:
        raise BadUrl("has no scheme; write http://HOST:PORT")
    if scheme.lower() not in SCHEMES:
        raise BadUrl("must begin with http:// or https://")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadUrl("has no valid host and port") from None
    if parts.username is not None or parts.password is not None:
        raise BadUrl("has a user name or password in it; use api_key")
    if "?" in text or "#" in text:
        raise BadUrl("has a query or a fragment")
    if not host or port == 0:
        raise BadUrl("has no valid host and port")
    path = parts.path.rstrip("/")
    _check_path(path, whole=whole)
    path = path if whole else path.removesuffix("/v1").rstrip("/")
    return f"{scheme.lower()}://{parts.netloc.lower().rstrip(':')}{path}"


def _check_path(path: str, *, whole: bool) -> None:
    if DEPLOYMENT in path:
        raise BadUrl(f"names a deployment; write only what stands before {DEPLOYMENT}, the model is its name")
    if path.endswith(ENDPOINTS) and not (whole and path.endswith(BASE)):
        raise BadUrl("names an endpoint; write only what stands before it")
