"""Programs that use a client as its users do, each in a process of its own that is told what to do line by line."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "clients"
APART = str(ROOT / ".venv-clients" / "bin" / "python")

PROGRAMS = {
    "openai": [sys.executable, "programs/use_openai.py"],
    "openai-node": ["node", "node/use_openai.mjs"],
    "ollama-node": ["node", "node/use_ollama.mjs"],
    "anthropic": [sys.executable, "programs/use_anthropic.py"],
    "anthropic-node": ["node", "node/use_anthropic.mjs"],
    "langchain": [APART, "programs/use_langchain.py"],
    "langchain-ollama": [APART, "programs/use_langchain_ollama.py"],
    "litellm": [APART, "programs/use_litellm.py"],
    "llama-index": [APART, "programs/use_llama_index.py"],
}

OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LANGSMITH_TRACING": "false", "NO_PROXY": "*"}
"""What keeps libraries from asking the world while they are imported."""


class ClientFailed(Exception):  # noqa: N818  says what happened
    """The client's own exception: ``kinds`` are its class and the ones above, ``status`` the HTTP status it tells."""

    def __init__(self, kinds: list[str], status: int | None, text: str) -> None:
        super().__init__(f"{kinds[0]} ({status}): {text}")
        self.kinds = kinds
        self.status = status
        self.text = text


class Program:
    """A running client."""

    def __init__(self, name: str) -> None:
        try:
            self._process = subprocess.Popen(
                PROGRAMS[name],
                cwd=HERE,
                env={**os.environ, **OFFLINE},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        except FileNotFoundError as missing:
            raise AssertionError(
                f"{missing.filename} is missing: `make clients` installs what these tests use"
            ) from None

    async def do(self, deed: str, **told: Any) -> Any:
        """What came of it. Raises ClientFailed."""
        return await asyncio.to_thread(self._do, {"deed": deed, **told})

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _do(self, asked: dict[str, Any]) -> Any:
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, f"the program has ended with {self._process.wait(20)}"
        told = json.loads(line)
        if "failed" in told:
            raise ClientFailed(**told["failed"])
        return told["told"]
