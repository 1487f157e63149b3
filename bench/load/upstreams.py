"""Starts the two upstreams: nginx with a fixed completion, our own pacing server for streams."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from load.body import anything, ask, completion, models
from machine import CannotMeasureError, free_port, pinned
from processes import Child

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 10.0

# Some routers ask an upstream who it is before they use it: hence the models and an answer to every path.
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; default_type application/json;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 '{anything}'; }}
    location = /v1/models {{ return 200 '{models}'; }}
    location ~ /chat/completions$ {{ return 200 '{completion}'; }}
  }}
}}
"""


def _answering(child: Child, port: int, *, stream: bool) -> None:
    deadline = time.monotonic() + START_SECONDS
    while wrong := ask(port, {}, stream=stream):
        if not child.alive or time.monotonic() > deadline:
            child.end()
            raise CannotMeasureError(f"the upstream did not start: {wrong}; {child.last_words()}")
        time.sleep(0.02)


def start_unary(folder: Path, core: int) -> tuple[Child, int]:
    """(the process, its port)."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    answers = {"anything": anything(), "models": models(), "completion": completion()}
    texts = {name: answer.decode() for name, answer in answers.items()}
    file.write_text(NGINX.format(folder=folder, port=port, **texts))
    child = Child(pinned(core, ["nginx", "-c", str(file)]), folder, {})
    _answering(child, port, stream=False)
    return child, port


def start_streams(folder: Path, core: int) -> tuple[Child, int]:
    """(the process, its port)."""
    port = free_port()
    script = Path(__file__).with_name("sse_upstream.py")
    child = Child(pinned(core, [sys.executable, str(script), str(port)]), folder, {})
    _answering(child, port, stream=True)
    return child, port


STARTERS: dict[str, Callable[[Path, int], tuple[Child, int]]] = {
    "unary": start_unary,
    "streams": start_streams,
}
