"""A demo to run the documentation's examples against: the command itself, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

READY = "Pointsman is serving on "


class Demo:
    """``url`` is where it serves; ``told`` is everything that it printed to try next."""

    def __init__(self, url: str, told: str) -> None:
        self.url = url
        self.told = told

    def here(self, text: str) -> str:
        """An example of the docs, at this demo's address."""
        return text.replace("http://127.0.0.1:4000", self.url)


@pytest.fixture(scope="session")
def loopback() -> dict[str, str]:
    """An environment in which nothing on loopback goes through a proxy, and no key of the developer's is found."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="session")
def demo(loopback):
    command = [sys.executable, "-m", "pointsman", "demo", "--port", "0"]
    with subprocess.Popen(command, env=loopback, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = ""
            while line := process.stdout.readline():
                printed += line
                if "Ctrl-C" in line:
                    break
            told = printed.partition(READY)[2]
            assert told, f"the demo ended before it served: {printed}"
            yield Demo(told.split()[0], told)
        finally:
            process.terminate()
            process.communicate()
