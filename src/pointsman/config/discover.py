"""Without a configuration: which local servers answer, which keys are set, and the configuration that follows from it.

Pure but for ``discover``, which awaits what it is given: how to ask (a GET on loopback) and how to wait for many at
once are the caller's. What servers say of themselves is checked before it becomes a name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path as File
from typing import Any

import msgspec

from pointsman.config.prefix import Prefix
from pointsman.config.prefixes import PREFIXES
from pointsman.config.sources import SUFFIXES

Answer = tuple[int, bytes] | None
"""Status and body; None if nobody answered in time."""

Probe = Callable[[str], Awaitable[Answer]]
Together = Callable[[Iterable[Awaitable[Answer]]], Awaitable[Sequence[Answer]]]
"""Awaits many at once and gives their results in order: ``asyncio.gather`` over the items."""

OLLAMA_PORT = 11434
OPENAI_PORTS = (8001, 8000, 8080)
"""Where vLLM and llama.cpp's servers usually listen; they tell themselves apart by what they answer."""

LISTS = "/v1/models"
ALSO = ("/version", "/props")
OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama_cpp_native", "me": "llama_cpp_python"}
"""``owned_by`` of a listed model -> the kind of server that says so."""

TITLES = {
    "ollama": "Ollama",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "llama_cpp_native": "llama.cpp",
    "llama_cpp_python": "llama-cpp-python",
    "openai_compatible": "an OpenAI-compatible server",
}
MAX_BODY = 4 * 1024 * 1024
MAX_MODELS = 500
MAX_NAME = 200
SHOWN = 8


class Discovery(msgspec.Struct, frozen=True):
    """``mapping`` has the shape of a configuration file; ``sentences`` tell people what was found and what was not."""

    mapping: dict[str, Any]
    sentences: tuple[str, ...]
    found: bool


class _Server(msgspec.Struct, frozen=True):
    kind: str
    url: str
    models: tuple[str, ...]


def default_paths(folder: File) -> tuple[File, ...]:
    """The configuration in a folder: ``pointsman.yaml``, else ``config/`` if it has any YAML, else nothing."""
    for name in ("pointsman.yaml", "pointsman.yml"):
        if (folder / name).is_file():
            return (folder / name,)
    inside = folder / "config"
    if inside.is_dir() and any(f.suffix.lower() in SUFFIXES and f.is_file() for f in inside.iterdir()):
        return (inside,)
    return ()


def questions() -> tuple[str, ...]:
    """Every URL to ask, all on 127.0.0.1."""
    asked = [f"{_url(OLLAMA_PORT)}/api/tags"]
    for port in OPENAI_PORTS:
        asked += [_url(port) + path for path in (LISTS, *ALSO)]
    return tuple(asked)


async def discover(probe: Probe, together: Together, environ: Mapping[str, str]) -> Discovery:
    """Ask all questions at once and conclude."""
    asked = questions()
    answers = await together([probe(url) for url in asked])
    return conclude(dict(zip(asked, answers, strict=True)), environ)


def conclude(answers: Mapping[str, Answer], environ: Mapping[str, str]) -> Discovery:
    """From what was answered to a configuration. Servers before keys, in the order of ``questions``."""
    sentences: list[str] = []
    servers = [_ollama(answers, sentences), *(_openai(port, answers, sentences) for port in OPENAI_PORTS)]
    found = [server for server in servers if server is not None]
    mapping: dict[str, Any] = {"providers": {}, "model_list": [], "patterns": []}
    for server in found:
        _add_server(server, mapping, sentences)
    for title, ports, kinds in (
        ("Ollama", f"{OLLAMA_PORT}", ("ollama",)),
        ("vLLM", "8000 and 8001", ("vllm",)),
        ("llama.cpp", "8000 and 8080", ("llama_cpp_native", "llama_cpp_python")),
    ):
        if not any(server.kind in kinds for server in found):
            sentences.append(f"No {title} answers on 127.0.0.1, port {ports}.")
    _add_keys(mapping, environ, sentences)
    providers = mapping["providers"]
    if providers:
        name = mapping["default_provider"] = next(iter(providers))
        sentences.append(f"Names that nobody lists go to {name}.")
    else:
        sentences.append("Nothing to route to: start a model server, set OPENAI_API_KEY, or write pointsman.yaml.")
    return Discovery({key: value for key, value in mapping.items() if value}, tuple(sentences), bool(providers))


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _add_server(server: _Server, mapping: dict[str, Any], sentences: list[str]) -> None:
    providers = mapping["providers"]
    name, number = server.kind, 1
    while name in providers:
        number += 1
        name = f"{server.kind}-{number}"
    providers[name] = {"kind": server.kind, "base_url": server.url}
    speaker = next((model for model in server.models if "embed" not in model.lower()), None)
    if speaker is not None:
        providers[name]["default_model"] = speaker
    for model in server.models:
        mapping["model_list"].append({"model_name": model, "litellm_params": {"model": f"{name}/{model}"}})
    shown = ", ".join(server.models[:SHOWN]) + (", …" if len(server.models) > SHOWN else "")
    count = f"{len(server.models)} model{'' if len(server.models) == 1 else 's'}"
    serves = f"serves {count}: {shown}" if server.models else "serves no model yet"
    sentences.append(f"{TITLES[server.kind]} at {server.url} {serves}.")


def _add_keys(mapping: dict[str, Any], environ: Mapping[str, str], sentences: list[str]) -> None:
    for prefix in dict.fromkeys(PREFIXES.values()):
        variable = next((name for name in prefix.env if environ.get(name)), None)
        if variable is not None and (prefix.base_url is not None or environ.get(prefix.base_env or "")):
            _add_key(prefix, variable, mapping, sentences)
        elif variable is not None:
            sentences.append(f"{variable} is set, but not {prefix.base_env}: nobody knows where {prefix.name} is.")


def _add_key(prefix: Prefix, variable: str, mapping: dict[str, Any], sentences: list[str]) -> None:
    where = {"base_url": prefix.base_url} if prefix.base_url is not None else {}  # else the environment says it
    mapping["providers"][prefix.name] = {"kind": prefix.kind, **where, "api_key": f"os.environ/{variable}"}
    if prefix.names:
        mapping["patterns"].append({"pattern": prefix.names, "provider": prefix.name})
        sentences.append(f"{variable} is set: names like {prefix.names} go to {prefix.name}.")
    else:
        sentences.append(f"{variable} is set: {prefix.name} is known; name its models in a configuration to use them.")


def _ollama(answers: Mapping[str, Answer], sentences: list[str]) -> _Server | None:
    url = _url(OLLAMA_PORT)
    said = _json(answers.get(f"{url}/api/tags"))
    if not isinstance(said, dict) or not isinstance(said.get("models"), list):
        _tell_locked(url, answers.get(f"{url}/api/tags"), sentences)
        return None
    return _Server("ollama", url, _names(said["models"], "name"))


def _openai(port: int, answers: Mapping[str, Answer], sentences: list[str]) -> _Server | None:
    url = _url(port)
    said = _json(answers.get(url + LISTS))
    if not isinstance(said, dict) or not isinstance(said.get("data"), list):
        _tell_locked(url, answers.get(url + LISTS), sentences)
        return None
    listed = [item for item in said["data"] if isinstance(item, dict)]
    owners = {str(item.get("owned_by")) for item in listed}
    kind = next((kind for owner, kind in OWNERS.items() if owner in owners), None)
    version, props = (_json(answers.get(url + path)) for path in ALSO)
    if kind is None and isinstance(version, dict) and isinstance(version.get("version"), str):
        kind = "vllm"
    if kind is None and isinstance(props, dict) and "default_generation_settings" in props:
        kind = "llama_cpp_native"
    return _Server(kind or "openai_compatible", url, _names(listed, "id"))


def _tell_locked(url: str, answer: Answer, sentences: list[str]) -> None:
    if answer is not None and answer[0] in (401, 403):
        sentences.append(f"A server at {url} wants a key; name it in `providers` with its api_key.")


def _json(answer: Answer) -> Any:
    if answer is None or answer[0] != 200 or len(answer[1]) > MAX_BODY:
        return None
    try:
        return msgspec.json.decode(answer[1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _names(items: Iterable[Any], key: str) -> tuple[str, ...]:
    """The names that can be used as such: text, printable, of sensible length, no wildcard."""
    names = (item.get(key) for item in items if isinstance(item, dict))
    fit = (n for n in names if isinstance(n, str) and 0 < len(n) <= MAX_NAME and n.isprintable() and "*" not in n)
    return tuple(dict.fromkeys(fit))[:MAX_MODELS]
