"""docs/concepts/http.md has the paths, headers, errors, limits and metrics that there are, no more and no less."""

from __future__ import annotations

import re

import pytest

from docs.pages import code, page, section, table
from pointsman import errors
from pointsman.config.check import SHORTEST_KEY
from pointsman.config.settings import ServerSettings
from pointsman.fakes import deployment, request, settings
from pointsman.gateway import body, envelope, hints, turns, wishes
from pointsman.gateway.app import build_app
from pointsman.gateway.doors import HOT
from pointsman.gateway.gateway import Gateway
from pointsman.gateway.headers import cost_head, decision_head, dropped_head
from pointsman.model.decision import Leg
from pointsman.model.outcome import Attempt, Estimate, Outcome
from pointsman.model.secret import Secret
from pointsman.routing.pipeline import RESOLVERS
from pointsman.runtime import Runtime
from pointsman.telemetry.records import MOST
from pointsman.wire import lane, pool, sweeper, upstream
from support.serving import gateway, post, send

PAGE = page("docs/concepts/http.md")
ROWS = [(*code(row[0])[0].split(), row[2]) for row in table(section(PAGE, "## Paths"))]
BODY = b'{"model": "m", "messages": [], "prompt": "", "input": ""}'

LIMITS = {
    "request head": [lane.MAX_HEAD],
    "request body": [ServerSettings().max_request_bytes],
    "time for a head": [lane.HEAD_TIME],
    "time for a body": [lane.BODY_GRACE, 1, lane.BODY_RATE],
    "between requests of a connection": [lane.IDLE_TIME],
    "a caller that does not take its answer": [lane.STALLED],
    "after a refusal, to let the caller read it": [lane.LINGER],
    "a connection without a request, once the gateway ends": [lane.LAST_CALL],
    "connecting to an upstream": [pool.CONNECT_TIMEOUT],
    "connections to a provider": [pool.MOST],
    "an idle connection to an upstream": [pool.IDLE_PLAIN, pool.IDLE_TLS],
    "an upstream's reply": [upstream.MAX_REPLY],
    "an upstream's stream before its first content": [upstream.MAX_HELD],
}


def test_the_paths_are_those_of_the_gateway():
    """Method by method; a parameter goes by its name."""
    app = build_app(Gateway(Runtime(settings(deployment("a")))))
    served = {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in app.routes
        if route.path not in HOT
        for method in route.methods - {"HEAD"}
    }
    assert {(method, path) for method, path, _ in ROWS} == served | {("POST", path) for path in HOT}
    assert len({(method, path) for method, path, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize("guarded", [False, True], ids=["open metrics", "guarded metrics"])
async def test_a_path_asks_for_the_key_if_the_page_says_so(guarded):
    """Without the key 401 where the page says yes, anything else where it says no."""
    server = ServerSettings(master_key=Secret("sk-a-long-and-random-one"), require_auth_for_metrics=guarded)
    refused = {}
    async with gateway(settings(deployment("a"), server=server)) as it:
        for method, path, _ in ROWS:
            asked = re.sub(r"{\w+}", "m", path)
            raw = post(asked, BODY) if method == "POST" else f"{method} {asked} HTTP/1.1\r\nhost: x\r\n\r\n".encode()
            refused[path] = (await send(it.port, raw))[0].status == 401
    words = {"yes": True, "no": False, "if `require_auth_for_metrics_endpoint`": guarded}
    assert refused == {path: words[key] for _, path, key in ROWS}
    assert f"short key (under {SHORTEST_KEY} characters)" in PAGE


def test_the_response_headers_are_those_that_are_sent():
    """Pointsman's own, then LiteLLM's, then what was left out and what it cost, in the order in which they are sent."""
    at = deployment("a")
    decision = Runtime(settings(at)).decide(request("m"))
    head = decision_head("id", decision, Leg(at, "m", 0, "m"), (), litellm=True)
    charged = Outcome(None, 200, (Attempt("a", "m", None, 0.1, cost=1e-06),), Estimate())
    head += dropped_head(("seed",)) + cost_head(charged, litellm=True)
    sent = [line.partition(":")[0] for line in head.decode().splitlines()]
    assert [code(row[0])[0] for row in table(section(PAGE, "## Responses"))] == sent


def test_the_routes_are_the_stages_that_can_settle_a_request():
    """All but those that leave nobody out or change only the name, and the slot."""
    rows = {code(row[0])[0]: code(row[1]) for row in table(section(PAGE, "## Responses"))}
    stages = [stage for stage, _ in RESOLVERS if stage not in ("hints", "alias", "cost-quality")]
    assert rows["x-pointsman-route"] == stages


ELSEWHERE = (
    errors.UpstreamFailed,
    errors.Misuse,
    errors.StoreFailed,
    errors.StillWorking,
    errors.NoModels,
    errors.DeadlineMissed,
    errors.DetectorFailed,
)
"""Errors of upstreams, and of the library, which no HTTP request meets."""


def test_the_errors_are_those_that_callers_can_meet():
    """Every class's status, code and type; those of upstreams are on the page about failures."""
    met = {
        (kind.status, kind.code, kind.type)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.PointsmanError) and not issubclass(kind, ELSEWHERE)
    }
    rows = [(int(row[0]), code(row[1])[0], code(row[2])[0]) for row in table(section(PAGE, "## Errors"))]
    assert sorted(rows) == sorted(met)
    assert f"`type` is `{errors.UpstreamFailed.type}`" in PAGE


def test_the_limits_are_those_of_the_code():
    """Each figure of the table is the constant that is acted on."""
    rows = {
        row[0]: [float(n) for n in re.findall(r"\d+", row[1])]
        for row in table(section(PAGE, "## Limits and deadlines"))
    }
    assert rows == LIMITS
    assert f"Deadlines are looked at every {sweeper.TICK:g} s" in PAGE


def test_what_a_body_may_hold_is_what_is_checked():
    """The hints, the fields whose types are looked at, and the bounds."""
    asked = section(PAGE, "## Requests")
    assert {name for row in table(asked) for name in code(row[0])} == {"model", *body.LOOKED_INTO}
    assert {name.lower().encode() for row in table(asked, 1) for name in code(row[0])} == body.HEADERS
    assert f"at most {hints.LONGEST} printable characters each" in asked
    assert f"at most {hints.MOST_TAGS} tags a request" in asked
    checked = asked.partition("a wrong type of")[2].partition(";")[0]
    assert set(code(checked)) == set(envelope.Envelope.__struct_fields__)
    assert set(envelope.LISTED.values()) == set(code(asked.partition("; no ")[2].partition(";")[0]))
    assert f"at most {envelope.LONGEST_NAME} characters" in asked
    assert f"at most {turns.MOST}, in {turns.LARGEST // 1024} KiB" in asked
    assert f"0 to {wishes.MOST_RETRIES}, instead" in asked
    fixed = asked.partition("A fallback can't have ")[2].partition(" of its own")[0]
    assert set(code(fixed)) == wishes.UNCHANGEABLE
    assert f"more than {body.MOST_KEYS:,} fields in a body of {body.LARGE // 1024} KiB or more" in asked
    assert f"one of the last {MOST:,} requests" in PAGE


def test_the_metrics_are_those_that_are_rendered():
    """Names as Prometheus reads them, with their labels."""
    rendered = {
        family.name + ("_total" if family.type == "counter" else ""): sorted(family._labelnames)
        for family in Runtime(settings(deployment("a"))).metrics.collect()
    }
    rows = table(section(PAGE, "## Metrics"))
    assert {code(row[0])[0]: sorted(filter(None, row[1].split(", "))) for row in rows} == rendered
