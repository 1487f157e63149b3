"""Every fault there is, streamed and whole, with a healthy deployment beside the failing one: nobody may notice."""

from __future__ import annotations

from contextlib import AsyncExitStack
from itertools import product

from laboratory.callers import ask, question
from laboratory.card import Bar, Finding, Tally, none
from laboratory.proxy import Act, FaultProxy, Point, Trouble
from laboratory.rig import crowd, deployment, leases, over, provider, received, reference
from pointsman.mock.dialects import IN_STREAM
from support.serving import gateway

AT_ONCE = 20
LANES = 6
"""Gateways at a time, each with providers of its own: starting and ending one is mostly waiting."""

LATE = {"timeout": 0.4, "first_token_timeout": 0.3, "idle_timeout": 0.3}
"""Seconds that a deployment may take that says nothing or never hangs up; others may take as long as they like."""

BEFORE = (
    *(f"status={status}" for status in (401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 529)),
    "status=500:rate=0.4",
    "status=429:retry_after=60",
    "status=429:retry_after_ms=250",
    "says=quota",
    "says=quota:variant=azure",
    "says=quota:variant=anthropic",
    "says=quota:variant=openrouter",
    "loading",
    "refuse",
    "reset",
    "empty",
    "garbage",
    "garbage=broken",
    "garbage=truncated",
    "cut=0",
    "cut=0:variant=torn",
    "error_frame=0",
    *(f"error_frame=0:variant={dialect}" for dialect in IN_STREAM),
)
"""Faults before the first word."""

SILENT = ("hang", "hang=head", "hang_after=0", "keepalive=20", "keepalive=20:variant=roles")
"""Faults that take until a timeout."""

WITHIN = (
    *(f"{fault}={after}" for fault in ("cut", "reset", "hang_after", "error_frame") for after in (1, 7)),
    "cut=7:variant=torn",
    *(f"error_frame=7:variant={dialect}" for dialect in IN_STREAM),
)
"""Faults in the middle of an answer."""

HARMLESS = ("malformed_frame=3", "no_done", "no_done:variant=open", "stall=3:pause=50", "plain", "slow_headers=20")
"""Bad manners that cost nobody a word."""

NETWORK = (
    Trouble(Act.RESET, Point.ACCEPT),
    Trouble(Act.CLOSE, Point.ACCEPT),
    Trouble(Act.HANG, Point.ACCEPT),
    Trouble(Act.RESET, Point.REQUEST),
    Trouble(Act.HANG, Point.REQUEST),
    Trouble(Act.CLOSE, Point.ASKED),
    Trouble(Act.HANG, Point.ASKED),
    Trouble(Act.RESET, 30),
    Trouble(Act.HALF_CLOSE, 30),
    Trouble(Act.CLOSE, Point.HEAD),
    Trouble(Act.HANG, Point.HEAD),
    Trouble(Act.CORRUPT, 0, size=12),
    Trouble(Act.DELAY, Point.ASKED, seconds=0.02),
    Trouble(Act.DRIP, Point.HEAD, seconds=0.0, size=200),
)
"""What the network does, up to the end of the head."""

KINDS = {"keepalive": "vllm", "hang_after=0": "vllm", "loading": "llama-cpp"}
"""Who is known for which fault; openai for any other."""


async def play(name: str, faults: tuple[str | Trouble, ...], each: int, *, streams: tuple[bool, ...]) -> Finding:
    """``each`` requests for every fault, streamed and not."""
    tally = Tally(name)
    finding = tally.finding
    finding.attempts = 0
    held = spared = 0
    cases = list(product(faults, streams))

    async def case(number: int) -> None:
        nonlocal held, spared
        fault, stream = cases[number]
        attempts, left, struck = await _beside_a_healthy_one(tally, fault, each, stream=stream)
        finding.attempts = (finding.attempts or 0) + attempts
        held += left
        spared += not struck

    await crowd(len(cases), LANES, case)
    met = Bar("faults that met nobody", "0", str(spared), spared == 0, timed=True)  # who gives up early meets nobody
    finding.bars = [*tally.bars, none("leases not given back", held), met]
    finding.notes = f"{len(cases)} cases, {each} each"
    return finding


def _silent(fault: str | Trouble) -> bool:
    """It ends only when somebody gives up."""
    if isinstance(fault, Trouble):
        return fault.act is Act.HANG
    return fault.startswith(("hang", "keepalive")) or fault == "no_done:variant=open"


async def _beside_a_healthy_one(
    tally: Tally, fault: str | Trouble, each: int, *, stream: bool
) -> tuple[int, int, bool]:
    """Attempts, leases held at the end, and whether the fault struck at all."""
    mock = fault if isinstance(fault, str) else ""
    kind = next((kind for known, kind in KINDS.items() if mock.startswith(known)), "openai")
    async with AsyncExitStack() as stack:
        bad = await stack.enter_async_context(provider(kind, "bad"))
        good = await stack.enter_async_context(provider())
        text = await reference(good)
        proxy = None
        if isinstance(fault, Trouble):
            proxy = await stack.enter_async_context(FaultProxy(bad.port, fault))
        bad.faults.set(*([mock] if mock else []))
        broken = deployment(bad, port=proxy.port if proxy is not None else None, **(LATE if _silent(fault) else {}))
        it = await stack.enter_async_context(gateway(over(broken, deployment(good))))

        async def one(_: int) -> None:
            tally.whole(
                await ask(it.port, question(stream=stream)), text, f"{fault}, {'stream' if stream else 'unary'}"
            )

        await crowd(each, AT_ONCE, one)
        asked = proxy.turns if proxy is not None else received([bad])
        return received([good]) + asked, leases(it), asked > 0 or mock == "refuse"
