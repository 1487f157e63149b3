"""Answers ``Embed``: within its time, from memory where it can, and with a reason where there is no vector.

A request never waits longer than the encoder's timeout, and after a failure nobody waits for a while. The examples'
vectors are made once, beside the requests: as long as they are not ready, only the first ones wait for them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from pointsman.config.settings import EncoderSettings
from pointsman.flow.effects import Embed, Embedded, Reply
from pointsman.wire.encoders import Ask, Encoder, EncoderFailed, Rows, encoder_for

REMEMBERED = 1024
"""Texts whose vectors are kept."""

REST = 5.0
"""Seconds after a failure in which the encoder isn't asked."""

PREPARATION = 120.0
"""Seconds that the examples' vectors may take: a model may have to be loaded first."""

Resume = Callable[[Reply], None]
Cancel = Callable[[], None]


class Embedders:
    """One embedder an encoder. Belongs to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ask: Ask) -> None:
        self._loop = loop
        self._ask = ask
        self._known: dict[EncoderSettings, Embedder] = {}

    def perform(self, effect: Embed, resume: Resume) -> Cancel | None:
        embedder = self._known.get(effect.encoder)
        if embedder is None:
            made = encoder_for(effect.encoder, self._ask)
            embedder = self._known[effect.encoder] = Embedder(made, effect.encoder.timeout, self._loop)
        return embedder.perform(effect, resume)

    def keep_only(self, encoder: EncoderSettings | None) -> None:
        """After a swap: only this one is still asked."""
        for settings in [settings for settings in self._known if settings != encoder]:
            self._known.pop(settings).close()


class Embedder:
    """``examples`` are those of one configuration; new ones take the place of the old."""

    def __init__(self, encoder: Encoder, timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        self._encoder = encoder
        self._timeout = timeout
        self._loop = loop
        self._vectors: OrderedDict[str, Rows] = OrderedDict()
        self._examples: tuple[str, ...] | None = None
        self._preparing: asyncio.Task[Rows] | None = None
        self._begun = 0.0
        self._failed: tuple[float, str] | None = None  # when it may be asked again, and why it failed
        self._under_way: set[asyncio.Task[None]] = set()

    def perform(self, effect: Embed, resume: Resume) -> Cancel | None:
        """Answer from memory at once, or from the encoder later."""
        now = self._loop.time()
        if self._failed is not None and now < self._failed[0]:
            resume(Embedded(detail=self._failed[1]))
            return None
        preparing = self._prepared(effect.examples, now)
        if preparing.done() and effect.text in self._vectors:
            self._vectors.move_to_end(effect.text)
            resume(Embedded(self._vectors[effect.text], preparing.result()))
            return None
        late = now - self._begun
        if not preparing.done() and late >= self._timeout:
            resume(Embedded(detail=f"its examples are not ready after {late:.0f} s"))
            return None
        task = self._loop.create_task(self._answer(effect.text, preparing, resume))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

        def cancel() -> None:
            task.cancel()

        return cancel

    def close(self) -> None:
        """Who still waits is told that there is no answer."""
        if self._preparing is not None:
            self._preparing.cancel()
        self._encoder.close()

    def _prepared(self, examples: tuple[str, ...], now: float) -> asyncio.Task[Rows]:
        """The task that makes the examples' vectors, begun if it must be."""
        task = self._preparing
        if task is None or self._examples != examples or (task.done() and (task.cancelled() or task.exception())):
            if task is not None:
                task.cancel()
            self._examples, self._begun = examples, now
            task = self._preparing = self._loop.create_task(self._encoder.encode(examples, PREPARATION))
            task.add_done_callback(_seen)
        return task

    async def _answer(self, text: str, preparing: asyncio.Task[Rows], resume: Resume) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                examples = await asyncio.shield(preparing)
                vector = self._vectors.get(text)
                if vector is None:
                    vector = (await self._encoder.encode((text,), self._timeout))[0]
        except TimeoutError:
            reply = self._fails(f"no answer within {self._timeout:g} s")
        except EncoderFailed as error:
            reply = self._fails(str(error))
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # the caller has gone
            reply = Embedded(detail="another configuration has taken over")
        else:
            reply = Embedded(vector, examples)
            self._remember(text, vector)
        resume(reply)

    def _fails(self, detail: str) -> Embedded:
        self._failed = (self._loop.time() + REST, detail)
        return Embedded(detail=detail)

    def _remember(self, text: str, vector: Rows) -> None:
        self._vectors[text] = vector
        self._vectors.move_to_end(text)
        if len(self._vectors) > REMEMBERED:
            self._vectors.popitem(last=False)


def _seen(task: asyncio.Task[Rows]) -> None:
    """A failure that nobody waits for any more is none to warn of: who asks next begins anew."""
    if not task.cancelled():
        task.exception()
