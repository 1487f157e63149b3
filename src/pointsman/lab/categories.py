"""Learn what tells the categories of programming tasks apart where no word decides.

    python -m pointsman.lab.categories [--out FILE] [--report [FILE]]

Learns from the examples that ship. ``--report`` measures and writes nothing: on each fifth of the examples what the
others have taught, or on a file of labelled prompts what all have taught.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from pointsman.lab.data import Labelled, held_out
from pointsman.lab.manners import dressed
from pointsman.lab.measure import accuracy, f1
from pointsman.library.categories import TaskCategory
from pointsman.library.detection.likeness import CATEGORIES, FOLDER, Likeness
from pointsman.library.detection.prose import MOST
from pointsman.library.detector import ShippedDetector
from pointsman.routing.classify.features import VERSION
from pointsman.routing.classify.head import Course, Example, Head, fit
from pointsman.routing.classify.shipped import prompts, shipped

PARTS = 5

COURSE = Course(rounds=8, step=5.0)
MANNERS = 0.3
"""How much a prompt with a greeting and thanks counts beside the same without."""

EVERYDAY = 0.3
"""How much a prompt of the lexical encoder's that is not about code counts as one that is not about software."""

SOFTWARE, OTHER = "software", "other"
NAMES = tuple(category.value for category in TaskCategory)
KNOWN = tuple(category.value for category in CATEGORIES)


class _Row(msgspec.Struct, frozen=True):
    prompt: str
    category: TaskCategory


def read(path: Path) -> list[Labelled]:
    """Lines with ``prompt`` and ``category``."""
    rows = (msgspec.json.decode(line, type=_Row) for line in path.read_bytes().splitlines())
    return [Labelled(row.prompt, row.category.value) for row in rows]


def examples() -> list[Labelled]:
    """Those that ship."""
    return read(Path(str(FOLDER)) / "examples.jsonl")


def learn(rows: Sequence[Labelled]) -> Likeness:
    """From ``rows``, as they are and with good manners; what is not about software also from everyday prompts."""
    known = shipped()
    plain = [(row.label, known.unit(row.prompt, MOST), row.weight) for row in rows]
    polite = [(row.label, known.unit(dressed(row.prompt), MOST), row.weight * MANNERS) for row in rows]
    units = [*plain, *polite]
    everyday = [known.unit(each.prompt, MOST) for each in prompts() if not each.term and each.task != "code"]
    kinds = fit((Example(unit, label, weight) for label, unit, weight in units if label in KNOWN), COURSE)
    about = fit(
        [
            *(Example(unit, SOFTWARE if label in KNOWN else OTHER, weight) for label, unit, weight in units),
            *(Example(unit, OTHER, EVERYDAY) for unit in everyday),
        ],
        COURSE,
    )
    order = [kinds.labels.index(name) for name in KNOWN]
    logit = about.table[:, [about.labels.index(SOFTWARE)]] - about.table[:, [about.labels.index(OTHER)]]
    return Likeness(Head(KNOWN, np.ascontiguousarray(kinds.table[:, order])), Head([SOFTWARE], logit))


def save(learnt: Likeness, path: Path) -> None:
    """In half precision, of the features that any example has."""
    table = np.concatenate((learnt.kinds.table, learnt.software.table), axis=1)
    places = np.flatnonzero(table.any(axis=1))
    np.savez_compressed(
        path,
        version=np.array(VERSION),
        places=places.astype(np.uint16),
        table=table[places].astype(np.float16),
    )


def judged(rows: Iterable[Labelled], detector: ShippedDetector) -> list[tuple[str, str]]:
    """What each prompt is labelled, and what it is found to be."""
    return [(row.label, detector.detect(row.prompt).value) for row in rows]


def fifths(rows: Sequence[Labelled]) -> list[tuple[str, str]]:
    """The same of all, each by what the other parts have taught."""
    split = [held_out(rows, part) for part in range(PARTS)]
    return [pair for kept, rest in split for pair in judged(rest, ShippedDetector(learn(kept)))]


def precision(pairs: Sequence[tuple[str, str]], name: str) -> float:
    """The share of what was found to be ``name`` that is."""
    found = [truth for truth, guess in pairs if guess == name]
    return found.count(name) / len(found) if found else 0.0


def recall(pairs: Sequence[tuple[str, str]], name: str) -> float:
    """The share of what is ``name`` that was found to be."""
    found = [guess for truth, guess in pairs if truth == name]
    return found.count(name) / len(found) if found else 0.0


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    return float(np.mean([f1(pairs, name) for name in NAMES]))


def table(pairs: Sequence[tuple[str, str]]) -> str:
    """Precision and recall of each category, and what it was taken for: a line each."""
    counts = Counter(pairs)
    lines = [" " * 14 + "prompts  precision  recall  found to be " + " ".join(f"{name[:6]:>6}" for name in NAMES)]
    for name in NAMES:
        taken = " ".join(f"{counts[name, other] or '.':>6}" for other in NAMES)
        count = sum(truth == name for truth, _ in pairs)
        lines.append(
            f"{name:<14}{count:>7}  {precision(pairs, name):>9.3f}  {recall(pairs, name):>6.3f}              {taken}"
        )
    lines.append(f"{len(pairs)} prompts: macro-F1 {macro_f1(pairs):.3f}, accuracy {accuracy(pairs):.3f}")
    return "\n".join(lines) + "\n"


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m pointsman.lab.categories", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(str(FOLDER)) / "categories.npz", help="where the weights go")
    parser.add_argument("--report", nargs="?", type=Path, const=Path(), help="measure instead")
    asked = parser.parse_args(words)
    if asked.report is None:
        save(learn(examples()), asked.out)
        sys.stdout.write(f"{asked.out}: {asked.out.stat().st_size:,} bytes\n")
    elif asked.report == Path():
        sys.stdout.write(table(fifths(examples())))
    else:
        sys.stdout.write(table(judged(read(asked.report), ShippedDetector(learn(examples())))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
