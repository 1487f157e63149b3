"""Amazon Bedrock's Converse: ``/model/{id}/converse``, ``/converse-stream`` as AWS's event stream, and embeddings.

Source: Amazon Bedrock's runtime API, version 2023-09-30. Requests are rewritten in ``write``, their conversations in
``conversation``, what only some models know in ``families``; replies are read in ``read``, streams in ``stream``,
whose bytes are ``frames``. ``embeddings`` is the one model that is asked otherwise. Who signs is not known here.
"""

from __future__ import annotations

from pointsman.providers.bedrock.read import read
from pointsman.providers.bedrock.stream import reader
from pointsman.providers.bedrock.write import TAKES, write
from pointsman.providers.shapes import Dialect

DIALECT = Dialect(write=write, read=read, reader=reader, takes=TAKES)
