"""A stream that takes over where another one broke off: what the caller has is swallowed, what is new goes on.

The new stream must say again, letter by letter, what was told already; if it doesn't, it is refused before anything of
it is passed on. A deployment that goes on from a beginning it was given repeats nothing, and all it says is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from pointsman.model.exchange import Refusal, StreamReader, Understood
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.request import Fields
from pointsman.providers.frames import payload_of, split_frames

CHANNELS = ("reasoning_content", "reasoning", "content", "text")
"""Fields of a delta, or of a completion's choice, that carry text."""

NULL = msgspec.Raw(b"null")
NOTHING = frozenset({b"null", b"[]", b"{}", b'""'})
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)

_encode = msgspec.json.Encoder().encode
_decode_frame = msgspec.json.Decoder(Fields).decode
_decode_choices = msgspec.json.Decoder(Annotated[list[Fields], msgspec.Meta(max_length=1)] | None).decode
_decode_delta = msgspec.json.Decoder(Fields | None).decode
_decode_text = msgspec.json.Decoder(str | None).decode


class Resumed:
    """Implements StreamReader over the reader of the deployment that takes over.

    ``told`` is what the caller has, by channel. ``continues``: the deployment was given it to go on from. ``content``
    becomes true with the first of what is new: until then yet another deployment may take over.
    """

    def __init__(self, inner: StreamReader, told: Mapping[str, str], *, continues: bool = False) -> None:
        self._inner = inner
        self.continues = continues
        self._given = told if continues else {}
        self._expected = {} if continues else told
        self._seen = dict.fromkeys(self._expected, 0)  # characters, by channel
        self._differs: Refusal | None = None
        self.content = False

    @property
    def begun(self) -> bool:
        return self._inner.begun

    @property
    def ending(self) -> bool:
        return self.content and self._inner.ending

    @property
    def finished(self) -> bool:
        return self.content and self._inner.finished

    @property
    def refusal(self) -> Refusal | None:
        return self._differs or self._inner.refusal

    @property
    def usage(self) -> Usage:
        return self._inner.usage

    @property
    def deltas(self) -> int:
        return self._inner.deltas

    @property
    def skipped(self) -> int:
        return self._inner.skipped

    def remember(self) -> None:
        self._inner.remember()

    def said(self) -> dict[str, str] | None:
        said = self._inner.said()
        if said is None:
            return None
        return {channel: self._given.get(channel, "") + said.get(channel, "") for channel in {**self._given, **said}}

    def feed(self, data: bytes) -> bytes:
        frames = self._inner.feed(data)
        return frames if self.content else self._news(frames)

    def close(self) -> bytes:
        frames = self._inner.close()
        if self.content:
            return frames
        frames = self._news(frames)
        if not self.content and self.refusal is None:
            self._differs = Refusal(FailureKind.CUT, "the stream ended before it was complete", 200)
        return frames

    def instead(self, answer: Understood) -> Understood | Refusal:
        """What is new in a whole answer, told as a stream, that came in the place of one."""
        frames = self._news(answer.body)
        if self._differs is not None:
            return self._differs
        return Understood(frames, answer.usage, stream=True)

    def _news(self, frames: bytes) -> bytes:
        """What of these frames the caller does not have yet."""
        news = []
        for frame in split_frames(frames):
            if self.content:
                news.append(frame)
                continue
            try:
                news.append(self._new_of(frame))
            except UNREADABLE:
                self._differs = Refusal(FailureKind.DIFFERS, "its answer differs from what was sent", 200)
                break
        return b"".join(news)

    def _new_of(self, frame: bytes) -> bytes:
        """The frame as it is, shortened to what is new, or nothing. Raises one of UNREADABLE if it does not go on from
        what was told.
        """
        fields = _decode_frame(payload_of(frame) or b"{}")
        choices = _decode_choices(fields.get("choices", NULL))
        if not choices:
            return b""
        choice = choices[0]
        nested = "delta" in choice
        words = (_decode_delta(choice["delta"]) or {}) if nested else choice
        if nested and any(_tells(words, name) for name in words.keys() - {"role", *CHANNELS}):
            raise ValueError  # a tool call, or what else is no text
        told = {name: _decode_text(words[name]) or "" for name in CHANNELS if name in words}
        new = {name: self._beyond(name, text) for name, text in told.items()}
        if not any(new.values()) and not _tells(choice, "finish_reason"):
            return b""
        if any(self._seen[name] < len(text) for name, text in self._expected.items()):
            raise ValueError  # it goes on, or ends, without having said all of it
        self.content = True
        if new == told and "role" not in words:
            return frame
        changed: dict[str, Any] = {name: value for name, value in words.items() if name != "role"}
        changed |= {name: text for name, text in new.items() if text != told[name]}
        said = {**choice, "delta": changed} if nested else changed
        return b"data: " + _encode({**fields, "choices": [said]}) + b"\n\n"

    def _beyond(self, channel: str, text: str) -> str:
        """What of the text is new on its channel. Raises ValueError where it should be another."""
        expected, at = self._expected.get(channel, ""), self._seen.get(channel, 0)
        known = min(len(text), len(expected) - at)
        if not expected.startswith(text[:known], at):
            raise ValueError
        self._seen[channel] = at + known
        return text[known:]


def _tells(fields: Fields, name: str) -> bool:
    return name in fields and bytes(fields[name]) not in NOTHING
