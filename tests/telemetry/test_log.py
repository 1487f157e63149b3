"""The log: a line for what went wrong, and no line of anybody else's making."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
import structlog

from pointsman.fakes import deployment, provider
from pointsman.model.decision import Tier
from pointsman.model.outcome import Attempt, FailureKind
from pointsman.model.request import Hints
from pointsman.telemetry.log import DecisionLog, FailureLog, configure, logger

NASTY = [
    "m\n2026-01-01 [warning] request_failed forged=1",
    "m\r\n[ROUTER] Model: forged -> Provider: x (exact match)",
    "m\x1b[2J\x1b[31mred",
    "m\x85next",
    "m\u2028next",
    "m\u2029next",
    "m\x0bnext\x0cnext",
    "m\x9b31mred",
    "m\ud800",
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[io.StringIO, Terminal], ids=["JSON", "terminal"])
def out(request):
    stream = request.param()
    configure("info", stream)
    yield stream
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("name", NASTY)
def test_a_name_with_line_breaks_forges_no_line(out, made, name):
    """One failure, one line, in a file and on a terminal; by every notion of what ends a line."""
    FailureLog()(made(FailureKind.RESET, model=name, status=502))
    assert len(lines(out)) == 1
    assert "\x1b[2J" not in out.getvalue()
    assert "\x9b" not in out.getvalue()


def test_a_request_that_went_well_is_not_told(out, made):
    """The log is for what went wrong."""
    FailureLog()(made(None))
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("kinds", "status", "word"),
    [
        ((FailureKind.RESET,), 502, "request_failed"),
        ((FailureKind.RESET, None), 200, "request_rescued"),
        ((FailureKind.CUT,), 200, "request_failed"),
        ((), 503, "request_failed"),
    ],
)
def test_what_failed_and_what_was_rescued_is_told(out, made, kinds, status, word):
    """An outage too, where nobody could be asked at all."""
    FailureLog()(made(*kinds, status=status))
    (line,) = lines(out)
    assert word in line


def test_a_line_is_json_where_nobody_watches(made):
    """With the request, its model, the failure, the status and every attempt."""
    out = io.StringIO()
    configure("info", out)
    FailureLog()(made(FailureKind.RESET, FailureKind.TIMEOUT, status=504))
    structlog.reset_defaults()
    told = json.loads(out.getvalue())
    assert told.pop("timestamp")
    assert told == {
        "event": "request_failed",
        "level": "warning",
        "request_id": "0" * 24,
        "model": "m",
        "failure": "timeout",
        "status": 504,
        "attempts": ["a: reset", "b: timeout"],
    }


@pytest.mark.parametrize(("level", "told"), [("debug", 1), ("info", 1), ("warning", 1), ("error", 0), ("nonsense", 1)])
def test_levels(level, told):
    """What is below the level is not written; an unknown level is info."""
    out = io.StringIO()
    configure(level, out)
    logger().warning("x")
    structlog.reset_defaults()
    assert len(lines(out)) == told


def told(event) -> list[str]:
    out = io.StringIO()
    DecisionLog(out)(event)
    return lines(out)


def test_every_decision_is_told_with_its_steps(made):
    """The first line as the routing document writes it, then each step and the plan, then the call as LiteLLM's."""
    assert told(made(None)) == [
        "[ROUTER] Model: m -> Provider: pa (exact match)",
        "[ROUTER]     exact         2 -> 2     exact match 'm'",
        "[ROUTER]     strategy      2 -> 1     simple-shuffle: a",
        "[ROUTER]     plan      a, then b",
        "litellm.acompletion(model=m) 200 OK",
    ]


PLACES = {name: provider(name) for name in ("ollama", "vllm", "llama_cpp_python", "llama_cpp_native")}


@pytest.mark.parametrize(
    ("model", "route", "place", "line"),
    [
        ("llama3.1:8b", "exact", "ollama", "[ROUTER] Model: llama3.1:8b -> Provider: ollama (exact match)"),
        (
            "meta-llama/Llama-2-7b",
            "pattern",
            "vllm",
            "[ROUTER] Model: meta-llama/Llama-2-7b -> Provider: vllm (pattern match)",
        ),
        (None, "semantic", "vllm", "[ROUTER] Model: (none) -> Provider: vllm (semantic match)"),
    ],
)
def test_the_lines_of_the_routing_document_are_word_for_word(made, model, route, place, line):
    """As somebody who greps for them finds them there."""
    choice = deployment(place, at=PLACES[place])
    event = made(None, model=model, decision={"route": route, "choice": choice})
    assert told(msgspec.structs.replace(event, provider=place))[0] == line


def fell(made, *places: str, tier: int = 0):
    """A request that went from place to place; the last one delivered. ``tier``: the decision's own."""
    members = [deployment(f"d{n}", at=PLACES[place]) for n, place in enumerate(places)]
    tiers = tuple(Tier(place, "m", (one,)) for place, one in zip(places, members, strict=True))
    asked = members[tier:]
    tries = tuple(Attempt(d.id, "m", FailureKind.RESET if d is not asked[-1] else None, 0.1) for d in asked)
    event = made(None, decision={"choice": asked[0], "tiers": tiers, "tier": tier})
    outcome = msgspec.structs.replace(event.outcome, attempts=tries)
    return msgspec.structs.replace(event, outcome=outcome, deployment=asked[-1].id, provider=asked[-1].provider.name)


@pytest.mark.parametrize("tier", [0, 1])
def test_a_fallback_is_told_as_the_routing_document_has_it(made, tier):
    """Whether the first was asked and failed, or was not fit to be asked."""
    found = [line for line in told(fell(made, "ollama", "llama_cpp_python", tier=tier)) if "   " not in line]
    assert found == [
        "[ROUTER] Model: m -> Provider: ollama (exact match)",
        "[ROUTER] Fallback triggered: ollama -> llama_cpp_python",
        "litellm.acompletion(model=m) 200 OK",
    ]


def test_each_place_on_the_way_is_told(made):
    """Two that failed, and who delivered."""
    found = [line for line in told(fell(made, "ollama", "llama_cpp_python", "llama_cpp_native")) if "Fallback" in line]
    assert found == [
        "[ROUTER] Fallback triggered: ollama -> llama_cpp_python",
        "[ROUTER] Fallback triggered: llama_cpp_python -> llama_cpp_native",
    ]


def test_another_try_at_the_same_place_is_no_fallback(made):
    """Retries are not told as anything else."""
    assert not any("Fallback" in line for line in told(fell(made, "ollama", "ollama")))


NOVA = ["NovaTaskRoutingHook: Converting task 'retrieval.query' to tag", "Updated metadata tags: ['retrieval.query']"]


def test_a_task_that_became_a_tag_is_told_as_the_task_routing_document_has_it(made):
    """Its three lines, word for word."""
    event = made(
        None,
        decision={"tags": ("retrieval.query",)},
        finished={"hints": Hints(task="retrieval.query"), "endpoint": "embeddings"},
        model="nova-embeddings-v1-retrieval",
    )
    found = [line for line in told(event) if not line.startswith("[ROUTER]")]
    assert found == [*NOVA, "litellm.aembedding(model=nova-embeddings-v1-retrieval) 200 OK"]


@pytest.mark.parametrize(
    ("hints", "tags"),
    [
        (Hints(task="code"), ()),
        (Hints(("code",), task="code"), ("code",)),
        (Hints(("code",)), ("code",)),
        (Hints(task_class="code"), ("code",)),
    ],
)
def test_a_task_that_became_no_tag_is_not_said_to_have(made, hints, tags):
    """Tasks that are classes of work, and tags that the caller sent as such."""
    lines = told(made(None, decision={"tags": tags}, finished={"hints": hints}))
    assert not any("Nova" in line for line in lines)


@pytest.mark.parametrize(
    ("endpoint", "status", "line"),
    [
        ("chat", 200, "litellm.acompletion(model=m) 200 OK"),
        ("completions", 502, "litellm.atext_completion(model=m) 502 Bad Gateway"),
        ("embeddings", 429, "litellm.aembedding(model=m) 429 Too Many Requests"),
        ("chat", 499, "litellm.acompletion(model=m) 499"),
    ],
)
def test_the_call_is_told_with_its_status(made, endpoint, status, line):
    """By LiteLLM's name of it."""
    assert told(made(None, status=status, finished={"endpoint": endpoint}))[-1] == line


@pytest.mark.parametrize("name", NASTY)
def test_a_name_with_line_breaks_forges_no_step(made, name):
    """As many lines as for a plain name, each of them begun by us and printable, whichever word is the caller's."""
    nasty = made(
        None,
        model=name,
        decision={"tags": (name, name), "task": name},
        finished={"hints": Hints((name,), name, name, name, name, name)},
    )
    plain = made(None, decision={"tags": ("a", "b")}, finished={"hints": Hints(("a",), "b")})
    assert len(told(nasty)) == len(told(plain))
    begun = ("[ROUTER] ", "NovaTaskRoutingHook: ", "Updated metadata tags: ", "litellm.acompletion(")
    assert all(line.startswith(begun) and line.isprintable() for line in told(nasty))


@pytest.mark.parametrize("name", NASTY)
def test_a_request_that_nobody_took_is_told_too(made, name):
    """In one line, with the error."""
    assert told(made(status=503)) == ["[ROUTER] Model: m -> no provider: no deployment delivered"]
    (line,) = told(made(status=503, model=name))
    assert line.isprintable()
