"""The line under test: two real model servers with the same model, and the gateway in front of both.

Nothing here knows how the gateway works inside: it is started by its command line, configured by a file and
asked over HTTP, as a user would.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import openai

from processes import Server, eventually, free_port, get

if TYPE_CHECKING:
    from collections.abc import Sequence

MODEL = "tiny"
CONTEXT = 2048  # tokens: a stream that fills it takes seconds, long enough to be caught in the middle
KEY = "sk-real-servers-2f9c41d07ab3e658"
IN_FLIGHT = re.compile(r"^pointsman_in_flight\b[^\n ]* (\S+)$", re.MULTILINE)

CONFIGURATION = """
model_list:
  - model_name: tiny
    litellm_params:
      model: llama_cpp_python/tiny
      api_base: http://127.0.0.1:{left}/v1
    model_info: {{id: left}}
  - model_name: tiny
    litellm_params:
      model: tiny
      custom_llm_provider: llama_cpp_python
      api_base: http://127.0.0.1:{right}/v1
    model_info: {{id: right}}
  - model_name: tiny-brief
    litellm_params:
      model: llama_cpp_python/tiny
      api_base: http://127.0.0.1:{left}/v1
      max_tokens: 7
      temperature: 0
    model_info: {{id: brief}}
router_settings:
  routing_strategy: round_robin
  num_retries: 2
  timeout: 60
  cooldown_time: 1
general_settings:
  master_key: {key}
"""


class Line:
    """Two servers, ``left`` and ``right``, and the ``gateway``, which is started last and stopped first."""

    def __init__(self, server_python: Path, model_file: Path, folder: Path) -> None:
        self.left = _model_server(server_python, model_file, folder / "left.log")
        self.right = _model_server(server_python, model_file, folder / "right.log")
        configuration = folder / "pointsman.yaml"
        configuration.write_text(
            CONFIGURATION.format(left=self.left.port, right=self.right.port, key=KEY), encoding="utf-8"
        )
        self.gateway = _gateway(configuration, folder / "gateway.log")

    @property
    def servers(self) -> dict[str, Server]:
        """By the deployment's id."""
        return {"left": self.left, "right": self.right}

    def start(self) -> None:
        for server in (self.left, self.right, self.gateway):
            server.start()

    def stop(self) -> None:
        for server in (self.gateway, self.left, self.right):
            server.stop()

    def address(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}/v1"

    def in_flight(self) -> float:
        """The gateway's own count of attempts under way, over all deployments."""
        status, text = get(self.gateway.port, "/metrics")
        assert status == 200, f"/metrics answered {status}"
        found = IN_FLIGHT.findall(text)
        assert found, "/metrics has no pointsman_in_flight"
        return sum(map(float, found))

    def trusts(self, name: str) -> bool:
        """The gateway asks this deployment as any other, and no longer only tries it."""
        status, text = get(self.gateway.port, "/health", KEY)
        assert status == 200, f"/health answered {status}"
        rows = [row for row in json.loads(text)["deployments"] if row["id"] == name]
        return all(row["fit"] and row["breaker"] == "closed" for row in rows)

    def settles(self) -> None:
        """Waits until nothing is under way; fails if a lease is never given back."""
        eventually(lambda: self.in_flight() == 0, lambda: f"{self.in_flight():.0f} still in flight")


def direct(server: Server) -> openai.OpenAI:
    """A client of the model server itself, for comparison."""
    return openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", max_retries=0)


def served_by(answers: Sequence[object]) -> set[str]:
    """The deployments that raw answers name in their headers."""
    return {answer.headers["x-pointsman-deployment"] for answer in answers}


def _model_server(python: Path, model_file: Path, log: Path) -> Server:
    port = free_port()
    settings = {
        "model": model_file,
        "model_alias": MODEL,
        "host": "127.0.0.1",
        "port": port,
        "n_ctx": CONTEXT,
        "n_threads": 1,
        "n_threads_batch": 1,
        "seed": 1,
        "verbose": "false",
        # By default a new request cuts the stream of the one before short, as if it had ended well.
        "interrupt_requests": "false",
    }
    flags = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    return Server([str(python), "-m", "llama_cpp.server", *flags], port, "/v1/models", log)


def _gateway(configuration: Path, log: Path) -> Server:
    port = free_port()
    program = Path(sys.executable).with_name("pointsman")
    command = [str(program), "serve", "--config", str(configuration), "--port", str(port)]
    return Server(command, port, "/health/readiness", log)
