"""The page's files: served as what they are, without data, and unable to do what the policy forbids."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from starlette.routing import Match

from pointsman.admin import admin_routes
from pointsman.admin.page import FILES, POLICY, has_same
from pointsman.gateway.app import build_app
from pointsman.gateway.gateway import Gateway

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'
"""A name, not an address: no browser asks for it."""

AS_MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "setHTMLUnsafe", "DOMParser", "srcdoc")
ELSEWHERE = ("localStorage", "indexedDB", "document.cookie", "sendBeacon", "WebSocket", "eval(", "Function(", "import(")


class Tags(HTMLParser):
    """Every start tag of a document with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def document(client) -> Tags:
    return Tags(client.get("/ui").text)


@pytest.fixture
def script(client) -> str:
    return client.get("/ui/app.js").text


@pytest.mark.parametrize("path", FILES)
def test_each_file_is_served_without_a_key_as_what_it_is(client, path):
    """Nobody needs a key for a page without data, and no browser has to guess what it got."""
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].split(";")[0] == FILES[path][1]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("path", FILES)
def test_a_browser_that_has_a_file_is_told_so(client, path):
    """An ETag saves the body, never the question: what a new version brings is seen at once."""
    first = client.get(path)
    again = client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["content-security-policy"] == POLICY
    assert client.get(path, headers={"if-none-match": '"other"'}).content == first.content


@pytest.mark.parametrize(
    ("known", "same"),
    [(None, False), ("*", True), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ('"b"', False), ("a", False)],
)
def test_known_tags_are_compared_weakly(known, same):
    """As RFC 9110 demands for If-None-Match."""
    assert has_same(known, '"a"') is same


def test_the_policy_lets_nothing_in_that_is_not_ours():
    """No inline code or style, no other address, no frame, no string that becomes markup."""
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in POLICY
    assert ":" not in POLICY


@pytest.mark.parametrize("path", FILES)
def test_no_file_names_an_address_elsewhere(client, path):
    """The page works without any network but the gateway's."""
    text = client.get(path).text.replace(NAMESPACE, "")
    assert re.findall(r"""\b[a-z]{2,}://|["'(=]\s*//|@import|\burl\(""", text) == []


def test_the_document_has_no_code_and_no_style_of_its_own(document):
    """What the policy would block is not there in the first place."""
    assert [tag for tag, has in document.found if tag == "style" or (tag == "script" and not has.get("src"))] == []
    assert [name for _, has in document.found for name in has if name == "style" or name.startswith("on")] == []


@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_the_document_asks_for_its_own_files_wherever_it_is_mounted(document, prefix):
    """Addresses are relative, so that a proxy may put the gateway under a prefix."""
    asked = {has.get("src") or has["href"] for _, has in document.found if has.get("src") or has.get("href")}
    found = {urljoin(f"http://host{prefix}/ui", link) for link in asked if not link.startswith("#")}
    assert found == {f"http://host{prefix}{path}" for path in FILES if path != "/ui"}


def test_what_the_script_looks_up_is_in_the_document_once(document, script):
    """A renamed id can't leave the page dead."""
    ids = [has["id"] for _, has in document.found if "id" in has]
    assert len(ids) == len(set(ids))
    asked = set(re.findall(r"""\$\("([\w-]+)"\)""", script))
    assert len(asked) > 20
    assert asked <= set(ids)


def test_every_label_belongs_to_a_field(document):
    """Nobody has to guess what a field is for."""
    ids = {has["id"] for _, has in document.found if "id" in has}
    named = {has["for"] for tag, has in document.found if tag == "label" and "for" in has}
    assert named == {"key", "find-id", "model", "prompt"}
    assert named <= ids


@pytest.mark.parametrize("word", AS_MARKUP)
def test_nothing_from_the_api_becomes_markup(script, word):
    """Model names come from callers; they are shown as text."""
    assert word not in script


@pytest.mark.parametrize("word", ELSEWHERE)
def test_the_key_has_one_place_and_the_script_one_way_out(script, word):
    """The tab's own storage, and fetch to the gateway."""
    assert word not in script
    assert script.count("fetch(") == 1
    assert set(re.findall(r"sessionStorage\.(\w+)\((\w+)", script)) == {
        ("getItem", "STORED"),
        ("setItem", "STORED"),
        ("removeItem", "STORED"),
    }


def test_every_path_the_script_asks_is_served(runtime, script):
    """The page uses the gateway's API and nothing else."""
    app = build_app(Gateway(runtime))
    routes = [*app.routes, *admin_routes(runtime, lambda _http: None)]
    asked = set(re.findall(r"""["`]((?:health|stats|v1)\b[\w/]*)""", script))
    assert asked == {"health", "stats", "v1/decisions", "v1/decisions/", "v1/models", "v1/route"}
    for path in asked:
        method = "POST" if path == "v1/route" else "GET"
        scope = {"type": "http", "path": f"/{path}{'some-id' if path.endswith('/') else ''}", "method": method}
        assert any(route.matches(scope)[0] is Match.FULL for route in routes), path
