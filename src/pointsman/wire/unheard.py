"""What of a request has not arrived, as the system knows it.

The end of a connection (FIN) acknowledges what had arrived until then. So when an upstream has ended a connection and
nothing of the request on it is acknowledged, nobody there has seen it, and nobody will: who has ended its side can't
answer. To ask again is then to ask for the first time (RFC 9110 section 9.2.2).
"""

from __future__ import annotations

import asyncio
import sys
import termios
from fcntl import ioctl


def unheard(transport: asyncio.Transport) -> int:
    """Bytes written to a connection and not acknowledged by the other end; 0 where the system does not tell."""
    waiting = bytearray(4)
    try:
        ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, waiting)
    except (OSError, AttributeError):
        return 0
    return int.from_bytes(waiting, sys.byteorder) + transport.get_write_buffer_size()
