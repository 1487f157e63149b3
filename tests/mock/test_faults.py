"""The spelling of faults and when one fires."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import ConfigurationError
from pointsman.mock.faults import FAULTS, FaultBook, parse_fault

INFERENCE = frozenset(("/v1/chat/completions",))
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("status=503", {"name": "status", "value": 503}),
        ("status=429:retry_after=2", {"value": 429, "retry_after": "2"}),
        (
            "status=429:retry_after=Wed, 21 Oct 2026 07:28:00 GMT",
            {"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"},
        ),
        ("status=429:code=insufficient_quota", {"code": "insufficient_quota"}),
        ("status=429:retry_after_ms=1500", {"retry_after": None, "retry_after_ms": "1500"}),
        ("says=quota", {"word": "quota", "variant": "openai"}),
        ("says=context_length:variant=vllm_old", {"word": "context_length", "variant": "vllm_old"}),
        ("hang", {"name": "hang", "word": "silent"}),
        ("hang=head", {"word": "head"}),
        ("stall=2", {"value": 2, "pause": 1000}),
        ("stall=2:pause=50", {"value": 2, "pause": 50}),
        ("keepalive=10", {"value": 10, "variant": "comments"}),
        ("keepalive=10:variant=roles", {"variant": "roles"}),
        ("no_done", {"variant": "closed"}),
        ("no_done:variant=open", {"variant": "open"}),
        ("hang_after=2", {"name": "hang_after", "value": 2}),
        ("cut=3", {"value": 3, "variant": "clean"}),
        ("cut=3:variant=torn", {"variant": "torn"}),
        ("reset", {"value": -1}),
        ("reset=4", {"value": 4}),
        ("garbage", {"word": "html"}),
        ("garbage=truncated", {"word": "truncated"}),
        ("malformed_frame=1", {"value": 1}),
        ("error_frame=0", {"value": 0, "variant": "usual"}),
        ("error_frame=0:variant=anthropic", {"variant": "anthropic"}),
        ("slow_headers=250", {"value": 250}),
        ("empty", {"name": "empty"}),
        ("plain", {"name": "plain"}),
        ("loading=500", {"value": 500}),
        ("refuse", {"name": "refuse", "value": 0}),
        ("status=500:times=3:rate=0.2", {"times": 3, "rate": 0.2}),
        ("hang:path=/v1/embeddings:model=llama3.2:3b:times=1", {"model": "llama3.2:3b", "times": 1}),
    ],
)
def test_a_spec_is_read(spec, expected):
    """Each spelling of the table gives the fault it describes, and the fault prints as it was written."""
    fault = parse_fault(spec)
    assert {name: getattr(fault, name) for name in expected} == expected
    assert str(fault) == spec


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("stauts=503", "did you mean `status`"),
        ("", "unknown fault ``"),
        ("status", "needs a number"),
        ("status=200", "from 300 to 599"),
        ("status=abc", "not `abc`"),
        ("status=٥٠٣", "whole number"),
        ("empty=3", "takes no value"),
        ("hang=haed", "did you mean `head`"),
        ("says=quota:variant=vllm", "`vllm` never says quota, only context_length"),
        ("keepalive=0", "from 1"),
        ("hang:pause=3", "does not take `pause`"),
        ("cut", "needs a number"),
        ("cut=-1", "whole number"),
        ("cut=3:variant=tron", "did you mean `torn`"),
        ("garbage=htlm", "did you mean `html`"),
        ("hang:tims=3", "did you mean `times`"),
        ("hang:retry_after=3", "does not take `retry_after`"),
        ("refuse:times=3", "takes no limits"),
        ("hang:times=0", "from 1"),
        ("hang:times=", "needs a value"),
        ("hang:times=2:times=3", "given twice"),
        ("hang:rate=1.5", "from 0 to 1"),
        ("hang:rate=nan", "from 0 to 1"),
        ("hang:often", "does not take `often`"),
    ],
)
def test_a_wrong_spec_is_told(spec, told):
    """A wrong spec is a ConfigurationError that names the spec and says what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        parse_fault(spec)
    assert f"fault `{spec}`" in str(caught.value)
    assert told in str(caught.value)


@given(st.text(max_size=40) | st.sampled_from(sorted(FAULTS)).flatmap(lambda n: st.text(max_size=9).map(n.__add__)))
def test_any_text_is_a_fault_or_an_error(spec):
    """No text makes the parser fail in any other way than a ConfigurationError."""
    try:
        told = parse_fault(spec).name
    except ConfigurationError as error:
        told = str(error)
    assert told in FAULTS or told.startswith("fault `")


def test_times_limits_how_often():
    """A fault with times=2 fires for two requests and no more."""
    book = FaultBook(["hang:times=2"])
    drawn = [book.draw(CHAT, "a", inference=True)[0] is not None for _ in range(4)]
    assert drawn == [True, True, False, False]


def test_the_first_that_fires_wins():
    """Faults are tried in order; one that is used up makes room for the next."""
    book = FaultBook(["status=500:times=1", "status=503"])
    drawn = [book.draw(CHAT, "a", inference=True)[0].value for _ in range(3)]
    assert drawn == [500, 503, 503]


def test_slow_headers_come_on_top():
    """slow_headers delays the head whatever other fault is at work."""
    fault, slow = FaultBook(["cut=2", "slow_headers=250"]).draw(CHAT, "a", inference=True)
    assert (fault.name, slow) == ("cut", 0.25)


@pytest.mark.parametrize(
    ("spec", "path", "model", "fires"),
    [
        ("hang", CHAT, "a", True),
        ("hang", "/health", "", False),
        ("hang:path=/health", "/health", "", True),
        ("hang:path=/health", CHAT, "a", False),
        ("hang:path=/v1/*", "/v1/models", "", True),
        ("hang:path=*", "/health", "", True),
        ("hang:model=b", CHAT, "a", False),
        ("hang:model=b", CHAT, "b", True),
        ("loading", "/health", "", True),
    ],
)
def test_whom_a_fault_strikes(spec, path, model, fires):
    """Without a path only inference is struck, except by loading; path and model narrow it."""
    assert (FaultBook([spec]).draw(path, model, inference=path in INFERENCE)[0] is not None) is fires


def test_a_fault_strikes_requests_of_one_key():
    """The number of one of the provider's keys; 0 is a request with none of them."""
    book = FaultBook(["status=429:key=2"])
    assert [book.draw(CHAT, "a", inference=True, key=key)[0] is not None for key in range(4)] == [
        False,
        False,
        True,
        False,
    ]
    with pytest.raises(ConfigurationError, match="`key` is a whole number from 1"):
        parse_fault("hang:key=0")


def test_the_dice_are_seeded():
    """The same seed gives the same draws, and the share of a long run is near the rate."""

    def draws(seed):
        book = FaultBook(["hang:rate=0.2"], seed=seed)
        return [book.draw(CHAT, "a", inference=True)[0] is not None for _ in range(1000)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 150 < sum(draws(1)) < 250


def test_loading_ends_by_the_clock():
    """loading=500 fires for half a second from when it was set."""
    now = [10.0]
    book = FaultBook(["loading=500"], now=lambda: now[0])
    before = book.draw("/health", "", inference=False)[0]
    now[0] = 10.5
    assert (before.name, book.draw("/health", "", inference=False)[0]) == ("loading", None)


def test_a_wrong_spec_changes_nothing():
    """set() with one wrong spec among right ones leaves the book as it was."""
    book = FaultBook(["hang"])
    with pytest.raises(ConfigurationError):
        book.set("empty", "nonsense")
    assert [str(fault) for fault in book] == ["hang"]


def test_every_change_is_told():
    """set, add, drop and clear each call on_change once, after the change."""
    book = FaultBook()
    seen = []
    book.on_change = lambda: seen.append([fault.name for fault in book])
    book.set("hang")
    book.add("refuse")
    book.drop("refuse")
    book.clear()
    assert seen == [["hang"], ["hang", "refuse"], ["hang"], []]
