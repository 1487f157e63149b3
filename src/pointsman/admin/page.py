"""The page's own files, as packaged: a document, a script, a stylesheet, a picture. No data, so no key.

The rules below are what makes "never as markup" more than a habit: no inline script or style runs, nothing is asked of
any other address, the page can't be framed, and where browsers know Trusted Types a string can't become markup at all.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

FILES = {
    "/ui": ("index.html", "text/html"),
    "/ui/app.js": ("app.js", "text/javascript"),
    "/ui/style.css": ("style.css", "text/css"),
    "/ui/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Path to file and content type."""

RULES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

POLICY = "; ".join(f"{directive} {value}" for directive, value in RULES.items())

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


class Page:
    """One packaged file, read once. A browser that has it is told so by ETag."""

    def __init__(self, name: str, media_type: str) -> None:
        self._content = files("pointsman.admin").joinpath("ui", name).read_bytes()
        self._media_type = media_type
        self._headers = {**HEADERS, "etag": f'"{sha256(self._content).hexdigest()[:24]}"'}

    async def get(self, http: HttpRequest) -> Response:
        if has_same(http.headers.get("if-none-match"), self._headers["etag"]):
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, headers=self._headers, media_type=self._media_type)


def has_same(known: str | None, etag: str) -> bool:
    """Whether If-None-Match covers ``etag``; compared weakly, as RFC 9110 13.1.2 demands."""
    if known is None:
        return False
    return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}


def page_routes() -> list[Route]:
    return [Route(path, Page(name, kind).get, methods=["GET"]) for path, (name, kind) in FILES.items()]
