"""Learn what ships with the lexical encoder: how rare features are, and what the well-known kinds of work read like.

    python -m pointsman.lab.lexical --tasks tasks.jsonl --intents intents.jsonl [--out FILE] [--report]

``--report`` measures on each fifth what the others have taught, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from pointsman.lab.data import Labelled, held_out, own, read_intents, read_tasks
from pointsman.lab.manners import dressed
from pointsman.lab.measure import report
from pointsman.routing.classify.features import SIZE, VERSION, Features, Floats, features
from pointsman.routing.classify.head import Course, Example, fit
from pointsman.routing.classify.shipped import FOLDER, Shipped, weighted
from pointsman.routing.classify.text import bounded

PARTS = 5

MOST = 4000
"""Characters of a prompt that are looked at, as in a gateway."""

COURSE = Course(rounds=10, step=3.0)
MANNERS = 0.3
"""How much a prompt with a greeting and thanks counts beside the same without."""

BALANCE = 0.5
"""Of a rare class each example counts more: by (average count / own count) to this power. 1 would make all equal."""


def learn(rows: Sequence[Labelled], texts: Iterable[str]) -> Shipped:
    """Classes from ``rows``, as they are and with good manners; rarity from them and ``texts``."""
    rows = [*rows, *(Labelled(dressed(row.prompt), row.label, row.weight * MANNERS) for row in rows)]
    found = [features(bounded(row.prompt, MOST)) for row in rows]
    rarity = rarity_of([*found, *(features(bounded(text, MOST)) for text in texts)])
    count = Counter[str]()
    for row in rows:
        count[row.label] += row.weight  # type: ignore[assignment]
    share = {label: (count.total() / len(count) / n) ** BALANCE for label, n in count.items()}
    examples = [
        Example(weighted(each, rarity), row.label, row.weight * share[row.label])
        for each, row in zip(found, rows, strict=True)
    ]
    return Shipped(rarity, fit(examples, COURSE))


def rarity_of(found: Sequence[Features]) -> Floats:
    """Inverse document frequency of every feature: log((1 + texts) / (1 + texts with it))."""
    seen = np.zeros(SIZE, np.float64)
    for each in found:
        seen[each.places] += 1.0
    rarity: Floats = np.log((1.0 + len(found)) / (1.0 + seen)).astype(np.float32)
    return rarity


def save(learnt: Shipped, path: Path) -> None:
    """In half precision: what is lost is less than any two labels differ by."""
    np.savez_compressed(
        path,
        version=np.array(VERSION),
        labels=np.array(learnt.head.labels),
        table=learnt.head.table.astype(np.float16),
        rarity=learnt.rarity.astype(np.float16),
    )


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m pointsman.lab.lexical", description=__doc__)
    parser.add_argument("--tasks", type=Path, required=True, help="JSON lines with prompt and task")
    parser.add_argument("--intents", type=Path, required=True, help="JSON lines with prompt, intent, oos and split")
    parser.add_argument("--out", type=Path, default=Path(str(FOLDER)) / "lexical.npz", help="where the weights go")
    parser.add_argument(
        "--report", action="store_true", help="measure instead, on each fifth what the others have taught"
    )
    asked = parser.parse_args(words)
    rows, intents = read_tasks(asked.tasks), read_intents(asked.intents)
    texts = [row.prompt for row in intents.train]
    if asked.report:
        split = [held_out(rows, part) for part in range(PARTS)]
        sys.stdout.write(report([(learn([*kept, *own()], texts), rest) for kept, rest in split], intents))
        return 0
    save(learn([*rows, *own()], texts), asked.out)
    sys.stdout.write(f"{asked.out}: {asked.out.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
