"""Asks services through the library any-llm (the extra ``any-llm``), for those whose wire format nobody wrote here.

The library is imported when it is first asked, in a thread, as the services' own packages are. A model is
``SERVICE/MODEL``. What the library brings is told in OpenAI's format; its exceptions become the replies that an
upstream would have given (``any_llm_errors.py``).
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import os
from array import array
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from pointsman.config.kinds import USUAL
from pointsman.flow.effects import Call, Failed
from pointsman.model.deployment import Provider
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Secret
from pointsman.wire.any_llm_errors import frame_of, reply_to
from pointsman.wire.pool import Cancel
from pointsman.wire.task import Task
from pointsman.wire.upstream import Resume

KIND = "any_llm"
MISSING = "the library any-llm is not installed: pip install 'pointsman[any-llm]'"
KEYLESS = "none"
"""What is sent as a key to an address of the configuration's without one: the library would send the environment's."""

DONE = b"data: [DONE]\n\n"

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class AnyLlm:
    """All calls to one provider: stands where others have a pool. Belongs to one event loop."""

    def __init__(self, provider: Provider, loop: asyncio.AbstractEventLoop) -> None:
        self.provider = provider
        self._loop = loop
        self._clients: dict[tuple[str, Secret | None], Any] = {}

    def ask(self, call: Call, resume: Resume) -> Cancel:
        """Ask in a task. Returns how to cancel."""
        return Task(self._answer, call, resume, self._loop).abort

    def close(self) -> None:
        """Nobody new is asked: what is under way keeps the client that it has."""
        self._clients.clear()

    async def _answer(self, call: Call) -> Answered | Failed | AsyncIterator[bytes]:
        if call.request.method != "POST":
            return Answered(404, {}, b"")  # libraries have no list of models and no word on their health
        fields = _decode(call.request.body)
        service, _, model = fields.pop("model").partition("/")
        secret = call.key.secret if call.key is not None else self.provider.api_key
        client: Any = None
        try:
            client = await self._client(service, secret)
            if call.request.path.endswith("/embeddings"):
                return await _embeddings(client, model, fields)
            answer = await client.acompletion(model=model, **fields)
        except ImportError as error:
            own = error.name == KIND
            return Failed(
                FailureKind.NOT_FOUND,  # nobody brings it by asking again
                MISSING
                if own
                else f"any-llm: {service} needs a package of its own: pip install 'any-llm-sdk[{service}]'",
            )
        except Exception as error:  # noqa: BLE001  whatever a service's package raises, it is an upstream's failure
            return reply_to(error, self._secrets(client, secret))
        if fields.get("stream"):
            return _frames(answer, self._secrets(client, secret))
        return Answered(200, {}, answer.model_dump_json().encode())

    async def _client(self, service: str, secret: Secret | None) -> Any:
        """The library's client of a service for a key, made once; connections are its own. Raises what it raises."""
        place = service, secret
        client = self._clients.get(place)
        if client is None:
            url = self.provider.base_url
            at = url if url != USUAL[KIND] else None
            key = secret.reveal() if secret else KEYLESS if at else None
            client = await asyncio.to_thread(_make, service, key, at)
            self._clients[place] = client
        return client

    @staticmethod
    def _secrets(client: Any, secret: Secret | None) -> list[str]:
        """What no error may repeat: the key, and the one that the library takes from the environment."""
        own = [secret.reveal()] if secret else []
        found = os.environ.get(getattr(client, "ENV_API_KEY_NAME", None) or "", "")
        return [text for text in [*own, found] if text]


def _make(service: str, key: str | None, url: str | None) -> Any:
    """Tries are the gateway's business. Raises ImportError and what the library raises."""
    library = importlib.import_module(KIND)
    make = library.AnyLLM.create
    try:
        return make(service, api_key=key, api_base=url, unified_exceptions=True, max_retries=0)
    except library.exceptions.UnsupportedParameterError:  # the service's package has no tries to be counted
        return make(service, api_key=key, api_base=url, unified_exceptions=True)


async def _frames(answer: Any, secrets: list[str]) -> AsyncIterator[bytes]:
    """OpenAI's event stream of the library's chunks; an exception is its last frame."""
    try:
        async for chunk in answer:
            yield b"data: %b\n\n" % _encode(_told(chunk))
    except Exception as error:  # noqa: BLE001  as above
        yield frame_of(error, secrets)
    else:
        yield DONE
    finally:
        close = getattr(answer, "aclose", None)
        if close is not None:
            await close()


def _told(chunk: Any) -> dict[str, Any]:
    """A chunk without its empty fields, which clients would put together with the full ones before them."""
    fields: dict[str, Any] = chunk.model_dump(mode="json", exclude_none=True)
    for choice in fields["choices"]:
        choice.setdefault("finish_reason", None)
    return fields


async def _embeddings(client: Any, model: str, fields: dict[str, Any]) -> Answered:
    """Numbers, or their bytes in base64 where those are asked for."""
    packed = fields.pop("encoding_format", None) == "base64"
    made = await client.aembedding(model, fields.pop("input"), **fields)
    told = made.model_dump(mode="json")
    if packed:
        for each in told["data"]:
            each["embedding"] = base64.b64encode(array("f", each["embedding"]).tobytes()).decode()
    return Answered(200, {}, _encode(told))
