"""Base URLs in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.urls import BadUrl, normalised


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        (" http://127.0.0.1:11434/ ", "http://127.0.0.1:11434"),
        ("http://h:8001/v1", "http://h:8001"),
        ("http://h:8001/v1/", "http://h:8001"),
        ("HTTPS://API.Groq.com/openai/v1", "https://api.groq.com/openai"),
        ("https://h/Case/Kept", "https://h/Case/Kept"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
        ("http://h:", "http://h"),
        ("https://h/v1/openai", "https://h/v1/openai"),
    ],
)
def test_spellings_of_one_address_have_one_form(url, form):
    """Trailing slashes, a trailing /v1, and upper case in scheme and host make no difference."""
    assert normalised(url) == form


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is empty"),
        ("127.0.0.1:11434", "has no scheme"),
        ("localhost", "has no scheme"),
        ("ftp://h", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("http://user:hunter2@h", "has a user name or password"),
        ("http://:hunter2@h", "has a user name or password"),
        ("http://h/?key=hunter2", "has a query"),
        ("http://h#hunter2", "has a query or a fragment"),
        ("http://", "has no valid host"),
        ("http://:80", "has no valid host"),
        ("http://h:99999", "has no valid host"),
        ("http://h:0", "has no valid host"),
        ("http://h:port", "has no valid host"),
        ("http://[::1", "has no valid host"),
        ("http://a b", "has characters"),
        ("http://h\r\nx: y", "has characters"),
        ("http://hö", "has characters"),
        ("http://h\\x", "has characters"),
        ("http://h/v1/chat/completions", "names an endpoint"),
        ("http://h/api/tags/", "names an endpoint"),
    ],
)
def test_what_is_no_base_url_says_why_without_repeating_it(url, reason):
    """The reason helps and never holds what may be a password."""
    with pytest.raises(BadUrl, match=reason) as caught:
        normalised(url)

    assert "hunter2" not in str(caught.value)


@given(st.text() | st.text(alphabet="htps:/@?#[]v1.0 \\").map(lambda rest: "http://" + rest))
def test_any_text_has_a_form_or_a_reason(url):
    """No text raises anything else, and a form is its own form."""
    try:
        form = normalised(url)
    except BadUrl:
        return
    assert normalised(form) == form
