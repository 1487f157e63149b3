"""The ledger: what a simulated provider received and how each answer ended. Bounded; secrets are masked on entry.

Tests wait on it (``await ledger.wait_for(...)``) instead of sleeping. It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from hashlib import sha256
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pointsman.mock.message import Request

SECRET = frozenset(
    (b"authorization", b"x-api-key", b"api-key", b"proxy-authorization", b"cookie", b"x-amz-security-token")
)
KEYS = frozenset((b"authorization", b"x-api-key", b"api-key"))

MAX_BODY_KEPT = 256 * 1024
"""Bytes: the body of a larger request is counted, not kept."""

MAX_BODIES_KEPT = 16 * 1024 * 1024
"""Bytes of all bodies kept; the oldest go first."""


class Entry(msgspec.Struct):
    """One request, and the model it asked. ``key_digest`` is the first 12 hex digits of the key's sha256,
    ``key_number`` which of the keys that are taken it was (0: none of them).

    It ends in one of three ways: ``finished`` (every byte of the answer was written), ``client_closed`` (the client
    hung up before), or neither, when a fault or a kill ended it; ``open`` until then. ``began`` and ``ended`` are
    seconds on the clock of this process (``time.monotonic``); ``ended`` is 0 while it is open.
    """

    number: int
    method: str
    path: str
    body: dict[str, Any]
    body_bytes: int
    raw_headers: list[tuple[bytes, bytes]]
    key_sent: bool = False
    key_matched: bool = False
    key_digest: str = ""
    model: str = ""
    key_number: int = 0
    status: int = 0
    fault: str = ""
    bytes_sent: int = 0
    tokens_sent: int = 0
    open: bool = True
    finished: bool = False
    client_closed: bool = False
    began: float = 0.0
    ended: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case; the values of secret ones are masked."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers}

    def told(self) -> dict[str, Any]:
        """The entry as the admin path shows it."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "raw_headers"}
        return fields | {"headers": self.headers}


class Ledger:
    """The last ``size`` entries, and counts of all: ``total``, ``in_flight``, ``peak`` (the most there were at once),
    ``finished`` and ``cancelled`` (the client hung up before the end), ``tokens_sent``. ``proves`` tells whether a
    request shows that its sender has a key, at a time in seconds since the epoch; None: it sends the key itself.
    """

    def __init__(self, size: int = 1000, keys: Sequence[str] = (), clock: Callable[[], float] = monotonic) -> None:
        self._keys = [key.encode() for key in keys]
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=max(1, size))
        self._bodies: deque[Entry] = deque()
        self._kept = 0
        self.proves: Callable[[Request, bytes, float], bool] | None = None
        self._waiting: list[tuple[Callable[[Entry], bool], asyncio.Future[Entry]]] = []
        self.total = 0
        self.in_flight = 0
        self.peak = 0
        self.finished = 0
        self.cancelled = 0
        self.tokens_sent = 0

    def __repr__(self) -> str:
        return f"Ledger({self.total} received, {self.in_flight} in flight, peak {self.peak})"

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries)

    @property
    def last(self) -> Entry:
        return self._entries[-1]

    def find(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        return [entry for entry in self._entries if wanted(entry)]

    def clear(self) -> None:
        """Forget the entries and counts; what is in flight stays counted, numbers go on."""
        self._entries.clear()
        self._bodies.clear()
        self._kept = 0
        self.peak = self.in_flight
        self.finished = self.cancelled = 0
        self.tokens_sent = 0

    def open(self, request: Request) -> Entry:
        self.total += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        request.number = self.total
        size = len(request.body)
        body = request.said if size <= MAX_BODY_KEPT else {}
        entry = Entry(self.total, request.method, request.path, body, size, request.headers, began=self._clock())
        entry.model = request.model
        proved = self._proved(request)
        self._mask(entry)
        entry.key_number = entry.key_number or proved
        entry.key_matched = entry.key_number > 0
        self._entries.append(entry)
        if body:
            self._keep(entry)
        self.changed(entry)
        return entry

    def _keep(self, entry: Entry) -> None:
        self._bodies.append(entry)
        self._kept += entry.body_bytes
        while self._kept > MAX_BODIES_KEPT or len(self._bodies) > (self._entries.maxlen or 1):
            oldest = self._bodies.popleft()
            self._kept -= oldest.body_bytes
            oldest.body = {}

    def close(self, entry: Entry, *, finished: bool = False, client_closed: bool = False) -> None:
        """Settle an entry, once; later calls change nothing."""
        if entry.open:
            entry.open = False
            entry.finished = finished
            entry.client_closed = client_closed
            entry.ended = self._clock()
            self.finished += finished
            self.cancelled += client_closed
            self.in_flight -= 1
            self.changed(entry)

    def sent(self, entry: Entry, tokens: int) -> None:
        entry.tokens_sent += tokens
        self.tokens_sent += tokens
        self.changed(entry)

    def changed(self, entry: Entry) -> None:
        if self._waiting:
            for wanted, future in self._waiting:
                if not future.done() and wanted(entry):
                    future.set_result(entry)

    async def wait_for(self, wanted: Callable[[Entry], bool], timeout: float = 20.0) -> Entry:  # noqa: ASYNC109 - a last resort so that a wrong test ends; nobody races it
        """The first entry, past or to come, for which ``wanted`` is true. Raises TimeoutError with what there was."""
        for entry in self._entries:
            if wanted(entry):
                return entry
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        waiting = (wanted, future)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise TimeoutError(f"no such entry within {timeout} s; {self!r}, last {self.entries[-1:]}") from None
        finally:
            self._waiting.remove(waiting)

    def _mask(self, entry: Entry) -> None:
        headers = entry.raw_headers
        for place, (name, value) in enumerate(headers):
            if name not in SECRET:
                continue
            if name in KEYS and not entry.key_sent:
                key = key_of(value)
                entry.key_sent = True
                entry.key_digest = sha256(key).hexdigest()[:12]
                entry.key_number = self._number(key)
            scheme, _, rest = value.partition(b" ")
            headers[place] = (name, scheme + b" ***" if rest else b"***")

    def _proved(self, request: Request) -> int:
        """Which of the keys the request shows to have; 0 if it shows none."""
        proves, now = self.proves, time()
        known = enumerate(self._keys, 1) if proves is not None else ()
        return next((number for number, key in known if proves is not None and proves(request, key, now)), 0)

    def _number(self, key: bytes) -> int:
        """Which of the keys it is, from 1; 0 if it is none."""
        return next((n for n, known in enumerate(self._keys, 1) if hmac.compare_digest(key, known)), 0)


def key_of(value: bytes) -> bytes:
    """The key in an authorization header's value, with or without its scheme."""
    scheme, _, rest = value.partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else value
