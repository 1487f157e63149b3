"""Between a caller that speaks another protocol and the house, which speaks OpenAI's: an exchange that translates.

To whoever answers it looks like any exchange. What a provider said in the caller's own words passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, time

from pointsman.errors import PointsmanError, UpstreamFailed
from pointsman.fronts.shapes import Front, Teller, Watch
from pointsman.gateway.errors import error_response
from pointsman.gateway.foreign import read_foreign
from pointsman.model.exchange import JSON
from pointsman.model.request import Request
from pointsman.wire.exchange import Exchange


class Interpreter(Exchange):
    """Over the exchange that the lane knows. ``request`` is set by ``read``: till then only errors are told.
    ``serves``: a name is the configuration's own.
    """

    request: Request

    def __init__(self, exchange: Exchange, front: Front, request_id: str, serves: Callable[[str], bool]) -> None:
        super().__init__(exchange.lane, exchange.endpoint, exchange.headers, exchange.keep_alive, exchange.old)
        self.body = exchange.body
        self._exchange = exchange
        self._front = front
        self._id = request_id
        self._serves = serves
        self._watch = Watch(time(), monotonic)
        self._teller: Teller | None = None
        self._native = False
        self._first = self._last = b""  # of what passed as it is
        exchange.on_gone, exchange.on_full, exchange.on_room = self._left, self._is_full, self._has_room

    def read(self, *_read: object) -> Request:
        """What is asked. Raises InvalidBody or InvalidHeader, which name the place."""
        self.request = read_foreign(self.endpoint, self.body, self.headers, self._front, self._id, self._serves)
        return self.request

    def as_is(self) -> None:
        """What is told from now on is in the caller's words already."""
        self._native = True

    def respond(self, status: int, head: bytes, body: bytes, kind: bytes = JSON) -> None:
        if status != 200:
            body = self._front.error(status, body, self._id)
        elif not self._native:
            try:
                body = self._front.whole(self.request, body, self._watch)
            except UpstreamFailed as error:
                status, _, shown = error_response(error)
                body = self._front.error(status, shown, self._id)
        self._exchange.respond(status, self._front.headers(self._id) + head, body, kind)

    def begin(self, head: bytes, kind: bytes = b"") -> None:
        self.started = True
        self._exchange.begin(self._front.headers(self._id) + head, kind or self._front.kind)

    def write(self, frames: bytes) -> None:
        if not frames:
            return
        if self._native:
            self._first, self._last = self._first or frames, frames
            self._exchange.write(frames)
            return
        if self._teller is None:
            self._teller = self._front.teller(self.request, self._watch)
        self._exchange.write(self._teller.tell(frames))

    def beat(self) -> None:
        self._exchange.write(self._front.beat)

    def finish(self) -> None:
        self._exchange.finish()

    def break_off(self, error: bytes) -> None:
        teller = self._teller or self._front.teller(self.request, self._watch)
        if self._native:
            teller.heard(self._first, self._last)
        self._exchange.cut(teller.broken(error))

    def _left(self, stopped: PointsmanError | None) -> None:
        _tell(self.on_gone, stopped)

    def _is_full(self) -> None:
        if self.on_full is not None:
            self.on_full()

    def _has_room(self) -> None:
        if self.on_room is not None:
            self.on_room()


def _tell(whom: Callable[[PointsmanError | None], None] | None, stopped: PointsmanError | None) -> None:
    if whom is not None:
        whom(stopped)
