"""Ollama's own API: ``/api/chat``, ``/api/generate``, ``/api/embed``; NDJSON streams become SSE.

Source: Ollama's API reference. Requests are rewritten in ``write``, replies in ``read``, streams in ``stream``; what
comes in Ollama's own words passes through ``native``.
"""

from __future__ import annotations

from types import MappingProxyType

from pointsman.providers.ollama.native import DIALECT as NATIVE
from pointsman.providers.ollama.read import read
from pointsman.providers.ollama.stream import reader
from pointsman.providers.ollama.write import LACKS, write
from pointsman.providers.shapes import Dialect

DIALECT = Dialect(write=write, read=read, reader=reader, lacks=LACKS, natives=MappingProxyType({"ollama": NATIVE}))
