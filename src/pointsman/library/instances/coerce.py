"""From what a user gives for an instance to an instance."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from pointsman.config.kinds import COMMON, USUAL, kind_of
from pointsman.errors import Misuse
from pointsman.library.instances.endpoint import EndpointInstance
from pointsman.library.instances.function import FunctionInstance
from pointsman.library.instances.protocol import Instance

EXAMPLES = "ollama://127.0.0.1:11434/llama3 or http://127.0.0.1:8000/v1#llama3"

NAMES = ("title", "alive", "output", "send_prompt", "has_updated", "result", "ask", "aask", "close")
"""What an Instance has, but for being a context manager."""


def as_instance(thing: object) -> Instance | None:
    """None is none, an Instance is itself, a callable answers prompts, a text is the URL of an endpoint with its model:

        ollama://HOST:PORT/MODEL    or another kind of provider; ``ollama+https`` for TLS; where the host or the port is
                                    missing, the kind's usual one
        http://HOST:PORT/v1#MODEL   an OpenAI-compatible server

    Raises Misuse for anything else.
    """
    if thing is None or isinstance(thing, Instance):
        return thing
    if isinstance(thing, str):
        return _endpoint(thing)
    if callable(thing) and not isinstance(thing, type):
        return FunctionInstance(thing)
    what = f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__
    lacks = [name for name in NAMES if not hasattr(thing, name)]
    if "send_prompt" not in lacks:
        what += f", which lacks {', '.join(lacks)}"
    text = f"no instance can be made of {what}: an Instance, a function from text to text, or a URL ({EXAMPLES})"
    raise Misuse(text, param="instance")


def _endpoint(url: str) -> EndpointInstance:
    """Never repeats the URL in an error: it may carry a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misuse(f"the URL of an instance has no valid host and port; {EXAMPLES}", param="instance") from None
    if parts.username is not None or parts.password is not None:
        text = "the URL of an instance has a user name or password in it; use EndpointInstance with api_key"
        raise Misuse(text, param="instance")
    scheme, _, secured = parts.scheme.partition("+")
    if scheme in ("http", "https") and not secured:
        return _made(url.partition("#")[0], unquote(parts.fragment), "openai")
    kind = kind_of(scheme)
    if kind is None or secured not in ("", "http", "https"):
        text = f"the URL of an instance begins with http, https, or one of {', '.join(COMMON)}, not {parts.scheme!r}"
        raise Misuse(f"{text}; {EXAMPLES}", param="instance")
    usual = urlsplit(USUAL.get(kind, ""))
    host = parts.hostname or usual.hostname or ""
    port = port or (usual.port if not secured else None)
    shown = f"[{host}]" if ":" in host else host
    base_url = f"{secured or usual.scheme or 'http'}://{shown}" + (f":{port}" if port else "")
    return _made(base_url, unquote(parts.path.lstrip("/")), kind)


def _made(base_url: str, model: str, kind: str) -> EndpointInstance:
    if not model:
        raise Misuse(f"the URL of an instance names no model; {EXAMPLES}", param="instance")
    return EndpointInstance(base_url, model, kind=kind)
