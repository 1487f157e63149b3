"""A ``curl`` command of the docs, asked without curl: the few options that the docs use."""

from __future__ import annotations

from collections.abc import Callable
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

_opener = build_opener(ProxyHandler({}))


def curl(words: list[str], *, refused: Callable[[], bool] = lambda: False) -> tuple[int, bytes]:
    """Status and body. ``refused``: asked when nobody listens, whether to try again. Raises LookupError on an option
    that is not known here.
    """
    url, body, headers = "", None, {}
    rest = iter(words[1:])
    for word in rest:
        if word in ("-H", "--header"):
            name, _, value = next(rest).partition(":")
            headers[name] = value.strip()
        elif word in ("-d", "--data"):
            body = next(rest).encode()
        elif word.startswith("http"):
            url = word
        elif word != "-i":
            raise LookupError(word)
    while True:
        try:
            with _opener.open(Request(url, body, headers), timeout=20) as reply:
                return reply.status, reply.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()
        except URLError:
            if not refused():
                raise
