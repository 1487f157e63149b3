"""The mock's own paths, ``/__mock__/…``: change the faults, read or clear the ledger. The ledger leaves them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.errors import ConfigurationError
from pointsman.mock.message import Reply, Request, json_reply

if TYPE_CHECKING:
    from pointsman.mock.site import Site

PREFIX = "/__mock__/"
LEDGER = PREFIX + "ledger"
FAULTS = PREFIX + "faults"


def answer(site: Site, request: Request) -> Reply:
    asked = (request.method, request.path)
    if asked == ("GET", LEDGER):
        return json_reply(ledger(site, request))
    if asked == ("DELETE", LEDGER):
        site.ledger.clear()
        return json_reply(ledger(site, request))
    if asked == ("DELETE", FAULTS):
        site.faults.clear()
    elif asked == ("POST", FAULTS):
        try:
            site.faults.set(*specs(request.body))
        except (ConfigurationError, msgspec.MsgspecError, UnicodeDecodeError) as wrong:
            return json_reply({"error": str(wrong)}, 400)
    elif asked != ("GET", FAULTS):
        known = [f"GET {LEDGER}", f"DELETE {LEDGER}", f"GET {FAULTS}", f"POST {FAULTS}", f"DELETE {FAULTS}"]
        return json_reply({"error": f"unknown: {request.method} {request.path}", "known": known}, 404)
    return json_reply({"faults": [str(fault) for fault in site.faults]})


def specs(body: bytes) -> list[str]:
    """``{"faults": ["status=503"]}`` or the bare list."""
    given = msgspec.json.decode(body, type=list[str] | dict[str, list[str]])
    return given if isinstance(given, list) else given.get("faults", [])


def ledger(site: Site, request: Request) -> dict[str, Any]:
    """Counts and the entries kept; ``?since=N`` leaves out those up to number N."""
    since = request.parameters.get("since", "")
    after = int(since) if since.isascii() and since.isdigit() else 0
    book = site.ledger
    return {
        "total": book.total,
        "in_flight": book.in_flight,
        "peak": book.peak,
        "finished": book.finished,
        "cancelled": book.cancelled,
        "connections": len(site.connections),
        "tokens_sent": book.tokens_sent,
        "entries": [entry.told() for entry in book.entries if entry.number > after],
    }
