"""Ollama's own API in front: ``/api/chat``, ``/api/generate``, ``/api/embed`` and the older ``/api/embeddings``.

Source: Ollama's API reference, release 0.12. Requests are read in ``read``, their options in ``options`` and their
conversations in ``conversation``; whole answers are told in ``answer``, streams in ``stream``, errors in ``errors``.
"""

from __future__ import annotations

from pointsman.fronts.ollama import read
from pointsman.fronts.ollama.answer import CHATTED, GENERATED, embedded, embedded_one, whole
from pointsman.fronts.ollama.errors import error
from pointsman.fronts.ollama.names import meant
from pointsman.fronts.ollama.stream import BEAT, LINES, lines
from pointsman.fronts.shapes import Front

PROTOCOL = "ollama"

CHAT = Front(
    protocol=PROTOCOL,
    read=read.chat,
    whole=whole(CHATTED),
    teller=lines(CHATTED),
    error=error,
    kind=LINES,
    beat=BEAT,
    streams=True,
    meant=meant,
)

GENERATE = Front(
    protocol=PROTOCOL,
    read=read.generate,
    whole=whole(GENERATED),
    teller=lines(GENERATED),
    error=error,
    kind=LINES,
    beat=BEAT,
    streams=True,
    meant=meant,
)

EMBED = Front(
    protocol=PROTOCOL,
    read=read.embed,
    whole=embedded,
    teller=lines(GENERATED),
    error=error,
    kind=LINES,
    beat=BEAT,
    meant=meant,
)

EMBEDDINGS = Front(
    protocol=PROTOCOL,
    read=read.embeddings,
    whole=embedded_one,
    teller=lines(GENERATED),
    error=error,
    kind=LINES,
    beat=BEAT,
    meant=meant,
)

PATHS: dict[str, Front] = {
    "/api/chat": CHAT,
    "/api/generate": GENERATE,
    "/api/embed": EMBED,
    "/api/embeddings": EMBEDDINGS,
}
