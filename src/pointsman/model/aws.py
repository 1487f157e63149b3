"""Who asks AWS, and where: a fact that says that requests are signed."""

from __future__ import annotations

import msgspec

from pointsman.model.secret import Secret


class Pair(msgspec.Struct, frozen=True, gc=False):
    """An access key: its id, what is signed with, and the token of a session if it belongs to one."""

    ident: Secret
    secret: Secret
    token: Secret | None = None


class Aws(msgspec.Struct, frozen=True, gc=False):
    """``region`` is the one that is signed for. Without a pair of keys they are found where AWS's own tools find them:
    in the profile of that name if one is said.
    """

    region: str
    pair: Pair | None = None
    profile: str | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Whatever must never be told."""
        if self.pair is None:
            return ()
        return tuple(part for part in (self.pair.ident, self.pair.secret, self.pair.token) if part is not None)
