"""Connections to AWS: each request is signed when it is sent, over its time, its path and its body.

AWS's Signature Version 4, which botocore works out. What is not known yet, who signs, is waited for within the call's
own time.
"""

from __future__ import annotations

import asyncio
from time import monotonic

import msgspec

from pointsman.flow.effects import Call, Failed
from pointsman.model.aws import Aws
from pointsman.model.deployment import Provider
from pointsman.model.exchange import WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.wire.credentials import Credentials, Signer, look_for
from pointsman.wire.origin import Origin
from pointsman.wire.outbox import Outbox
from pointsman.wire.pool import Cancel, Pool
from pointsman.wire.sweeper import Sweeper
from pointsman.wire.upstream import Resume

TOLD = ("x-amz-date", "x-amz-security-token", "authorization")
"""Headers that a signature brings."""


class SignedPool(Pool):
    """All connections to one provider whose requests are signed."""

    def __init__(
        self, provider: Provider, aws: Aws, loop: asyncio.AbstractEventLoop, sweeper: Sweeper, outbox: Outbox
    ) -> None:
        super().__init__(provider, loop, sweeper, outbox)
        self._credentials = Credentials(look_for(aws), loop)

    def ask(self, call: Call, resume: Resume) -> Cancel:
        """As ever, with a signature; or wait for who signs."""
        signer = self._credentials.at_hand()
        if signer is None:
            unsigned = Unsigned(self, call, resume)
            self._credentials.wait(unsigned.found)
            return unsigned.cancel
        return super().ask(msgspec.structs.replace(call, request=signed(signer, self.origin, call.request)), resume)


class Signed(WireRequest, frozen=True, gc=False):
    """A request with its signature, and perhaps a session's token: ``repr`` shows neither."""

    def __repr__(self) -> str:
        return f"Signed({self.method} {self.path})"


class Unsigned:
    """A call that nobody has signed yet. The sweeper ends it when its time is up."""

    __slots__ = ("_call", "_cancel", "_over", "_pool", "_resume", "_since", "deadline")

    def __init__(self, pool: SignedPool, call: Call, resume: Resume) -> None:
        self._pool = pool
        self._call = call
        self._resume = resume
        self._cancel: Cancel | None = None
        self._over = False
        self._since = monotonic()
        self.deadline = self._since + call.timeout
        pool.sweeper.watch(self)

    def found(self, signer: Signer | None, detail: str) -> None:
        """Who signs is known by now, or why nobody does."""
        if self._over:
            return
        self._end()
        if signer is None:
            self._resume(Failed(FailureKind.AUTH, detail))
            return
        waited, call = monotonic() - self._since, self._call
        call = msgspec.structs.replace(call, timeout=max(call.timeout - waited, 0.0), until=call.until - waited)
        self._cancel = self._pool.ask(call, self._resume)

    def expire(self) -> None:
        self._end()
        self._resume(Failed(FailureKind.CONNECT_TIMEOUT, f"no AWS credentials within {self._call.timeout:g} s"))

    def cancel(self) -> None:
        self._end()
        if self._cancel is not None:
            self._cancel()

    def _end(self) -> None:
        self._over = True
        self._pool.sweeper.forget(self)


def signed(signer: Signer, origin: Origin, request: WireRequest) -> Signed:
    """The request with its signature, which holds for some minutes, over its address, its body and its own headers."""
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415  loaded with the signer

    scheme = "https" if origin.tls else "http"
    own = [line.partition(": ") for line in request.headers.decode("latin-1").splitlines()]
    asked = AWSRequest(
        method=request.method,
        url=f"{scheme}://{origin.authority}{origin.prefix}{request.path}",
        data=request.body,
        headers={"host": origin.authority, **{name: value for name, _, value in own}},
    )
    signer.add_auth(asked)
    lines = [f"{name}: {asked.headers[name]}\r\n" for name in TOLD if name in asked.headers]
    headers = request.headers + "".join(lines).encode("latin-1")
    return Signed(request.path, request.body, request.method, headers)
