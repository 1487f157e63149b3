"""What a stream has told its caller so far, for another deployment to go on from there."""

from __future__ import annotations

from typing import Any

MOST = 1024 * 1024
"""Characters: an answer that is longer is not gone on with elsewhere, so it need not be kept."""

MANY = 1000
"""Pieces that are kept apart; a token as a string of its own takes ten times its letters."""


class Transcript:
    """Text by channel, a channel being the field that it came in."""

    __slots__ = ("_pieces", "_room")

    def __init__(self) -> None:
        self._pieces: dict[str, list[str]] | None = {}
        self._room = MOST

    def add(self, channel: str, text: Any) -> None:
        """One more piece. What is no string spoils it."""
        if self._pieces is None:
            return
        if type(text) is not str or len(text) > self._room:
            self.spoil()
            return
        self._room -= len(text)
        pieces = self._pieces.get(channel)
        if pieces is None:
            self._pieces[channel] = [text]
        else:
            pieces.append(text)
            if len(pieces) > MANY:
                pieces[:] = ["".join(pieces)]

    def spoil(self) -> None:
        """Something was told that nobody can go on from."""
        self._pieces = None

    def texts(self) -> dict[str, str] | None:
        """None: something else than text was told, or too much of it."""
        if self._pieces is None:
            return None
        return {channel: "".join(pieces) for channel, pieces in self._pieces.items()}
