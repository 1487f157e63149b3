"""The routing configuration on simulated providers: ``python examples/routing-configuration/run.py``."""

from __future__ import annotations

from pathlib import Path

from pointsman.cli.tour import Stop, Tour, main

STOPS = [
    Stop("exact match, redundant at two providers", {"model": "llama3.1:8b"}),
    Stop("the pattern ^meta-llama/.*", {"model": "meta-llama/Llama-2-7b-chat-hf"}),
    Stop("the pattern .*\\.gguf$", {"model": "phi-3-mini.gguf"}),
    Stop("a capability: whoever is good at code", {}, {"X-Capability": "code_generation"}),
    Stop("a capability: models of 13B and more", {}, {"X-Capability": "high_throughput"}),
    Stop("a size: more than 13B", {"model": "yi-34b"}),
    Stop("a header: vLLM instead of Ollama", {"model": "llama3.1:8b"}, {"X-Priority": "high"}),
    Stop("a stream: Ollama", {"model": "llama3.1:8b", "stream": True}),
    Stop("a broken model: its fallback", {"model": "llama2-13b-vllm"}),
    Stop("the default provider", {"model": "something-else"}),
]

FAULTS = {"vllm": ["status=503:model=meta-llama/Llama-2-13b-chat-hf"]}


def after(url: str) -> str:
    return f"""
Serving on {url}. Every stage's word, and every candidate's:

  curl '{url}/v1/route?verbose=1' -d '{{"model": "meta-llama/Llama-2-7b-chat-hf", "messages": []}}'

README.md beside this file has more. Ctrl-C ends it.
"""


if __name__ == "__main__":
    main([Path(__file__).with_name("config")], Tour(STOPS, after, FAULTS))
