"""Amazon Bedrock's address and keys, from what a section says, its model's name and the environment.

A region makes an address. A key that is sent comes before keys to sign with; what a section says comes before the
environment. Keys that nobody says are left to AWS's own ways to find them: profiles, and the roles of machines.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from urllib.parse import urlsplit

from pydantic import SecretStr

from pointsman.config.api_keys import UNSENDABLE, sendable
from pointsman.config.environment import Environment
from pointsman.config.findings import Path, Report
from pointsman.config.schema import LitellmParams, ProviderSection
from pointsman.config.urls import BadUrl, normalised
from pointsman.config.where import Place
from pointsman.model.aws import Aws, Pair
from pointsman.model.secret import Key, Secret

KIND = "bedrock"

Section = LitellmParams | ProviderSection
"""What may say who asks AWS, and where."""

FIELDS = frozenset(field for field in LitellmParams.model_fields if field.startswith("aws_"))
REGIONS = ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
BEARER = "AWS_BEARER_TOKEN_BEDROCK"
IDENT, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"

INSTALL = "requests to AWS are signed by the package botocore: pip install 'pointsman[bedrock]'"

WAYS = ("converse/", "invoke/")
"""What LiteLLM writes before a model's name: all models are asked by Converse here."""

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_ARN = re.compile(r"arn:aws[a-z-]*:(?:bedrock|sagemaker):([a-z0-9-]+):")
_HOST = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$")
"""AWS's own addresses, that of a private endpoint behind its name among them."""


Account = tuple[Place, tuple[Key, ...]]
"""A place, and the keys that are sent there; where there are none requests are signed."""


def says_account(section: Section) -> bool:
    """Whether a section says anything of AWS itself."""
    return not FIELDS.isdisjoint(section.model_fields_set)


def model_and_region(model: str) -> tuple[str, str | None]:
    """A model's name without LiteLLM's words before it, and the region that it names."""
    for way in WAYS:
        model = model.removeprefix(way) or model
    head, slash, rest = model.partition("/")
    if slash and rest and _REGION.fullmatch(head):
        return rest, head
    arn = _ARN.match(model)
    return model, arn[1] if arn is not None else None


class Accounts:
    """Answers for one section after the other. What is missing is told in the report."""

    def __init__(self, environment: Environment, report: Report) -> None:
        self._environment = environment
        self._report = report

    def of(self, section: Section, url: str | None, keys: tuple[Key, ...], region: str | None) -> Account | None:
        """``url`` and ``keys`` are those that the section says as any other does, ``region`` its model's."""
        try:
            url = url or self._endpoint(section)
        except BadUrl:
            return None
        own = _HOST.search(urlsplit(url).hostname or "") if url else None
        region = section.aws_region_name or (own[1] if own else region) or self._first(REGIONS)
        if region is not None and not _REGION.fullmatch(region):
            self._report.error(section.place("aws_region_name"), "{} is no region of AWS", region)
            return None
        pair = self._pair(section)
        if not keys and pair is None and section.aws_profile_name is None and (url is None or own is not None):
            keys = self._bearer(section.path)
        if region is None and (url is None or not keys):
            hint = f"aws_region_name: us-east-1, or {REGIONS[1]} in the environment"
            self._report.error(section.place("aws_region_name"), "is required for this kind", suggestion=hint)
            return None
        url = url or _address(region or "")
        if keys:
            return Place(KIND, url), keys
        if pair is None and section.aws_profile_name is None:
            pair = self._environments()
        if find_spec("botocore") is None:
            self._report.error(section.path, INSTALL)
            return None
        return Place(KIND, url, aws=Aws(region or "", pair, section.aws_profile_name)), ()

    def _bearer(self, path: Path) -> tuple[Key, ...]:
        """The environment's key to send, which goes to AWS's own addresses alone."""
        text = self._environment.get(BEARER)
        if text is not None and not sendable(text):
            self._report.error(path, f"{BEARER} {UNSENDABLE}")
            return ()
        key = self._secret(text)
        return () if key is None else (Key(key, "1"),)

    def _endpoint(self, section: Section) -> str | None:
        """An address that is said otherwise. Raises BadUrl, which was told."""
        given, told = section.aws_bedrock_runtime_endpoint, self._environment.get(ENDPOINT)
        try:
            return normalised(given or told or "", whole=True) if given or told else None
        except BadUrl as reason:
            if given:
                self._report.error(section.place("aws_bedrock_runtime_endpoint"), str(reason))
            else:
                self._report.error(section.path, f"{ENDPOINT} {reason}")
            raise

    def _pair(self, section: Section) -> Pair | None:
        """The keys that the section says; one alone signs nothing."""
        ident, secret = _text(section.aws_access_key_id), _text(section.aws_secret_access_key)
        if (ident is None) != (secret is None):
            missing = "aws_access_key_id" if ident is None else "aws_secret_access_key"
            self._report.error(section.place(missing), "is required: an access key has an id and a secret")
        return self._made(ident, secret, _text(section.aws_session_token), section.path)

    def _environments(self) -> Pair | None:
        ident, secret, token = (self._environment.get(name) for name in (IDENT, SECRET, TOKEN))
        return self._made(ident, secret, token, ())

    def _made(self, ident: str | None, secret: str | None, token: str | None, path: Path) -> Pair | None:
        if ident is None or secret is None:
            return None
        parts = [self._secret(part) for part in (ident, secret, token)]
        if any(text is not None and not sendable(text) for text in (ident, token)):
            self._report.error(path, f"the access key's id or its token {UNSENDABLE}")
            return None
        return Pair(parts[0] or Secret(""), parts[1] or Secret(""), parts[2])

    def _secret(self, text: str | None) -> Secret | None:
        if not text:
            return None
        self._report.secret(text)
        return Secret(text)

    def _first(self, names: tuple[str, ...]) -> str | None:
        return next((found for name in names if (found := self._environment.get(name))), None)


def _address(region: str) -> str:
    """Where AWS has Bedrock in a region."""
    return f"https://bedrock-runtime.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _text(given: SecretStr | None) -> str | None:
    return (given.get_secret_value().strip() if given is not None else "") or None
