"""How many requests a server has, whoever sent them: how to ask it, and what its metrics say, a row a kind.

vLLM and llama.cpp's server count those they work on and those that wait; llama.cpp's only if it was started with
``--metrics``. Both speak Prometheus' text format.
"""

from __future__ import annotations

import math
from functools import partial

from pointsman.model.exchange import Answered
from pointsman.providers.probe import Probe

MOST = 1_000_000
"""Requests at a time that can be believed."""


def _sum(reply: Answered, *, names: tuple[bytes, ...]) -> int | None:
    """All samples of these gauges together; None unless each has one."""
    if reply.status != 200:
        return None
    samples = [(name, line) for line in reply.body.splitlines() for name in names if _is_of(line, name)]
    total = sum(_value(line) for _, line in samples)
    told = {name for name, _ in samples} == set(names)
    return round(total) if told and 0 <= total <= MOST else None


def _is_of(line: bytes, name: bytes) -> bool:
    """The line is a sample of this very metric."""
    return line.startswith(name) and line[len(name) : len(name) + 1] in (b"{", b" ")


def _value(line: bytes) -> float:
    """What stands behind the name and its labels; a label's value may hold anything. NaN if it is no number."""
    said = (line.rpartition(b"}")[2] if b"}" in line else line.partition(b" ")[2]).split()
    try:
        return float(said[0]) if said else math.nan
    except ValueError:
        return math.nan


BUSY: dict[str, Probe[int]] = {
    "vllm": Probe(
        "/metrics", partial(_sum, names=(b"vllm:num_requests_running", b"vllm:num_requests_waiting")), openai=False
    ),
    "llama_cpp_native": Probe(
        "/metrics", partial(_sum, names=(b"llamacpp:requests_processing", b"llamacpp:requests_deferred")), openai=False
    ),
}
