"""The limit: nginx as a plain reverse proxy with kept-alive upstream connections."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from competitors.base import Competitor, Place

if TYPE_CHECKING:
    from pathlib import Path

# Buffering is off because a stream must not wait for a full buffer.
CONF = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream up {{ server {upstream}; keepalive 512; keepalive_requests 1000000000; keepalive_timeout 1h; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""


class Nginx(Competitor):
    """Installed with the load tools, see ``machine.require_tools``."""

    name = "nginx"

    def install(self, cache: Path) -> str:
        del cache
        done = subprocess.run(["nginx", "-v"], capture_output=True, text=True, timeout=10, check=True)
        return done.stderr.strip().rpartition("/")[2]

    def command(self, place: Place) -> list[str]:
        file = place.folder / "nginx.conf"
        upstream = place.upstream.removeprefix("http://")
        file.write_text(CONF.format(folder=place.folder, port=place.port, upstream=upstream))
        return ["nginx", "-c", str(file)]
