"""Faults a simulated provider commits on demand: their names, their spelling, and when one fires.

A spec is ``name[=value]`` and limits, parted by colons: ``status=503:retry_after=2:times=3``. Reading a spec is pure;
``FaultBook`` counts and throws the dice. What a fault does to an answer is not known here.
"""

from __future__ import annotations

import random
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from pointsman.errors import ConfigurationError
from pointsman.mock.dialects import IN_STREAM, REFUSALS, TROUBLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HANGS = ("silent", "head")
GARBAGE = ("html", "broken", "truncated")
CUTS = ("clean", "torn")
ENDS = ("closed", "open")
PULSES = ("comments", "roles")
ERROR_STYLES = ("usual", "old", *IN_STREAM)


class Grammar(msgspec.Struct, frozen=True):
    """What may stand behind ``=``: a number from ``low`` to ``high``, one of ``words``, or nothing."""

    unit: str = ""
    low: int = 0
    high: int = 10**9
    default: int | None = None
    words: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    limited: bool = True


FAULTS: dict[str, Grammar] = {
    "status": Grammar("an HTTP status", low=300, high=599),
    "says": Grammar(words=TROUBLES, variants=tuple(REFUSALS)),
    "hang": Grammar(words=HANGS),
    "hang_after": Grammar("tokens"),
    "stall": Grammar("tokens"),
    "keepalive": Grammar("ms", variants=PULSES, low=1),
    "cut": Grammar("tokens", variants=CUTS),
    "reset": Grammar("tokens", default=-1),
    "garbage": Grammar(words=GARBAGE),
    "malformed_frame": Grammar("tokens"),
    "no_done": Grammar(variants=ENDS),
    "error_frame": Grammar("tokens", variants=ERROR_STYLES),
    "slow_headers": Grammar("ms"),
    "empty": Grammar(),
    "plain": Grammar(),
    "loading": Grammar("ms", default=0),
    "refuse": Grammar("ms", default=0, limited=False),
}

LIMITS = ("times", "rate", "path", "model", "key")
EXTRAS = {"status": ("retry_after", "retry_after_ms", "code"), "stall": ("pause",)}
WITH_COLONS = ("model", "path", "retry_after", "retry_after_ms")
USUAL_PAUSE = 1000


class Fault(msgspec.Struct, frozen=True):
    """One fault. ``value`` is in the unit of its grammar; -1 means "before any byte", 0 ms means "until cleared".

    ``word`` is what stood behind ``=`` where words may stand; ``pause`` is milliseconds, ``key`` the number of one of
    the provider's keys.
    """

    name: str
    spec: str
    value: int = 0
    word: str = ""
    variant: str = ""
    retry_after: str | None = None
    retry_after_ms: str | None = None
    code: str | None = None
    pause: int = 0
    times: int | None = None
    rate: float | None = None
    path: str | None = None
    model: str | None = None
    key: int | None = None

    def __str__(self) -> str:
        return self.spec

    def suits(self, path: str, model: str, *, inference: bool, key: int = 0) -> bool:
        """Whether a request is one it is meant for. Without a path: any inference request, for ``loading`` all."""
        if self.key is not None and self.key != key:
            return False
        if self.model is not None and self.model != model:
            return False
        if self.path is None:
            return self.name == "loading" or inference
        if self.path.endswith("*"):
            return path.startswith(self.path[:-1])
        return path == self.path


def parse_fault(spec: str) -> Fault:
    """Read one spec. Raises ConfigurationError with what is wrong and what would be right."""
    head, *parts = _segments(spec)
    name, separator, value = head.partition("=")
    grammar = FAULTS.get(name)
    if grammar is None:
        raise _wrong(spec, f"unknown fault `{name}`{_meant(name, FAULTS)}; known: {', '.join(FAULTS)}")
    number, word = _value(spec, name, value if separator else None, grammar)
    found: dict[str, str] = {}
    allowed = _allowed(name, grammar)
    for part in parts:
        key, separator, text = part.partition("=")
        if key not in allowed:
            known = f"it takes {', '.join(allowed)}" if allowed else "it takes no limits"
            raise _wrong(spec, f"`{name}` does not take `{key}`{_meant(key, allowed)}; {known}")
        if not text:
            raise _wrong(spec, f"`{key}` needs a value: `{key}=…`")
        if key in found:
            raise _wrong(spec, f"`{key}` is given twice")
        found[key] = text
    variant = _variant(spec, found.get("variant"), grammar)
    if name == "says" and word not in REFUSALS[variant]:
        raise _wrong(spec, f"`{variant}` never says {word}, only {', '.join(REFUSALS[variant])}")
    return Fault(
        name=name,
        spec=spec,
        value=number,
        word=word,
        variant=variant,
        retry_after=found.get("retry_after"),
        retry_after_ms=found.get("retry_after_ms"),
        code=found.get("code"),
        pause=_whole(spec, "pause", found.get("pause")) or USUAL_PAUSE,
        times=_whole(spec, "times", found.get("times"), low=1),
        rate=_share(spec, found.get("rate")),
        path=found.get("path"),
        model=found.get("model"),
        key=_whole(spec, "key", found.get("key"), low=1),
    )


def _allowed(name: str, grammar: Grammar) -> tuple[str, ...]:
    """What may stand behind the colons of a fault."""
    variant = ("variant",) if grammar.variants else ()
    return (*(LIMITS if grammar.limited else ()), *variant, *EXTRAS.get(name, ()))


def _segments(spec: str) -> list[str]:
    """Parts between colons; a part without ``=`` behind a model, path or date belongs to it (``model=llama3:8b``)."""
    segments: list[str] = []
    for part in spec.strip().split(":"):
        if segments and "=" not in part and segments[-1].partition("=")[0] in WITH_COLONS:
            segments[-1] += ":" + part
        else:
            segments.append(part)
    return segments


def _value(spec: str, name: str, value: str | None, grammar: Grammar) -> tuple[int, str]:
    if grammar.words:
        if value is None:
            return 0, grammar.words[0]
        if value not in grammar.words:
            raise _wrong(spec, f"`{name}` is one of {', '.join(grammar.words)}{_meant(value, grammar.words)}")
        return 0, value
    if not grammar.unit:
        if value is not None:
            raise _wrong(spec, f"`{name}` takes no value")
        return 0, ""
    if value is None:
        if grammar.default is None:
            raise _wrong(spec, f"`{name}` needs a number ({grammar.unit}): `{name}={max(grammar.low, 3)}`")
        return grammar.default, ""
    number = _whole(spec, name, value, low=grammar.low, high=grammar.high)
    return number or 0, ""


def _variant(spec: str, text: str | None, grammar: Grammar) -> str:
    if text is None:
        return grammar.variants[0] if grammar.variants else ""
    if text not in grammar.variants:
        raise _wrong(spec, f"`variant` is one of {', '.join(grammar.variants)}{_meant(text, grammar.variants)}")
    return text


def _whole(spec: str, key: str, text: str | None, low: int = 0, high: int = 10**9) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
        raise _wrong(spec, f"`{key}` is a whole number from {low} to {high}, not `{text}`")
    return int(text)


def _share(spec: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise _wrong(spec, f"`rate` is a share from 0 to 1, not `{text}`")
    return share


def _meant(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f", did you mean `{near[0]}`?" if near else ""


def _wrong(spec: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"fault `{spec}`: {what}")


class _Armed(msgspec.Struct):
    fault: Fault
    since: float
    fired: int = 0


class FaultBook:
    """The faults in force. ``set``, ``add`` and ``clear`` act at once; ``on_change`` tells the server of ``refuse``."""

    def __init__(self, specs: Iterable[str] = (), *, seed: int = 0, now: Callable[[], float] = time.monotonic) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        self._now = now
        self._armed: list[_Armed] = []
        self.on_change: Callable[[], None] = lambda: None
        self.add(*specs)

    def __repr__(self) -> str:
        return f"FaultBook({', '.join(map(str, self)) or 'none'})"

    def __iter__(self) -> Iterator[Fault]:
        return iter([armed.fault for armed in self._armed])

    def __len__(self) -> int:
        return len(self._armed)

    def set(self, *specs: str) -> None:
        """Replace all; a wrong spec changes nothing."""
        faults = [parse_fault(spec) for spec in specs]
        self._armed = [_Armed(fault, self._now()) for fault in faults]
        self.on_change()

    def add(self, *specs: str) -> None:
        faults = [parse_fault(spec) for spec in specs]
        self._armed += [_Armed(fault, self._now()) for fault in faults]
        self.on_change()

    def clear(self) -> None:
        self.set()

    def drop(self, name: str) -> None:
        """Take back the faults of one name; the others keep their counts."""
        self._armed = [armed for armed in self._armed if armed.fault.name != name]
        self.on_change()

    def refusing(self) -> Fault | None:
        return next((fault for fault in self if fault.name == "refuse"), None)

    def draw(self, path: str, model: str, *, inference: bool, key: int = 0) -> tuple[Fault | None, float]:
        """The first fault that fires for a request, and the seconds its head is held back besides."""
        fired: Fault | None = None
        slow = 0.0
        for armed in self._armed:
            late = armed.fault.name == "slow_headers"
            if (fired is not None and not late) or not self._fires(armed, path, model, inference=inference, key=key):
                continue
            armed.fired += 1
            if late:
                slow += armed.fault.value / 1000
            else:
                fired = armed.fault
        return fired, slow

    def _fires(self, armed: _Armed, path: str, model: str, *, inference: bool, key: int) -> bool:
        fault = armed.fault
        if fault.name == "refuse" or not fault.suits(path, model, inference=inference, key=key):
            return False
        if fault.times is not None and armed.fired >= fault.times:
            return False
        if fault.name == "loading" and 0 < fault.value <= (self._now() - armed.since) * 1000:
            return False
        return fault.rate is None or self._dice.random() < fault.rate
