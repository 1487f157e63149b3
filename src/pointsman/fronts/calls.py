"""Which call each piece of a stream is of. Servers number their calls, or name them by ids, or do neither."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.fronts.chunks import NOTHING, Call, Function


class Calls:
    """The calls of one stream, in the order in which they begin.

    A new id is a new call, whatever its index; without an id it is the index that tells calls apart, without an index
    the name, which a call has once. A piece that has none of them belongs to the newest call, or where a chunk holds
    several of its kind, to the call of its place.
    """

    def __init__(self) -> None:
        self.heads: list[Call] = []
        """Each call's id and name, as far as they are told."""
        self._newest: dict[int | None, int] = {}  # index -> the newest call that has it; None: the newest of all
        self._known: dict[tuple[int | None, str], int] = {}  # index, if a piece tells it, and id -> the call

    def told(self, pieces: list[Call]) -> Iterator[tuple[int, str]]:
        """For each piece the number of its call among all calls, and the arguments that it adds."""
        for place, piece in enumerate(pieces):
            index = piece.index if type(piece.index) is int else None
            number = self._found(piece, index, place if len(pieces) > 1 else len(self.heads))
            if number is None:
                number = len(self.heads)
                self.heads.append(Call(index, None, Function()))
                self._newest[index] = self._newest[None] = number
            self._learn(number, piece)
            yield number, (piece.function or NOTHING).written

    def _found(self, piece: Call, index: int | None, place: int) -> int | None:
        """The call's number, if it has begun."""
        ident, name = piece.ident, piece.name
        known = self._known.get((index, ident)) if ident else None
        if known is not None:
            return known
        if index is None and not (ident or name) and place < len(self.heads):
            return place
        number = self._newest.get(index)
        if number is None:
            return None
        head = self.heads[number]
        if ident and head.ident:
            return None
        if name and head.name and (index is None or name != head.name):
            return None
        return number

    def _learn(self, number: int, piece: Call) -> None:
        head = self.heads[number]
        if head.function is not None:
            head.function.name = head.name or piece.name
        if not head.ident and piece.ident:
            head.id = piece.ident
            self._known[head.index, piece.ident] = self._known[None, piece.ident] = number
