"""Task tags on simulated adapters: ``python examples/task-tags/run.py``."""

from __future__ import annotations

from pathlib import Path

from pointsman.cli.tour import Stop, Tour, main

NAME = "nova-embeddings-v1"
KEY = {"authorization": "Bearer sk-1234"}

STOPS = [
    Stop("the retrieval adapter", {"model": NAME, "task": "retrieval.query", "input": ["search query"]}, KEY),
    Stop("the text-matching adapter", {"model": NAME, "task": "text-matching", "input": ["test query"]}, KEY),
    Stop("the code adapter", {"model": NAME, "task": "code.query", "input": ["test query"]}, KEY),
    Stop("nobody has this tag: 400", {"model": NAME, "task": "clustering", "input": ["test query"]}, KEY),
    Stop("no key: 401", {"model": NAME, "task": "code.query", "input": ["test query"]}),
]


def after(url: str) -> str:
    return f"""
Serving on {url}. Why did it go there?

  curl {url}/v1/route -H 'Authorization: Bearer sk-1234' \\
    -d '{{"model": "{NAME}", "task": "retrieval.query", "input": ["test query"]}}'

README.md beside this file has more. Ctrl-C ends it.
"""


if __name__ == "__main__":
    main([Path(__file__).with_name("proxy_server_config.yaml")], Tour(STOPS, after))
