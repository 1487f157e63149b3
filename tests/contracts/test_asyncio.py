"""What the gateway relies on in asyncio's own event loop, where somebody runs it without uvloop."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

from pointsman.gateway.server import bind


async def test_small_writes_are_sent_at_once():
    """Connections accepted at our socket don't wait for an acknowledgement between two writes, which takes 40 ms."""
    loop = asyncio.get_running_loop()
    accepted = loop.create_future()

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport):
            accepted.set_result(transport)

    with closing(bind("127.0.0.1", 0)) as listener:
        server = await loop.create_server(Protocol, sock=listener)
        _, writer = await asyncio.open_connection(*listener.getsockname())
        transport = await asyncio.wait_for(accepted, 20)
        assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        transport.close()
        server.close()
        await server.wait_closed()
