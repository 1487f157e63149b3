"""Anthropic's Messages API: ``/v1/messages``; its named events become OpenAI's stream.

Source: Anthropic's API reference, version 2023-06-01. Requests are rewritten in ``write``, their conversations in
``conversation``, what they want of thinking in ``thinking``; replies are read in ``read``, streams in ``stream``. What
came in Anthropic's own words passes through ``native``.
"""

from __future__ import annotations

from pointsman.providers.anthropic.native import DIALECT as NATIVE
from pointsman.providers.anthropic.read import read
from pointsman.providers.anthropic.stream import reader
from pointsman.providers.anthropic.write import TAKES, write
from pointsman.providers.shapes import Dialect

DIALECT = Dialect(write=write, read=read, reader=reader, natives={"anthropic": NATIVE}, takes=TAKES)
