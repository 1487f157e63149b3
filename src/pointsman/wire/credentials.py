"""Who signs requests to AWS: keys from the configuration, or found where AWS's own tools find them, by botocore.

To find them may take files, other programs and calls to AWS, and they may change: so a thread looks, never the event
loop, and looks again now and then; botocore itself renews those that end a quarter of an hour before they do. botocore
is loaded by the first look. Its own log would tell tokens and secrets, so of its chatter nothing is let through.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

from pointsman.model.aws import Aws

SERVICE = "bedrock"

AGAIN = 60.0
"""Seconds after which it is looked whether the keys are still the same."""

FRESH = 540.0
"""Seconds for which what a look found holds in any case: botocore hands out no keys that end within ten minutes."""

REST = 5.0
"""Seconds after a look that found nothing in which nobody looks."""

NONE_FOUND = "AWS's tools find no credentials here: name them, a profile or a role"
NOT_INSTALLED = "requests to AWS are signed by the package botocore: pip install 'pointsman[bedrock]'"


class Signer(Protocol):
    """botocore's SigV4Auth, with the keys of one look."""

    def add_auth(self, request: Any, /) -> None:
        """Put the headers of a signature into a request."""
        ...


Look = Callable[[], Signer]
"""Blocks. Raises whatever went wrong."""

Found = Callable[[Signer | None, str], None]
"""Is told who signs, or why nobody does."""


class NotFound(Exception):  # noqa: N818  says what is the case
    """There are no credentials. The message is fit to be told."""


class Credentials:
    """Of one provider. Belongs to one event loop."""

    def __init__(self, look: Look, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = monotonic) -> None:
        self._look = look
        self._loop = loop
        self._clock = clock
        self._signer: Signer | None = None
        self._detail = ""
        self._until = 0.0  # when it is looked again
        self._fresh = 0.0  # until when nobody waits for that
        self._looking = False
        self._waiting: list[Found] = []

    def at_hand(self) -> Signer | None:
        """Who signs, as it was found last; None if nobody is known yet, or it was so long ago that they may have ended.
        In time another look is begun.
        """
        now = self._clock()
        if now >= self._until and not self._looking:
            self._looking = True
            threading.Thread(target=self._seek, name="aws-credentials", daemon=True).start()
        return self._signer if now < self._fresh else None

    def wait(self, found: Found) -> None:
        """Tell as soon as it is known, behind ``at_hand``."""
        if self._looking:
            self._waiting.append(found)
        else:
            found(self._signer, self._detail)

    def _seek(self) -> None:
        """In a thread of its own. A loop that has ended is told nothing."""
        signer: Signer | None = None
        detail = ""
        try:
            signer = self._look()
        except NotFound as reason:
            detail = str(reason)
        except ImportError:
            detail = NOT_INSTALLED
        except Exception as error:  # noqa: BLE001  whatever it is, nobody may wait for ever; its text may name secrets
            detail = f"AWS's tools find no credentials: {type(error).__name__}"
        try:
            self._loop.call_soon_threadsafe(self._settle, signer, detail)
        except RuntimeError:
            return

    def _settle(self, signer: Signer | None, detail: str) -> None:
        """Keys that can't be renewed are used until AWS refuses them."""
        self._looking = False
        self._detail = detail
        self._signer = signer or self._signer
        now = self._clock()
        self._until = now + (AGAIN if signer is not None else REST)
        self._fresh = now + FRESH if signer is not None else max(self._fresh, self._until)
        waiting, self._waiting = self._waiting, []
        for found in waiting:
            found(self._signer, detail)


def look_for(aws: Aws) -> Look:
    """How to find who signs for a provider. What a look needs of botocore is made once."""
    known: list[Any] = []

    def look() -> Signer:
        from botocore.auth import SigV4Auth  # noqa: PLC0415  heavy: only who is asked by AWS needs it

        logging.getLogger("botocore").setLevel(logging.INFO)
        if not known:
            known.append(_credentials(aws))
        keys = known[0].get_frozen_credentials()
        if not (keys.access_key and keys.secret_key):
            raise NotFound(NONE_FOUND)
        signer: Signer = SigV4Auth(keys, SERVICE, aws.region)
        return signer

    return look


def _credentials(aws: Aws) -> Any:
    """botocore's, which know how to renew themselves. Raises NotFound."""
    if aws.pair is not None:
        from botocore.credentials import Credentials as Fixed  # noqa: PLC0415

        pair = aws.pair
        return Fixed(pair.ident.reveal(), pair.secret.reveal(), pair.token.reveal() if pair.token else None)
    from botocore.session import Session  # noqa: PLC0415

    found = Session(profile=aws.profile).get_credentials()
    if found is None:
        raise NotFound(NONE_FOUND)
    return found
