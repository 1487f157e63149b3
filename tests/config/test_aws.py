"""Where Amazon Bedrock is, and who asks it: what a section says, a model's name, and the environment."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config import aws
from pointsman.config.load import load_mapping
from pointsman.model.aws import Aws, Pair
from pointsman.model.secret import Secret

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:eu-west-3:123456789012:application-inference-profile/abc"
KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "hush-secret"}
REGION = {"aws_region_name": "us-east-1"}
EAST = "https://bedrock-runtime.us-east-1.amazonaws.com"
PAIR = Pair(Secret("AKID"), Secret("hush-secret"))
ENVIRON = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hush-secret"}


def load(params, providers=None, environ=None):
    entry = {"model_name": "m", "litellm_params": {"model": f"bedrock/{MODEL}", **params}}
    return load_mapping({"model_list": [entry], "providers": providers or {}}, environ=environ or {})


def placed(params, providers=None, environ=None):
    loaded = load(params, providers, environ)
    assert loaded.settings is not None, loaded.findings
    [deployment] = [each for each in loaded.settings.deployments if each.model_name == "m"]
    return deployment.provider, deployment.model


def findings(params, providers=None, environ=None, severity="error"):
    return [
        (f.key.rpartition(".")[2], f.message)
        for f in load(params, providers, environ).findings
        if f.severity == severity
    ]


@pytest.mark.parametrize(
    ("model", "upstream", "url"),
    [
        (f"bedrock/{MODEL}", MODEL, EAST),
        (f"bedrock_converse/{MODEL}", MODEL, EAST),
        (f"bedrock/converse/{MODEL}", MODEL, EAST),
        (f"bedrock/invoke/{MODEL}", MODEL, EAST),
        (f"bedrock/eu-central-1/{MODEL}", MODEL, "https://bedrock-runtime.eu-central-1.amazonaws.com"),
        (f"bedrock/us-gov-west-1/{MODEL}", MODEL, "https://bedrock-runtime.us-gov-west-1.amazonaws.com"),
        (f"bedrock/{PROFILE}", PROFILE, "https://bedrock-runtime.eu-west-3.amazonaws.com"),
        (f"bedrock/converse/{PROFILE}", PROFILE, "https://bedrock-runtime.eu-west-3.amazonaws.com"),
        ("bedrock/imported/x", "imported/x", EAST),
    ],
)  # fmt: skip
def test_a_models_name_may_tell_the_region(model, upstream, url):
    """Before the environment; LiteLLM's words before it are left out."""
    provider, found = placed({"model": model}, environ={**ENVIRON, "AWS_REGION": "us-east-1"})
    assert (provider.name, provider.kind, provider.base_url, found) == ("bedrock", "bedrock", url, upstream)
    assert provider.aws == Aws(url.split(".")[1], PAIR)


@pytest.mark.parametrize(
    ("params", "environ", "region"),
    [
        ({"aws_region_name": "eu-west-1"}, {"AWS_REGION": "us-east-1"}, "eu-west-1"),
        ({}, {"AWS_REGION_NAME": "eu-west-1", "AWS_REGION": "us-east-1"}, "eu-west-1"),
        ({}, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ({}, {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"aws_region_name": "cn-north-1"}, {}, "cn-north-1"),
    ],
)
def test_a_region_makes_an_address(params, environ, region):
    """The nearest word counts."""
    provider, _ = placed({**KEYS, **params}, environ=environ)
    suffix = ".cn" if region.startswith("cn") else ""
    assert (provider.base_url, provider.aws.region) == (
        f"https://bedrock-runtime.{region}.amazonaws.com{suffix}",
        region,
    )


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://bedrock-runtime-fips.us-east-2.amazonaws.com", "us-east-2"),
        ("https://vpce-0a1b-2c3d.bedrock-runtime.us-west-2.vpce.amazonaws.com", "us-west-2"),
        ("https://bedrock-runtime.us-west-2.api.aws", "us-west-2"),
        ("http://127.0.0.1:9999/aws", "us-east-1"),
    ],
)
@pytest.mark.parametrize("key", ["api_base", "aws_bedrock_runtime_endpoint"])
def test_an_address_may_tell_the_region(url, region, key):
    """One of AWS's own; of any other it is the environment's."""
    provider, _ = placed({**KEYS, key: url}, environ={"AWS_REGION": "us-east-1"})
    assert (provider.base_url, provider.aws.region) == (url, region)


@pytest.mark.parametrize(
    ("params", "environ", "key", "account"),
    [
        (KEYS, {}, None, Aws("us-east-1", PAIR)),
        ({**KEYS, "aws_session_token": "hush-token"}, {}, None, Aws("us-east-1", Pair(PAIR.ident, PAIR.secret, Secret("hush-token")))),
        ({"aws_profile_name": "work"}, ENVIRON, None, Aws("us-east-1", None, "work")),
        ({}, ENVIRON, None, Aws("us-east-1", PAIR)),
        ({}, {**ENVIRON, "AWS_SESSION_TOKEN": "t"}, None, Aws("us-east-1", Pair(PAIR.ident, PAIR.secret, Secret("t")))),
        ({}, {}, None, Aws("us-east-1")),
        ({"api_key": "hush-key"}, ENVIRON, Secret("hush-key"), None),
        ({}, {**ENVIRON, "AWS_BEARER_TOKEN_BEDROCK": "hush-key"}, Secret("hush-key"), None),
        (KEYS, {"AWS_BEARER_TOKEN_BEDROCK": "hush-key"}, None, Aws("us-east-1", PAIR)),
        ({"aws_profile_name": "work"}, {"AWS_BEARER_TOKEN_BEDROCK": "hush-key"}, None, Aws("us-east-1", None, "work")),
        ({"api_base": "http://127.0.0.1:1"}, {**ENVIRON, "AWS_BEARER_TOKEN_BEDROCK": "hush-key"}, None, Aws("us-east-1", PAIR)),
    ],
)  # fmt: skip
def test_who_asks(params, environ, key, account):
    """What an entry says before the environment, keys to send before keys to sign with; what nobody says is AWS's to
    find. A key of the environment goes to AWS alone.
    """
    provider, _ = placed({**REGION, **params}, environ=environ)
    assert (provider.api_key, provider.aws) == (key, account)


def test_a_key_to_send_needs_no_region_where_there_is_an_address():
    """Nothing is signed."""
    provider, _ = placed({"api_key": "k", "api_base": "http://127.0.0.1:1"})
    assert (provider.base_url, provider.aws) == ("http://127.0.0.1:1", None)


@pytest.mark.parametrize(
    ("params", "key", "message"),
    [
        ({}, "aws_region_name", "is required for this kind"),
        (KEYS, "aws_region_name", "is required for this kind"),
        ({"api_key": "k"}, "aws_region_name", "is required for this kind"),
        ({"aws_region_name": "evil.example/x?"}, "aws_region_name", "`evil.example/x?` is no region of AWS"),
        ({**REGION, "aws_access_key_id": "a"}, "aws_secret_access_key", "is required: an access key has an id and a secret"),
        ({**REGION, "aws_secret_access_key": "a"}, "aws_access_key_id", "is required: an access key has an id and a secret"),
        ({**REGION, **KEYS, "aws_session_token": "a\nb"}, "litellm_params", "the access key's id or its token has characters that can't be sent in a header"),
        ({**REGION, "aws_bedrock_runtime_endpoint": "bedrock"}, "aws_bedrock_runtime_endpoint", "has no scheme; write http://HOST:PORT"),
        ({**REGION, "model": "bedrock/"}, "model", "expected PREFIX/MODEL with something on both sides"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said(params, key, message):
    """With the key that it is about."""
    assert findings(params) == [(key, message)]


def test_without_botocore_nothing_can_be_signed(monkeypatch):
    """The finding says what to install; a key to send needs nothing."""
    monkeypatch.setattr(aws, "find_spec", lambda name: None)
    assert findings({**REGION, **KEYS}) == [("litellm_params", aws.INSTALL)]
    assert "pip install 'pointsman[bedrock]'" in aws.INSTALL
    assert findings({**REGION, "api_key": "k"}) == []


def test_secrets_are_in_no_finding_and_no_repr():
    """Whatever else is wrong."""
    params = {**REGION, **KEYS, "aws_session_token": "hush-token", "tags": "hush-secret hush-token"}
    loaded = load(params)
    assert loaded.findings
    assert "hush" not in repr(loaded.findings)
    provider, _ = placed({**REGION, **KEYS, "aws_session_token": "hush-token"})
    assert "hush" not in repr(provider)
    assert "AKID" not in repr(provider)


def test_a_named_provider():
    """Of its kind, by its own name or the prefix; an entry that says more than a model means another one."""
    named = {"cloud": {"kind": "bedrock_converse", **REGION, **KEYS}}
    for word in ("cloud", "bedrock"):
        provider, model = placed({"model": f"{word}/converse/{MODEL}"}, named)
        assert (provider.name, provider.base_url, provider.aws, model) == ("cloud", EAST, Aws("us-east-1", PAIR), MODEL)
    other, _ = placed({"aws_region_name": "eu-west-1"}, named, ENVIRON)
    assert (other.name, other.aws) == ("bedrock", Aws("eu-west-1", PAIR))
    same, _ = placed({**REGION, **KEYS}, named)
    assert same.name == "cloud"


def test_two_accounts_are_two_providers():
    """At the same address."""
    entries = [
        {"model_name": "m", "litellm_params": {"model": f"bedrock/{MODEL}", **REGION, "aws_profile_name": profile}}
        for profile in ("a", "b", "a")
    ]
    loaded = load_mapping({"model_list": entries}, environ={})
    names = [each.provider.name for each in loaded.settings.deployments]
    assert names == ["bedrock", "bedrock-2", "bedrock"]


def test_aws_elsewhere_is_not_acted_on():
    """A warning where it stands, in an entry and in a provider."""
    params = {"model": "openai/gpt-4o", "api_key": "k", **REGION}
    warning = ("aws_region_name", "is not acted on: this provider is not asked by way of AWS")
    assert findings(params, severity="warning") == [warning]
    assert warning in findings(KEYS | REGION, {"o": {"kind": "ollama", **REGION}}, severity="warning")
