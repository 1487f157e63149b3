"""Is a request signed with these credentials? AWS's Signature Version 4, worked out anew by botocore.

A key that is ``ID:SECRET`` or ``ID:SECRET:TOKEN`` is one to sign with; any other is sent as it is, as Bedrock's API
keys are. Needs botocore for the first sort: ``pip install 'pointsman[bedrock]'``.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pointsman.mock.ledger import key_of

if TYPE_CHECKING:
    from pointsman.mock.message import Request

SERVICE = "bedrock"
LEEWAY = 300.0
"""Seconds by which a signature's clock may be wrong."""

FORM = "%Y%m%dT%H%M%SZ"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/, ]+)/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request, ?SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
NEEDED = frozenset({"host", "x-amz-date"})


def proves(request: Request, key: bytes, now: float) -> bool:
    """Whether the request shows that who sent it has the key. ``now`` is seconds since the epoch."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    told = headers.get("authorization", "")
    if b":" not in key:
        return hmac.compare_digest(key_of(told.encode("latin-1")), key)
    ident, _, rest = key.decode().partition(":")
    secret, _, token = rest.partition(":")
    found = _AUTHORIZATION.fullmatch(told)
    if found is None or found["id"] != ident or found["service"] != SERVICE:
        return False
    signed = frozenset(found["signed"].split(";"))
    moment = headers.get("x-amz-date", "")
    if not signed >= NEEDED | ({"x-amz-security-token"} if token else set()) or not _fresh(moment, found["day"], now):
        return False
    if token and headers.get("x-amz-security-token") != token:
        return False
    given = {name: value for name, value in headers.items() if name in signed}
    wanted = _signature(request, given, moment, found["region"], (ident, secret))
    return hmac.compare_digest(wanted, found["signature"])


def _fresh(moment: str, day: str, now: float) -> bool:
    try:
        told = datetime.strptime(moment, FORM).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return False
    return moment.startswith(day) and abs(told - now) <= LEEWAY


def _signature(request: Request, headers: dict[str, str], moment: str, region: str, pair: tuple[str, str]) -> str:
    """What the signature should be, over the headers that were signed, the path as it came and the whole body."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415  only who is asked with a pair of keys needs it
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    target = urlsplit(request.target.decode("latin-1"))
    url = f"http://{headers['host']}{target.path}?{target.query}"
    asked = AWSRequest(method=request.method, url=url, headers=headers, data=request.body)
    asked.context["timestamp"] = moment
    auth = SigV4Auth(Credentials(*pair), SERVICE, region)
    return str(auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked))
