"""Task-specialised models on simulated servers: ``python examples/task-models/run.py``."""

from __future__ import annotations

from pathlib import Path

from pointsman.cli.tour import Stop, Tour, main

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
TOOL = {"type": "function", "function": {"name": "add_event", "parameters": {"type": "object", "properties": {}}}}


def question(text: str, shows: str = "", **more: object) -> Stop:
    return Stop(shows or text, {"messages": [{"role": "user", "content": text}], **more})


STOPS = [
    question("Schedule a meeting with Ana at three"),
    question("Who is my dentist?"),
    question("Prove that there are infinitely many primes, step by step"),
    question("Good morning! How are you?"),
    Stop("a question with a picture", {"messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]}]}),
    question("What is next?", "tools are offered", tools=[TOOL]),
    question("Sum this up: " + "word " * 10_000, "more than 10,000 tokens"),
]  # fmt: skip


def after(url: str) -> str:
    return f"""
Serving on {url}. Which task is it, and by which of its words?

  curl {url}/v1/route -d '{{"messages": [{{"role": "user", "content": "Remember that Ana likes tea"}}]}}'

README.md beside this file has more. Ctrl-C ends it.
"""


if __name__ == "__main__":
    main([Path(__file__).with_name("models.yaml")], Tour(STOPS, after))
