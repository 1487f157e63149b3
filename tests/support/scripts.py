"""The scripts of ``examples/task-router``: each run once in this process, with what it printed and its router."""

from __future__ import annotations

import ast
import io
from contextlib import redirect_stdout
from functools import cache
from itertools import takewhile
from pathlib import Path
from runpy import run_path
from typing import Any, NamedTuple

from pointsman import TaskRouter

FOLDER = Path(__file__).parents[2] / "examples" / "task-router"
ALL = "run_all"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != ALL)


class Ran(NamedTuple):
    """``names`` are the module's."""

    printed: str
    router: TaskRouter
    names: dict[str, Any]

    @property
    def lines(self) -> list[str]:
        return self.printed.splitlines()

    def tables(self, head: str) -> list[list[list[str]]]:
        """Below each line that begins so: the words of the lines up to an empty one or the end."""
        starts = [number + 1 for number, line in enumerate(self.lines) if line.startswith(head)]
        return [[line.split() for line in takewhile(str.strip, self.lines[start:])] for start in starts]

    def rows(self, head: str) -> list[list[str]]:
        """Those below the first of them."""
        return self.tables(head)[0]


@cache
def ran(name: str) -> Ran:
    """What ``python examples/task-router/<name>.py`` does."""
    out = io.StringIO()
    with redirect_stdout(out):
        names = run_path(str(FOLDER / f"{name}.py"))
        router = names["main"]()
    return Ran(out.getvalue(), router, names)


def routed(router: TaskRouter) -> list[int]:
    """How many tasks each was given, in the order of registration."""
    return [metrics.routed for metrics in router.get_all_metrics().values()]


def percent(word: str) -> float:
    return float(word.strip("%")) / 100


def imported(name: str) -> set[str]:
    """The packages that a script imports."""
    found = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found
