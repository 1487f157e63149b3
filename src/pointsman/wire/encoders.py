"""What makes vectors of texts: an embeddings endpoint, asked through the pools, or a model of our own in a thread."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from pointsman.config.settings import EncoderSettings
from pointsman.flow.effects import Call, Failed, Reply
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.exchange import Answered, Refusal
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.shapes import Inexpressible, scrubbed
from pointsman.state.keys import OF_KEYS

Rows = NDArray[np.float32]
Ask = Callable[[Call, Callable[[Reply], None]], Callable[[], None]]

Load = Callable[[str], Callable[[list[str]], Any]]
"""From a model's name or folder to what makes rows of texts."""

BATCH = 64
"""Texts asked for at once."""


class EncoderFailed(Exception):  # noqa: N818  says what happened
    """Says why, without an address or a key."""


class Encoder(Protocol):
    """Turns texts into vectors of one length."""

    async def encode(self, texts: Sequence[str], seconds: float, /) -> Rows:
        """A row for each text, within so many seconds. Raises EncoderFailed."""
        ...

    def close(self) -> None: ...


def encoder_for(settings: EncoderSettings, ask: Ask) -> Encoder:
    """The encoder that a configuration names."""
    if settings.provider is not None and settings.model is not None:
        return Endpoint(settings.provider, settings.model, ask)
    return Local(LOADERS[settings.kind], settings.model or "")


class _Vector(msgspec.Struct, gc=False):
    embedding: list[float]
    index: int


class _Vectors(msgspec.Struct, gc=False):
    data: list[_Vector]


_decode = msgspec.json.Decoder(_Vectors).decode
_encode = msgspec.json.Encoder().encode


class Endpoint:
    """Any server with an embeddings endpoint that we know the wire format of. Of several keys it is asked with one, and
    after a failure with the next: at once if it was the key's.
    """

    def __init__(self, provider: Provider, model: str, ask: Ask) -> None:
        self._deployment = Deployment("encoder", model, provider, model)
        self._model = model
        self._ask = ask
        self._turn = 0

    async def encode(self, texts: Sequence[str], seconds: float, /) -> Rows:
        parts = [await self._some(texts[at : at + BATCH], seconds) for at in range(0, len(texts), BATCH)]
        if len({part.shape[1] for part in parts}) != 1:
            raise EncoderFailed("its vectors differ in length")
        return np.concatenate(parts)

    def close(self) -> None:
        """The connections are the pools'."""

    async def _some(self, texts: Sequence[str], seconds: float) -> Rows:
        provider = self._deployment.provider
        dialect = DIALECTS[provider.kind]
        request = Request("embeddings", self._model, {"input": msgspec.Raw(_encode(list(texts)))})
        try:
            wire = dialect.write(request, self._deployment, self._model)
        except Inexpressible as reason:
            raise EncoderFailed(str(reason)) from None
        left = len(provider.keys)
        while True:
            key = provider.keys[self._turn % len(provider.keys)] if provider.keys else None
            reply = await self._answer(Call(provider, wire, seconds, seconds, key=key))
            if isinstance(reply, Failed):
                raise EncoderFailed(reply.detail)
            if not isinstance(reply, Answered):
                raise TypeError(f"no reply to a call: {reply!r}")
            read = dialect.read(request, self._model, reply)
            if not isinstance(read, Refusal):
                return _rows(read.body, len(texts))
            self._turn += 1
            left -= 1
            if left <= 0 or read.kind not in OF_KEYS:
                raise EncoderFailed(scrubbed(read, provider).detail)

    async def _answer(self, call: Call) -> Reply:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        cancel = self._ask(call, lambda reply: None if answer.done() else answer.set_result(reply))
        try:
            return await answer
        finally:
            if answer.cancelled():
                cancel()


def _rows(body: bytes, count: int) -> Rows:
    """The vectors of an answer in the order of the texts."""
    try:
        vectors = {each.index: each.embedding for each in _decode(body).data}
        rows = np.array([vectors[index] for index in range(count)], np.float32)
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise EncoderFailed("its answer has no vector for each text") from error
    if rows.ndim != 2 or not rows.shape[1]:
        raise EncoderFailed("its vectors differ in length")
    return rows


class Local:
    """A model in this process. It is loaded when first asked, and works in a thread of its own."""

    def __init__(self, load: Load, model: str) -> None:
        self._load = load
        self._model = model
        self._loaded: Callable[[list[str]], Any] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")

    async def encode(self, texts: Sequence[str], _seconds: float, /) -> Rows:
        """A text that is being worked on when time is up is finished; those that wait are dropped."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, list(texts))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _work(self, texts: list[str]) -> Rows:
        try:
            if self._loaded is None:
                self._loaded = self._load(self._model)
            return np.asarray(self._loaded(texts), np.float32)
        except ImportError as error:
            raise EncoderFailed(f"{error.name} is not installed") from error
        except Exception as error:  # whatever a library raises, the request goes on without it
            raise EncoderFailed(f"{type(error).__name__} in its library") from error


def _sentence_transformers(model: str) -> Callable[[list[str]], Any]:
    loaded = importlib.import_module("sentence_transformers").SentenceTransformer(model, device="cpu")
    return lambda texts: loaded.encode(texts, show_progress_bar=False)


def _model2vec(model: str) -> Callable[[list[str]], Any]:
    encode: Callable[[list[str]], Any] = importlib.import_module("model2vec").StaticModel.from_pretrained(model).encode
    return encode


LOADERS: dict[str, Load] = {
    "sentence-transformers": _sentence_transformers,
    "model2vec": _model2vec,
}
"""Kind -> what loads a model by its name or folder. Both packages are extras."""
