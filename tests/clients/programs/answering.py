"""Does what a test says, a line of JSON at a time, and tells what came of it in another: ``{"told": …}``, or in
``{"failed": …}`` the classes, status and words of the exception.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

Deed = Callable[[dict[str, Any]], Any]

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"Tell of {name}.", "parameters": WEATHER}}
    for name in ("get_rain", "get_sun")
]


def script(it: dict[str, Any]) -> str:
    """What a script prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(it["script"], {})
    return printed.getvalue()


def answer(*deeds: Deed) -> None:
    """Until standard input ends. What libraries print goes elsewhere."""
    out, sys.stdout = sys.stdout, sys.stderr
    known = {deed.__name__: deed for deed in (*deeds, script)}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = {"told": known[asked["deed"]](asked)}
        except Exception as error:  # noqa: BLE001  the test judges it
            status = getattr(error, "status_code", None)
            kinds = [kind.__name__ for kind in type(error).__mro__]
            told = {"failed": {"kinds": kinds, "status": status, "text": str(error)}}
        print(json.dumps(told), file=out, flush=True)
