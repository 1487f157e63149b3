"""`make faults`: breaks upstreams, networks and callers in every way, and holds Pointsman to bars. Only assembles.

Everything runs in this process and on loopback; every scenario is bounded in count, and in time by --limit.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))  # the gateway in a test's own event loop is the tests' equipment

from laboratory.card import Finding, none  # noqa: E402 - after the path
from laboratory.rig import mishaps  # noqa: E402 - as above
from laboratory.scenarios import table  # noqa: E402 - as above
from pointsman.telemetry.log import configure  # noqa: E402 - as above

if TYPE_CHECKING:
    from laboratory.scenarios import Scenario


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; --quick plays everything at the tests' size."""
    known = [scenario.name for scenario in table()]
    parser = argparse.ArgumentParser(prog="faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes: about a minute")
    parser.add_argument("--only", nargs="+", choices=known, metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--limit", type=float, default=180.0, help="seconds one scenario may take (default 180)")
    parser.add_argument("--stdlib-loop", action="store_true", help="asyncio's own event loop instead of uvloop")
    return parser.parse_args(arguments)


async def play(scenario: Scenario, *, quick: bool, limit: float) -> list[Finding]:
    """What was found; a scenario that breaks or takes too long is a finding too."""
    begun = time.monotonic()
    with mishaps() as heard:
        try:
            async with asyncio.timeout(limit):
                found = await scenario.play(quick)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be played
            found = [Finding(scenario.name, examples=[f"{type(error).__name__}: {error}"], broken=True)]
    if heard:
        found.append(
            Finding(f"exceptions in {scenario.name}", bars=[none("in callbacks", len(heard))], examples=heard[:3])
        )
    found[0].seconds = time.monotonic() - begun
    return found


def shown(findings: list[Finding]) -> Table:
    drawn = Table(title="Faults", title_justify="left")
    for head in ("scenario", "requests", "lost", "wrong", "attempts/requests", "verdict", "s", "notes"):
        drawn.add_column(head, justify="left" if head in ("scenario", "verdict", "notes") else "right")
    for finding in findings:
        ratio = f"{finding.amplification:.2f}" if finding.amplification is not None else "-"
        counts = [f"{count:,}" for count in (finding.requests, finding.lost, finding.wrong)]
        verdict = "[green]PASS[/]" if finding.passed else "[red]FAIL[/]"
        seconds = f"{finding.seconds:.1f}" if finding.seconds else ""
        drawn.add_row(finding.name, *counts, ratio, verdict, seconds, finding.notes)
    return drawn


def told(findings: list[Finding]) -> list[str]:
    """Why what failed failed."""
    lines = []
    for finding in findings:
        if not finding.passed:
            lines.append(f"{finding.name}:")
            lines += [f"  {bar}" for bar in finding.missed]
            lines += [f"    {example}" for example in finding.examples]
    return lines


async def play_all(options: argparse.Namespace) -> list[Finding]:
    findings: list[Finding] = []
    for scenario in table():
        if options.only is None or scenario.name in options.only:
            print(f"  {scenario.name} …", file=sys.stderr, flush=True)
            findings += await play(scenario, quick=options.quick, limit=options.limit)
    return findings


def main(arguments: list[str]) -> int:
    """0 if every bar is cleared, else 1."""
    options = parse(arguments)
    configure(stream=io.StringIO())  # the card says it all
    loops = None if options.stdlib_loop else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loops) as runner:
        findings = runner.run(play_all(options))
    console = Console(width=max(Console().width, 170))
    console.print(shown(findings))
    for line in told(findings):
        console.print(line, markup=False, highlight=False)
    passed = sum(finding.passed for finding in findings)
    print(f"{passed} passed, {len(findings) - passed} failed")
    return 0 if passed == len(findings) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
