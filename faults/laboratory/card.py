"""What a scenario found, and whether it clears its bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from laboratory.callers import Answer


EXAMPLES = 6


class Bar(msgspec.Struct, frozen=True):
    """One bar. ``timed``: it depends on the machine's speed, so tests leave it to the scorecard."""

    what: str
    bound: str
    found: str
    met: bool
    timed: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.found} (bar: {self.bound})"


def at_most(what: str, bound: float, found: float, *, timed: bool = False) -> Bar:
    return Bar(what, f"≤ {bound:g}", f"{found:.4g}", found <= bound, timed)


def none(what: str, found: int) -> Bar:
    """The bar that is zero."""
    return Bar(what, "0", str(found), found == 0)


class Finding(msgspec.Struct):
    """One row of the scorecard.

    ``lost``: callers without the answer they were to get; ``wrong``: callers with words that nobody said, doubled or
    out of place, or with a part presented as the whole; ``attempts``: requests that upstreams received. ``examples``
    say what went wrong first; ``broken``: it was not played to its end.
    """

    name: str
    requests: int = 0
    lost: int = 0
    wrong: int = 0
    attempts: int | None = None
    bars: list[Bar] = []
    notes: str = ""
    examples: list[str] = []
    seconds: float = 0.0
    broken: bool = False

    def say(self, what: str) -> None:
        """An example of what went wrong; the first few are kept."""
        if len(self.examples) < EXAMPLES:
            self.examples.append(what)

    @property
    def passed(self) -> bool:
        return not self.broken and not self.missed

    @property
    def missed(self) -> list[Bar]:
        return [bar for bar in self.bars if not bar.met]

    @property
    def certain(self) -> list[str]:
        """Bars missed that no slow machine excuses; what a test asserts to be empty."""
        missed = [str(bar) for bar in self.missed if not bar.timed]
        return [*missed, *self.examples] if missed else []

    @property
    def amplification(self) -> float | None:
        return self.attempts / self.requests if self.attempts is not None and self.requests else None


class Tally:
    """Holds answers against the text that was to come."""

    def __init__(self, name: str) -> None:
        self.finding = Finding(name)
        self.rescued = 0
        self.hung = 0
        self.internal = 0
        self.unreadable = 0

    def whole(self, answer: Answer, text: str, what: object = "") -> None:
        """A caller who was to be served, whatever happened."""
        self._count(answer, (text,), what)
        if not (answer.whole and answer.text == text):
            self.finding.lost += 1
            self._note(answer, what, "lost")

    def honest(self, answer: Answer, texts: tuple[str, ...], what: object = "") -> None:
        """A caller who may be left with a part of one of the texts, if he is told that it is one."""
        self._count(answer, texts, what)
        if answer.whole and answer.text in texts:
            self.rescued += 1
        elif answer.ended in ("hung", "refused") or (answer.ended == "whole" and not answer.failed):
            self.finding.lost += 1
            self._note(answer, what, "not told")

    def _count(self, answer: Answer, texts: tuple[str, ...], what: object) -> None:
        """Nobody may have words that are not the answer's, or take a part for the whole."""
        self.finding.requests += 1
        self.hung += answer.ended in ("hung", "refused")
        self.internal += answer.status == 500
        self.unreadable += answer.believed and None in (answer.frames if answer.streamed else [answer.json])
        said = answer.text
        if not any(text.startswith(said) for text in texts) or (answer.believed and said not in texts):
            self.finding.wrong += 1
            self._note(answer, what, "wrong")

    def _note(self, answer: Answer, what: object, verdict: str) -> None:
        told = f"{answer.status} {answer.ended} {answer.code} {answer.text[:60]!r} after {answer.seconds:.2f} s"
        self.finding.say(f"{verdict}: {what}: {told}")

    @property
    def bars(self) -> list[Bar]:
        return [none("lost", self.finding.lost), none("wrong", self.finding.wrong)]
