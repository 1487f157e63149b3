"""From the bytes of a request in another protocol to what routing must know: wishes and hints as in any other, and the
call in OpenAI's words beside the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.fronts.shapes import Front
from pointsman.gateway.body import AUTO, read_fields, request_of
from pointsman.gateway.envelope import check_content
from pointsman.model.request import Native, Request


def read_foreign(
    path: str,
    body: bytes | bytearray,
    headers: dict[bytes, bytes],
    front: Front,
    request_id: str,
    serves: Callable[[str], bool],
) -> Request:
    """``serves``: a name is the configuration's own. Raises InvalidBody or InvalidHeader, which name the place."""
    fields, seen = read_fields(body)
    if front.streams and seen.stream is None:
        seen.stream = True
    if front.meant is not None and seen.model:
        seen.model = front.meant(seen.model, lambda name: name == AUTO or serves(name))
    request = request_of("chat", fields, seen, headers, len(body), request_id)
    asked = front.read(request.body, headers)
    check_content(asked.endpoint, asked.body)
    return msgspec.structs.replace(
        request,
        endpoint=asked.endpoint,
        body=asked.body,
        stream=request.stream and asked.endpoint != "embeddings",
        native=Native(front.protocol, request.body, asked.lost, asked.headers, path=path, idle=asked.idle),
    )
