"""The semantic router over three simulated models: ``python examples/semantic-router/run.py``."""

from __future__ import annotations

from pathlib import Path

from pointsman.cli.tour import Stop, Tour, main


def question(text: str) -> Stop:
    return Stop(text, {"messages": [{"role": "user", "content": text}]})


STOPS = [
    question("Write a Python function to sort a list"),
    question("Solve the integral of x^2 dx"),
    question("What is the capital of France?"),
]


def after(url: str) -> str:
    return f"""
Serving on {url}. How near was it to each category, and what was asked so far?

  curl {url}/v1/route -d '{{"messages": [{{"role": "user", "content": "Prove that 7 is prime"}}]}}'
  curl {url}/stats

README.md beside this file has more. Ctrl-C ends it.
"""


if __name__ == "__main__":
    main([Path(__file__).with_name("config.yaml")], Tour(STOPS, after), port=8080)
