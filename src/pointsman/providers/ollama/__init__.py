"""Ollama's own API: ``/api/chat``, ``/api/generate``, ``/api/embed``; NDJSON streams become SSE.

Source: Ollama's API reference. Requests are rewritten in ``write``, replies in ``read``, streams in ``stream``.
"""

from __future__ import annotations

from pointsman.providers.ollama.read import read
from pointsman.providers.ollama.stream import reader
from pointsman.providers.ollama.write import write
from pointsman.providers.shapes import Dialect

DIALECT = Dialect(write=write, read=read, reader=reader)
