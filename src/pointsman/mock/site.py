"""One simulated provider on one port: it listens, hands requests to its kind, and lets faults have their way first."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.mock import admin
from pointsman.mock.anthropic.events import STOP
from pointsman.mock.chat import DONE
from pointsman.mock.connection import Connection
from pointsman.mock.dialects import REFUSALS
from pointsman.mock.faults import Fault, FaultBook
from pointsman.mock.form import read_form
from pointsman.mock.kind import Kind, Scene
from pointsman.mock.ledger import Entry, Ledger
from pointsman.mock.message import Answer, Refused, Reply, Request, Stream, header_lines, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from pointsman.mock.options import Options

decode = msgspec.json.Decoder().decode
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

HTML = (
    b"<!doctype html><html><head><title>Bad gateway</title></head>"
    b"<body><h1>Bad gateway</h1><p>The simulated proxy has no better answer.</p></body></html>"
)
BROKEN = b'{"id": "chatcmpl-1", "choices": [}, "usage": '

Drawn = tuple[Answer | None, Fault | None, float]


class Site:
    """``start`` listens; ``kill`` ends everything at once with RSTs; after either end ``start`` opens the same port."""

    def __init__(self, make: Callable[[Scene], Kind], options: Options) -> None:
        self.options = options
        self.ledger = Ledger(options.ledger_size, options.keys)
        self.faults = FaultBook(options.faults, seed=options.seed)
        self.faults.on_change = self._obey
        self.kind = make(Scene(options, self.ledger))
        self.connections: set[Connection] = set()
        self.loop: asyncio.AbstractEventLoop
        self.host = ""
        self.port = 0
        self._up = False
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._back: asyncio.TimerHandle | None = None
        self._empty: asyncio.Future[None] | None = None
        self._asking: Connection | None = None

    # ---- listening

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 lets the system choose, once. Raises OSError when the port is taken."""
        if self._up:
            return
        self.loop = asyncio.get_running_loop()
        if self._opening is not None:
            await self._opening
        self.host = host
        self.port = self.port or port
        self._up = True
        listening = self._bind()
        self.port = listening.getsockname()[1]
        await self._serve(listening)
        self._obey()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setblocking(False)
            listening.bind((self.host, self.port))
            listening.listen(4096)
        except OSError:
            listening.close()
            raise
        return listening

    async def _serve(self, listening: socket.socket) -> None:
        self._server = await self.loop.create_server(lambda: Connection(self), sock=listening, backlog=4096)

    def _obey(self) -> None:
        """Stop or begin listening as the faults say."""
        refuse = self.faults.refusing()
        if not self._up:
            return
        if refuse is None:
            if self._server is None and self._opening is None:
                self._opening = self.loop.create_task(self._reopen(self._bind()))
        else:
            self._deafen()
            for connection in [*self.connections]:
                if connection is not self._asking:
                    connection.hang_up_when_idle()
            if refuse.value and self._back is None:
                self._back = self.loop.call_later(refuse.value / 1000, self._forgive)

    async def _reopen(self, listening: socket.socket) -> None:
        """The port listens already; a kill in the meantime is made good here, so that no socket is left over."""
        await self._serve(listening)
        self._opening = None
        if self._up:
            self._obey()
        else:
            self._deafen()

    def _forgive(self) -> None:
        self._back = None
        self.faults.drop("refuse")

    @property
    def deaf(self) -> bool:
        """Killed or refusing: a connection accepted in the last moment is not served."""
        return not self._up or self.faults.refusing() is not None

    def _deafen(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if not self.connections and self._empty is not None and not self._empty.done():
            self._empty.set_result(None)

    def kill(self) -> None:
        """As if the process had died: no listener, every connection reset."""
        self._up = False
        self._deafen()
        if self._back is not None:
            self._back.cancel()
            self._back = None
        for connection in [*self.connections]:
            connection.abort()

    async def close(self) -> None:
        """Kill, and wait until the last connection is gone."""
        self.kill()
        if self._opening is not None:
            await self._opening
        if self.connections:
            self._empty = self.loop.create_future()
            await self._empty

    # ---- requests

    def receive(self, request: Request) -> Entry | None:
        """Write a request into the ledger as it arrives; None for the mock's own paths."""
        if request.path.startswith(admin.PREFIX):
            return None
        if request.body:
            kind = next((value for name, value in request.headers if name == b"content-type"), b"")
            request.form = read_form(kind, request.body)
        if request.body and request.form is None:
            try:
                fields = decode(request.body)
            except NOT_JSON:
                fields = None
            if isinstance(fields, dict):
                request.fields = fields
        request.route, request.named = self.kind.place(request.path)
        return self.ledger.open(request)

    def administer(self, request: Request, connection: Connection) -> Reply:
        self._asking = connection  # so that `refuse` spares the one connection that can take it back
        try:
            return admin.answer(self, request)
        finally:
            self._asking = None

    def answer(self, request: Request, entry: Entry) -> Drawn:
        """The answer, or None for silence; the fault that is at work; seconds to hold the head back."""
        fault: Fault | None = None
        slow = 0.0
        if len(self.faults):
            works = request.route in self.kind.inference
            fault, slow = self.faults.draw(request.path, request.model, inference=works, key=entry.key_number)
        if fault is not None:
            early = self._early(fault, request)
            if early is not None or fault.word == "silent" or (fault.name == "reset" and fault.value < 0):
                return early, fault, slow
            if fault.name == "plain" and request.fields:
                request.fields = unstreamed(request.fields)
            elif fault.name == "plain" and request.form is not None:
                request.form.texts.pop("stream", None)
        answer = self._handle(request, entry)
        if fault is not None and isinstance(answer, Reply):
            answer = self._spoil(fault, request, answer)
        elif fault is not None and isinstance(answer, Stream):
            answer = _spoil_stream(fault, answer)
        return answer, fault, slow

    def _early(self, fault: Fault, request: Request) -> Reply | None:
        """What a fault answers without asking the kind."""
        if fault.name == "status":
            said = Refused(fault.value, f"simulated fault: status {fault.value}", code=fault.code)
            reply = self.kind.refuse(request, said)
            return msgspec.structs.replace(reply, headers=reply.headers + _told(fault))
        if fault.name == "says":
            status, body = REFUSALS[fault.variant][fault.word]
            return json_reply(body, status)
        if fault.name == "loading":
            return self.kind.refuse(request, Refused(503, "Loading model", why="loading"))
        if fault.name == "empty":
            return Reply(b"")
        if fault.name == "garbage" and fault.word == "html":
            return Reply(HTML, content_type=b"text/html; charset=utf-8")
        return Reply(BROKEN) if fault.name == "garbage" and fault.word == "broken" else None

    def _spoil(self, fault: Fault, request: Request, reply: Reply) -> Reply:
        """What a fault makes of a whole answer; those that break it off while it is sent come later."""
        if fault.name == "garbage":
            return msgspec.structs.replace(reply, body=reply.body[: len(reply.body) // 2])
        if fault.name == "malformed_frame":
            return msgspec.structs.replace(reply, body=BROKEN)
        if fault.name == "error_frame" and reply.status == 200:
            refusal = self.kind.refuse(request, Refused(500, "simulated fault: an error inside a 200"))
            return Reply(refusal.body, content_type=refusal.content_type)
        return reply

    def _handle(self, request: Request, entry: Entry) -> Answer:
        try:
            self._admit(request, entry)
            method = "GET" if request.method == "HEAD" else request.method
            handler = self.kind.routes.get((method, request.route)) or self._by_prefix(
                method, request.path, request.route
            )
            return handler(request)
        except Refused as refused:
            return self.kind.refuse(request, refused)

    def _admit(self, request: Request, entry: Entry) -> None:
        if self.options.keys and not entry.key_matched and self.kind.guarded(request.path):
            why = "wrong key" if entry.key_sent else "no key"
            raise Refused(401, "The key is missing or wrong.", code="invalid_api_key", why=why)

    def _by_prefix(self, method: str, path: str, route: str) -> Callable[[Request], Answer]:
        for prefix, handler in self.kind.prefixes:
            if method == "GET" and path.startswith(prefix) and len(path) > len(prefix):
                return handler
        if any(known == route for _, known in self.kind.routes):
            raise Refused(405, f"{method} {path}", why="wrong method")
        raise Refused(404, f"{method} {path}", why="unknown path")


def _told(fault: Fault) -> bytes:
    """When to come again, and when that was said."""
    told = {"retry-after": fault.retry_after, "retry-after-ms": fault.retry_after_ms}
    lines = {name: value for name, value in told.items() if value is not None}
    return header_lines({"date": formatdate(usegmt=True), **lines}) if lines else b""


def _spoil_stream(fault: Fault, stream: Stream) -> Answer:
    """What a fault makes of a stream before it begins; those that strike on the way come later."""
    if fault.name == "garbage":
        return Reply(BROKEN, content_type=stream.content_type)
    if fault.name == "no_done":
        stream.closing = stream.closing.removesuffix(stream.end).removesuffix(DONE).removesuffix(STOP)
        stream.held = fault.variant == "open"
    return stream


def unstreamed(fields: dict[str, Any]) -> dict[str, Any]:
    """The same question, but for a whole answer."""
    return {name: value for name, value in fields.items() if name != "stream_options"} | {"stream": False}
