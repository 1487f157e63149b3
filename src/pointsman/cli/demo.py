"""``pointsman demo``: simulated providers, the gateway over them, a little traffic, and what to try next."""

from __future__ import annotations

from importlib.resources import as_file, files

from pointsman.cli import tour
from pointsman.cli.tour import Stop, Tour
from pointsman.config.load import load_or_raise

STOPS = (
    Stop("three deployments", {"model": "llama3.1:8b"}),
    Stop("the same, streamed", {"model": "llama3.1:8b", "stream": True}),
    Stop("an exact match", {"model": "qwen2.5-coder:7b"}),
    Stop("a pattern", {"model": "mistralai/Mistral-7B-Instruct-v0.3"}),
    Stop("another pattern", {"model": "phi-3-mini.gguf"}),
    Stop("a size", {"model": "yi-34b"}),
    Stop("a header: vLLM only", {"model": "llama3.1:8b"}, {"X-Priority": "high"}),
    Stop("a capability", {}, {"X-Capability": "code"}),
    Stop("no model: its words", {"messages": [{"role": "user", "content": "Schedule a meeting at three"}]}),
    Stop("the default provider", {"model": "something-else"}),
    Stop("a hosted model", {"model": "gpt-4o-mini"}),
    Stop("broken: its fallback answers", {"model": "shaky"}),
)

FAULTS = {"vllm": ["status=503:model=always-down"]}


def demo(port: int, seconds: float | None = None) -> int:
    """Run until SIGINT or SIGTERM, or for so many seconds. Returns the exit code."""
    with as_file(files("pointsman.cli") / "demo.yaml") as path:
        settings = load_or_raise([path], environ={})
    return tour.run(settings, Tour(STOPS, _next_steps, FAULTS), port, seconds)


def _next_steps(url: str) -> str:
    return f"""
Pointsman is serving on {url} (simulated providers; nothing leaves this machine). Try:

  curl {url}/v1/chat/completions -H 'content-type: application/json' -i \\
    -d '{{"model": "llama3.1:8b", "messages": [{{"role": "user", "content": "Hi"}}]}}'

  curl {url}/v1/route -d '{{"model": "shaky", "messages": []}}'      # where would it go, and why

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="anything")
  print(client.chat.completions.create(
      model="llama3.1:8b", messages=[{{"role": "user", "content": "Hi"}}]).choices[0].message.content)

The page: {url}/ui        Ctrl-C ends it.
"""
