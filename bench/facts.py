"""What a run of the bench finds: frozen facts, and nothing that measures, compares or prints."""

from __future__ import annotations

from typing import Any

import msgspec

CALM_CORES = 0.15  # a run that lost more than this to processes outside of it was disturbed
NAME_KNOWN, NAME_NEW = "name, asked before", "name, asked for the first time"
CONTENT = "content, a prompt of 200 words, lexical"
TAGS_KNOWN, TAGS_NEW = "tags and rules, asked before", "tags and rules, asked for the first time"


class Start(msgspec.Struct, frozen=True):
    """One start of one competitor: seconds to the first correct answer, and memory right after it."""

    name: str
    phase: str
    ready_seconds: float
    rss_mib: float
    anon_mib: float


class UnaryRun(msgspec.Struct, frozen=True):
    """One wrk run. Latencies in microseconds.

    ``cores`` is the share of the gateway's core that the competitor used; ``foreign`` what processes that are
    no part of the run took of both cores, in cores; ``attempts`` how often it was run to find a calm moment.
    ``failures`` are those of all attempts.
    """

    name: str
    round: int
    concurrency: int
    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    failures: int
    cores: float
    foreign: float
    attempts: int = 1

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class StreamLoad(msgspec.Struct, frozen=True):
    """What the SSE client saw. Times in milliseconds; a stall is a gap between two tokens over the limit."""

    streams: int
    complete: int
    stalls: int
    stalled_streams: int
    gap_p99_ms: float
    gap_max_ms: float
    seconds: float
    problems: dict[str, int]
    ttft_ms: list[float]


class StreamRun(msgspec.Struct, frozen=True):
    """One SSE run of one competitor; ``cores``, ``foreign``, ``attempts`` as in a UnaryRun.

    ``alone``: one short stream at a time, nothing else under way, to time the first token and nothing else.
    """

    name: str
    round: int
    alone: bool
    cores: float
    foreign: float
    load: StreamLoad
    attempts: int = 1


class Absent(msgspec.Struct, frozen=True):
    """A competitor that could not be measured, wholly or from some point on, and why."""

    name: str
    reason: str


class DecisionTime(msgspec.Struct, frozen=True):
    """Microseconds one decision takes. ``name``: how the name is settled, and if it was asked before."""

    name: str
    deployments: int
    patterns: int
    us: float


class PickTime(msgspec.Struct, frozen=True):
    """Microseconds a strategy takes to pick one of ``pool`` deployments: again and again, and where a result comes in
    between any two picks.
    """

    strategy: str
    pool: int
    us: float
    busy_us: float = 0.0


class Thinking(msgspec.Struct, frozen=True):
    """What ``decisions.py`` prints."""

    decisions: list[DecisionTime]
    picks: list[PickTime]


class Figures(msgspec.Struct):
    """Everything a run found; filled while it goes, so that an interrupted run still tells what it has."""

    machine: dict[str, str]
    options: dict[str, Any]
    versions: dict[str, str] = {}
    starts: list[Start] = []
    unary: list[UnaryRun] = []
    streams: list[StreamRun] = []
    absent: list[Absent] = []
    decisions: list[DecisionTime] = []
    picks: list[PickTime] = []
