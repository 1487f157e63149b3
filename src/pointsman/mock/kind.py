"""What every kind of simulated provider is: a table of paths and the shapes of its errors. No socket, no pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pointsman.mock.message import Answer, Refused, Reply, Request

if TYPE_CHECKING:
    from pointsman.mock.ledger import Ledger
    from pointsman.mock.options import Options

Handler = Callable[[Request], Answer]


class Scene:
    """What a kind may look at: its options, the ledger's counts, and a clock in seconds since the epoch."""

    def __init__(self, options: Options, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        self.options = options
        self.ledger = ledger
        self.clock = clock


class Kind(Protocol):
    """One kind.

    ``routes`` maps method and path to a handler, ``prefixes`` the beginning of a GET path; ``inference`` are the
    paths where a model works, which faults strike by default; ``server`` are header lines of every answer. Paths that
    name a model stand in both with ``{model}`` in its place.
    """

    server: bytes
    routes: dict[tuple[str, str], Handler]
    prefixes: tuple[tuple[str, Handler], ...]
    inference: frozenset[str]

    def place(self, path: str) -> tuple[str, str]:
        """The path as ``routes`` has it, and the model that it names, or nothing."""
        ...

    def guarded(self, path: str) -> bool:
        """Whether the path asks for a key, if there is one."""
        ...

    def refuse(self, request: Request, refused: Refused) -> Reply:
        """An error as this server words it on this path."""
        ...

    def broken(self, request: Request, style: str) -> bytes:
        """An error inside a stream that began with 200, and what this server still sends after it."""
        ...
