"""The detector that ships: the category of a prompt by its order, then by phrases, then by likeness to examples.

    order     the verb at the head of a sentence, and where it says little its object: "write tests for …"
    phrase    "stack trace", "LGTM?", "why does … fail", wherever it stands
    likeness  a linear model fitted to examples

Orders are given in every trade ("fix my bicycle"). They count in a text that names something of software, or that is
likely about it; phrases that only software has count anywhere, the others make their category likelier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import re2

from pointsman.library.categories import TaskCategory
from pointsman.library.detection.objects import read
from pointsman.library.detection.orders import fragment, label, order
from pointsman.library.detection.phrases import PROBABLY, SURELY
from pointsman.library.detection.prose import MOST, sentences, spoken
from pointsman.library.detection.trade import named
from pointsman.routing.classify.text import bounded, folded

if TYPE_CHECKING:
    from pointsman.library.detection.likeness import Likely, Likeness

ENOUGH, EVEN = 0.4, 0.5
"""How likely a text has to be about software: one with an order or a phrase, and any other."""

WEIGHT = 8.0
"""How many times as likely a phrase makes its category."""

LEAST = 0.3
"""How likely the best category has to be where nothing but likeness speaks for it."""

TOLD = 60
"""Characters of a phrase that are told."""

_LETTER = re2.compile(r"\pL")


class Reading(msgspec.Struct, frozen=True):
    """What a prompt was found to be about. ``why`` is a sentence; ``scores`` are what the model finds, together 1."""

    category: TaskCategory
    why: str
    scores: dict[TaskCategory, float]


class _Said(NamedTuple):
    """What speaks for a category, and whether it says it of software alone."""

    category: TaskCategory
    why: str
    sure: bool = False


class ShippedDetector:
    """Needs nothing but the package. May be asked from any thread; the same prompt has always the same category."""

    def __init__(self, by: Likeness | None = None) -> None:
        """``by``: another model than the one fitted to the examples that ship."""
        self._by = by

    def detect(self, prompt: str) -> TaskCategory:
        """Any text has a category. Of a long one its ends are looked at, 4,000 characters in all."""
        return self._read(prompt)[0]

    def explain(self, prompt: str) -> Reading:
        """The same with reasons."""
        category, why, likely = self._read(prompt)
        if likely is None:
            plain = folded(bounded(prompt, MOST))
            likely = self._likely(plain, spoken(plain))
        return Reading(category, why, likely.scores())

    def _likely(self, plain: str, said: str) -> Likely:
        from pointsman.library.detection.likeness import likeness  # noqa: PLC0415  numpy, for prompts that need it

        return (self._by or likeness()).read(plain, said, named(plain))

    def _read(self, prompt: str) -> tuple[TaskCategory, str, Likely | None]:
        """Without likelihoods where nobody had to ask for them."""
        plain = folded(bounded(prompt, MOST))
        if _LETTER.search(plain) is None:
            return TaskCategory.UNKNOWN, "there is no word in it", None
        said = _said(plain)
        if said is not None and (said.sure or named(plain)):
            return said.category, said.why, None
        prose = spoken(plain)
        likely = self._likely(plain, prose)
        about = f"{likely.software:.2f} likely about software"
        if said is None:
            category, why = _alike(prose, likely)
            return category, f"{why}{about}", likely
        category = said.category if likely.software >= ENOUGH else TaskCategory.UNKNOWN
        return category, f"{said.why}, {about}", likely


def _said(plain: str) -> _Said | None:
    """By its label, its first order, a sure phrase, or an order without a verb."""
    labelled = label(plain)
    if labelled is not None:
        return _Said(labelled.category, f"the label {labelled.words!r}")
    parts = [read(sentence) for sentence in sentences(plain)]
    found = next(filter(None, map(order, parts)), None)
    if found is not None:
        return _Said(found.category, f"the order {found.words!r}", sure=found.bare and len(parts) == 1)
    for category, program in SURELY.items():
        hit = program.search(plain)
        if hit is not None:
            return _Said(category, f"the phrase {_told(hit)}", sure=True)
    found = next(filter(None, map(fragment, parts)), None)
    return _Said(found.category, f"the order {found.words!r}") if found is not None else None


def _alike(prose: str, likely: Likely) -> tuple[TaskCategory, str]:
    """By likeness, and by phrases that anybody says."""
    hits = {category: hit for category, program in PROBABLY.items() if (hit := program.search(prose)) is not None}
    if likely.software < (ENOUGH if hits else EVEN):
        return TaskCategory.UNKNOWN, ""
    for category in hits:
        likely = likely.favouring(category, WEIGHT)
    best = max(likely.kinds, key=likely.kinds.__getitem__)
    share = f"{likely.kinds[best]:.2f} like {best.value}, "
    if not hits and likely.kinds[best] < LEAST:
        return TaskCategory.UNKNOWN, f"no more than {share}"
    return best, f"the phrase {_told(hits[best])} and {share}" if best in hits else share


def _told(hit: Any) -> str:
    return repr(hit.group().strip()[:TOLD])
