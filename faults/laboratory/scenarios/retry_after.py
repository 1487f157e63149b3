"""Whatever an upstream says of when to come again: it is understood or left alone, and nobody comes earlier."""

from __future__ import annotations

import random
import re
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING

import msgspec

from laboratory.callers import Answer, ask, question
from laboratory.card import Finding, at_most, none
from laboratory.rig import Clock, deployment, leases, over, provider
from pointsman.config.settings import RouterSettings
from support.serving import gateway

if TYPE_CHECKING:
    from pointsman.testing import MockProvider
    from support.serving import Serving

CAP = 300.0
"""Seconds: nobody is waited for longer, whatever it says."""

LONGEST = 31 * 86400.0
"""Seconds, a month's limit: nobody is told to wait for longer."""

NOT_QUITE_NUMBERS = "nan -nan inf -inf 1e400 -1e400 -1 -0 -0.5 +5 1e2 1E1 1e-9 .5 5. 0x10 1_0 5s 5ms 1,5 \xbd \xb2"
HUGE_AND_TINY = "0 0.0 00 99999999999 99999999999999999999 1e18 9e99 301 300.0001 299.99"
WORDS = "soon true null None 2:30 PT5S %00"
ODD = [word for line in (NOT_QUITE_NUMBERS, HUGE_AND_TINY, WORDS) for word in line.split()]
DATES = ("%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%SZ", "%d %b %Y %H:%M:%S +0000")
STATUSES = (429, 503, 529, 500)


class Case(msgspec.Struct, frozen=True):
    """One answer: a status, a header, its value, and the seconds that are certainly meant; None: nobody can tell."""

    status: int
    header: str
    value: str
    seconds: float | None

    @property
    def spec(self) -> str:
        return f"status={self.status}:{self.header.replace('-', '_')}={self.value}"


def cases(number: int, seed: int) -> list[Case]:
    dice = random.Random(seed)
    return [_case(dice) for _ in range(number)]


def _case(dice: random.Random) -> Case:
    header = dice.choice(("retry-after", "retry-after", "retry-after-ms"))
    value = dice.choice((_seconds, _date, _odd, _noise))(dice)
    return Case(dice.choice(STATUSES), header, value, _meant(header, value))


def _seconds(dice: random.Random) -> str:
    return dice.choice((str(dice.randrange(400)), f"{dice.uniform(0, 400):.{dice.randrange(1, 6)}f}"))


def _date(dice: random.Random) -> str:
    when = datetime.now(UTC) + timedelta(seconds=dice.uniform(-1000, 2000))
    return dice.choice((format_datetime(when, usegmt=True), when.strftime(dice.choice(DATES))))


def _odd(dice: random.Random) -> str:
    return dice.choice(ODD)


def _noise(dice: random.Random) -> str:
    """Any characters that may stand in a header, but for those that part a fault's spec."""
    letters = [chr(code) for code in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if chr(code) not in ":="]
    return "".join(dice.choices(letters, k=dice.randrange(1, 30))).strip() or "x"


def _meant(header: str, value: str) -> float | None:
    """By the letter of RFC 9110: digits, or a date as it prefers them; fractions are common enough to count."""
    if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", value, re.ASCII):
        return float(value) / (1000 if header == "retry-after-ms" else 1)
    if header == "retry-after" and re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", value, re.ASCII):
        with suppress(ValueError):
            return parsedate_to_datetime(value).timestamp() - time()
    return None


class _Visit:
    """One case, and what came of it."""

    def __init__(self, number: int, case: Case, it: Serving, clock: Clock, mock: MockProvider) -> None:
        self._model = f"m{number}"
        self._case = case
        self._it = it
        self._clock = clock
        self._mock = mock
        self.unwell: list[Answer] = []
        self.early = False
        self.stuck = False

    @property
    def _asked(self) -> int:
        return len(self._mock.ledger.find(lambda entry: entry.model == self._model))

    async def _ask(self) -> None:
        answer = await ask(self._it.port, question(stream=False, model=self._model))
        told = answer.headers.get("retry-after", "1")
        if answer.ended != "whole" or answer.status not in (429, 502, 503) or not 0 < float(told) <= LONGEST:
            self.unwell.append(answer)

    async def play(self) -> None:
        begun = self._clock()
        await self._ask()
        wait = min(self._case.seconds or 0.0, CAP)
        for share in (0.2, 0.7):
            before = self._asked
            ahead = begun + share * wait - self._clock()
            self._clock.advance(max(ahead, 0.0))
            await self._ask()
            self.early |= self._asked > before and self._clock() < begun + wait - 1.0 * self._rounded
        before = self._asked
        self._clock.advance(2 * CAP)
        await self._ask()
        self.stuck = self._asked == before

    @property
    def _rounded(self) -> bool:
        """A date, and the reply's own, are whole seconds."""
        return ":" in self._case.value


async def fuzz(number: int, seed: int = 4) -> Finding:
    """Each value is told by a model of its own, so that none hears of another."""
    finding = Finding(f"{number} values of Retry-After")
    clock = Clock()
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(name="up", models=["*"]))
        every = cases(number, seed)
        mock.faults.set(*[f"{case.spec}:model=m{place}" for place, case in enumerate(every)])
        made = over(
            *[deployment(mock, f"m{place}", model=f"m{place}") for place in range(number)],
            router=RouterSettings(num_retries=0),
        )
        it = await stack.enter_async_context(gateway(made, clock))
        visits = [_Visit(place, case, it, clock, mock) for place, case in enumerate(every)]
        for visit in visits:
            await visit.play()
        finding.requests, finding.attempts = 4 * number, mock.ledger.total
        finding.lost = sum(len(visit.unwell) for visit in visits)
        finding.bars = [
            none("no well-formed refusal", finding.lost),
            none("asked earlier than told", sum(visit.early for visit in visits)),
            none("never asked again", sum(visit.stuck for visit in visits)),
            none("leases not given back", leases(it)),
        ]
        for visit, case in zip(visits, every, strict=True):
            if visit.unwell or visit.early or visit.stuck:
                finding.say(f"{case.spec}: {'early' if visit.early else 'stuck or unwell'}")
        finding.notes = f"{sum(case.seconds is not None for case in every)} of certain meaning"
    return finding


async def waited_for(number: int) -> Finding:
    """Short ones are waited for within the request: the second attempt comes no earlier, and not much later."""
    finding = Finding(f"{number} short waits within a request")
    async with AsyncExitStack() as stack:
        mock = await stack.enter_async_context(provider(name="up", models=["*"]))
        waits = [0.05 + 0.4 * place / number for place in range(number)]
        mock.faults.set(
            *[f"status=429:retry_after={wait:.3f}:times=1:model=m{place}" for place, wait in enumerate(waits)]
        )
        it = await stack.enter_async_context(
            gateway(over(*[deployment(mock, f"m{place}", model=f"m{place}") for place in range(number)]))
        )
        late: list[float] = []
        early = 0
        for place, wait in enumerate(waits):
            answer = await ask(it.port, question(stream=False, model=f"m{place}"))
            finding.lost += not answer.whole
            first, *rest = mock.ledger.find(lambda entry, name=f"m{place}": entry.model == name)  # type: ignore[misc]
            gaps = [entry.began - first.ended for entry in rest]
            early += any(gap < wait - 0.001 for gap in gaps)
            late += [gap - wait for gap in gaps]
        finding.requests, finding.attempts = number, mock.ledger.total
        finding.bars = [
            none("lost", finding.lost),
            none("asked earlier than told", early),
            at_most("latest, s", 0.25, max(late, default=0.0), timed=True),
        ]
    return finding
