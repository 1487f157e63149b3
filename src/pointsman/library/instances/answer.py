"""What comes of one prompt: a text that grows, then an end. Written by who works on it, read from any thread."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from threading import Lock

from pointsman.errors import StillWorking

MOST = 1024 * 1024
"""Characters that are kept of an answer, the last ones."""

MANY = 1000
"""Pieces that are kept apart; a token as a string of its own takes ten times its letters."""


class Answer:
    """``future`` settles once: with the text, or with why there is none. ``length`` counts all characters that came,
    ``dropped`` those of them that are not kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self.future: Future[str] = Future()
        self.future.set_running_or_notify_cancel()  # from now on nobody but us settles it
        self.length = self.dropped = 0
        self.work: Future[None] | None = None  # to be cancelled when nobody wants the answer any more
        self._most = most
        self._pieces: list[str] = []
        self._whole: str | None = None
        self._lock = Lock()

    @property
    def done(self) -> bool:
        return self.future.done()

    @property
    def text(self) -> str:
        """What has come so far, without what was dropped; in the end the answer."""
        with self._lock:
            return self._joined() if self._whole is None else self._whole

    def add(self, piece: str) -> None:
        with self._lock:
            self._pieces.append(piece)
            self.length += len(piece)
            if len(self._pieces) > MANY or self.length - self.dropped > 2 * self._most:
                self._pieces[:] = [self._joined()]

    def complete(self, text: str | None = None) -> None:
        """It ends here, as ``text`` or as what has come. What was settled before stays."""
        with suppress(InvalidStateError):
            if not self.done:
                self._whole = self.text if text is None else text
                self.future.set_result(self._whole)

    def fail(self, error: BaseException) -> None:
        """There is no answer. Likewise."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)

    def abandon(self, error: BaseException) -> None:
        """Nobody wants it any more: the work on it is cancelled."""
        self.fail(error)
        if self.work is not None:
            self.work.cancel()

    def result(self, timeout: float | None = None) -> str:
        """Wait for the text, ``timeout`` seconds at most. Raises StillWorking, or why there is no answer."""
        if not wait((self.future,), timeout).done:
            raise StillWorking(f"no answer within {timeout:g} s; the work goes on")
        return self.future.result()

    def _joined(self) -> str:
        text = "".join(self._pieces)
        if len(text) <= self._most:
            return text
        self.dropped = self.length - self._most
        return text[-self._most :]
