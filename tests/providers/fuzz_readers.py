"""Fuzz the readers of streams: ``python tests/providers/fuzz_readers.py sse`` (or ``triton``, ``ndjson``), by hand.

``--seconds`` and ``--seed`` as one likes. A stream that shows a mistake is written to ``corpus/*/found.txt``, which the
tests replay. ``--atheris FOLDER`` lets Google's atheris look for new ways through the code instead (``pip install
atheris``): it begins with the kept streams and leaves what it finds in the folder; ``--keep FOLDER`` then keeps the
shortest of those that go a way of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1]))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["sse", "triton", "ndjson"])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", type=Path, metavar="FOLDER")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    return parser.parse_args()


def keep(kind: str, found: list[bytes]) -> None:
    from support.cutting import CORPUS, escaped

    place = CORPUS / kind / "found.txt"
    lines = place.read_text("ascii").splitlines() if place.exists() else []
    place.write_text("".join(f"{line}\n" for line in dict.fromkeys([*lines, *map(escaped, found)])), "ascii")


def damage(kind: str, seconds: int, seed: int) -> int:
    """How many streams showed a mistake."""
    from support.fuzzing import HOLDS, streams

    until, tried, bad = monotonic() + seconds, 0, []
    for data in streams(kind, seed):
        if monotonic() > until:
            break
        tried += 1
        try:
            HOLDS[kind](data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            print(f"{data!r}: {error!r}")
            bad.append(data)
    keep(kind, bad)
    print(f"{tried} streams, {len(bad)} mistakes")
    return len(bad)


def with_atheris(kind: str, seconds: int, seed: int, folder: Path) -> None:
    """Does not return: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pointsman.providers"]):
        from support.cutting import corpus
        from support.fuzzing import HOLDS
    folder.mkdir(parents=True, exist_ok=True)
    for data in corpus(kind).values():
        (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
    how = [f"-max_total_time={seconds}", f"-seed={seed + 1}", "-max_len=1000", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *how, str(folder)], HOLDS[kind])
    atheris.Fuzz()


def keep_ways(kind: str, folder: Path) -> None:
    """Of the streams in a folder the shortest that run through a pair of lines that none before did."""
    from support.cutting import corpus
    from support.fuzzing import HOLDS
    from support.ways import ways

    known = set().union(*(ways(HOLDS[kind], data) for data in corpus(kind).values()))
    found = []
    for data in sorted((path.read_bytes() for path in folder.iterdir()), key=len):
        new = ways(HOLDS[kind], data) - known
        if new:
            known |= new
            found.append(data)
    keep(kind, found)
    print(f"{len(found)} streams kept")


if __name__ == "__main__":
    asked = arguments()
    if asked.keep is not None:
        keep_ways(asked.kind, asked.keep)
    elif asked.atheris is not None:
        with_atheris(asked.kind, asked.seconds, asked.seed, asked.atheris)
    else:
        sys.exit(bool(damage(asked.kind, asked.seconds, asked.seed)))
