"""What the gateway tells about itself: models, health, statistics, dry runs, records. And what it never tells."""

from __future__ import annotations

import io

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pointsman.config.settings import RestSettings, RouterSettings, ServerSettings, Strategies
from pointsman.fakes import settings
from pointsman.model.deployment import Deployment
from pointsman.model.secret import Secret
from pointsman.routing.explain import as_text
from pointsman.telemetry import log
from pointsman.telemetry.log import DecisionLog, FailureLog
from pointsman.testing import MockProvider
from support.fleet import member, over, place
from support.serving import Reply, Serving, gateway, post, send

MASTER, UPSTREAM = "sk-master-canary-0123456789", "sk-upstream-canary-0123456789"


def chat(model: object = "m", **more: object) -> bytes:
    return msgspec.json.encode({"model": model, "messages": [{"role": "user", "content": "hi"}], **more})


async def get(it: Serving, path: str, *headers: str) -> Reply:
    lines = [f"GET {path} HTTP/1.1", "host: localhost", *headers, "", ""]
    return (await send(it.port, "\r\n".join(lines).encode()))[0]


async def ask(it: Serving, path: str, body: bytes, *headers: str) -> Reply:
    return (await send(it.port, post(path, body, *headers)))[0]


async def test_the_dry_run_the_record_and_the_headers_tell_the_same_steps():
    """One explanation, whoever asks for it."""
    async with MockProvider("openai", name="one") as one, gateway(over(one)) as it:
        dry = (await ask(it, "/v1/route", chat())).json()
        reply = await ask(it, "/v1/chat/completions", chat())
        record = (await get(it, f"/v1/decisions/{reply.headers['x-pointsman-request-id']}")).json()
    assert dry["steps"] == record["decision"]["steps"]
    assert dry["plan"] == record["decision"]["plan"]
    assert reply.headers["x-pointsman-deployment"] == dry["deployment"] == record["decision"]["deployment"]
    assert reply.headers["x-pointsman-route"] == dry["route"]
    assert record["outcome"]["ok"] is True


async def test_a_dry_run_sends_nothing_and_counts_nothing():
    """Not upstream, not in the statistics."""
    async with MockProvider("openai", name="one") as one, gateway(over(one)) as it:
        for _ in range(5):
            await ask(it, "/v1/route?verbose=1", chat())
        stats = (await get(it, "/stats")).json()
        assert one.ledger.total == 0
    assert stats["total_requests"] == 0


async def test_a_verbose_dry_run_says_of_every_deployment_why_it_is_in_or_out():
    """Kept, chosen, or excluded by which stage and why."""
    async with (
        MockProvider("openai", name="one", faults=["status=500"]) as one,
        MockProvider("vllm", name="two") as two,
    ):
        router = RouterSettings(allowed_fails=0, cooldown_time=60)
        made = settings(
            member(one), member(two), member(two, "other"), router=router, strategies=Strategies("round_robin")
        )
        async with gateway(made) as it:
            for _ in range(2):
                await ask(it, "/v1/chat/completions", chat())
            rows = {
                row["deployment"]: row for row in (await ask(it, "/v1/route?verbose=1", chat())).json()["candidates"]
            }
    assert rows["m@two"]["chosen"]
    assert (rows["m@one"]["excluded_by"], rows["other@two"]["excluded_by"]) == ("health", "exact")
    assert "cooling down" in rows["m@one"]["reason"]


@pytest.mark.parametrize("query", ["", "?verbose=1"])
async def test_a_dry_run_that_ends_without_a_candidate_says_why_beside_the_error(query):
    """The steps are those that the message has, to the tenth of a second; verbose, each deployment has its reason."""
    async with (
        MockProvider("openai", name="one", faults=["status=403"]) as one,
        MockProvider("vllm", name="two") as two,
    ):
        full, stranger = member(two, "other", max_parallel_requests=0), member(two, "stranger")
        router = RouterSettings(num_retries=0, cooldown_time=60)
        made = settings(member(one), full, stranger, router=router, fallbacks={"m": ("other",)})
        async with gateway(made) as it:
            asked = await ask(it, "/v1/chat/completions", chat())
            reply = await ask(it, f"/v1/route{query}", chat())
    assert (asked.status, reply.status, reply.error["code"]) == (502, 503, "no_candidate")
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    told = reply.json()
    assert [step["stage"] for step in told["steps"]] == [
        "exact",
        "limits",
        "health",
        "fallback",
        "need",
        "need",
    ]
    narrowed = [step for step in told["steps"] if step["after"] < step["before"]]
    assert reply.error["message"].endswith("; ".join(f"[{step['stage']}] {step['reason']}" for step in narrowed))
    if not query:
        assert set(told) == {"error", "steps", "hints"}
        return
    out = {row["deployment"]: (row["excluded_by"], row["reason"]) for row in told["candidates"]}
    assert not any(row["kept"] or row["chosen"] for row in told["candidates"])
    assert out["m@one"][0] == "health"
    assert out["m@one"][1] in narrowed[1]["reason"]
    assert out["other@two"] == ("fallback", "0 parallel requests reached")
    assert out["stranger@two"] == ("exact", "does not serve the name asked for")


async def test_the_record_of_a_request_that_nobody_knows():
    """404 in our shape."""
    async with gateway(settings(Deployment("d", "m", place_of_nobody(), "m"))) as it:
        reply = await get(it, "/v1/decisions/nothing")
    assert (reply.status, reply.error["code"]) == (404, "decision_not_found")


def place_of_nobody():
    from pointsman.fakes import provider

    return provider()


async def test_stats_sum_up():
    """``routes`` adds up to ``total_requests``; names that callers make up do not become keys."""
    async with MockProvider("openai", name="one", models=["*"]) as one:
        opened = Deployment("one", "*", place(one), None)
        made = settings(member(one, model="x"), opened, default_provider="one")
        async with gateway(made) as it:
            for model in ("m", "m", "whatever", "<script>"):
                await ask(it, "/v1/chat/completions", chat(model))
            stats = (await get(it, "/stats")).json()
    assert stats["total_requests"] == sum(stats["routes"].values()) == 4
    assert stats["routes"] == {"m": 2, "other": 2}


async def test_a_request_larger_than_every_tpm_is_refused_for_good():
    """A 413 that says the estimate and the limit, without a time to come back; nobody is asked."""
    async with MockProvider("openai", name="one") as one, gateway(settings(member(one, tpm=50))) as it:
        small = await ask(it, "/v1/chat/completions", chat())
        large = await ask(it, "/v1/chat/completions", chat(user="x" * 1000))
        assert one.ledger.total == 1
    assert (small.status, large.status, large.error["code"]) == (200, 413, "too_many_tokens")
    assert "tokens" in large.error["message"]
    assert "50 a minute" in large.error["message"]
    assert "retry-after" not in large.headers


async def test_metrics_parse_and_label_values_come_from_the_configuration():
    """Prometheus can read them, and a thousand odd names make no new series."""
    async with MockProvider("openai", name="one", models=["*"]) as one:
        made = settings(member(one), Deployment("one", "*", place(one), None), default_provider="one")
        async with gateway(made) as it:
            for number in range(50):
                await ask(it, "/v1/chat/completions", chat(f"odd-{number}"))
            await ask(it, "/v1/chat/completions", b"{")
            text = (await get(it, "/metrics")).body.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    requests = {s.labels["deployment"]: s.value for s in families["pointsman_requests"].samples}
    assert requests == {"one": 50.0}
    assert "odd-" not in text
    refused = {s.labels["code"]: s.value for s in families["pointsman_refused"].samples}
    assert refused == {"invalid_body": 1.0}
    assert sum(s.value for s in families["pointsman_in_flight"].samples) == 0


async def test_health_says_who_would_be_asked():
    """Deployments with the reason why one rests; readiness fails when nobody is left."""
    async with MockProvider("openai", name="one", faults=["status=403"]) as one:
        made = over(one, router=RouterSettings(num_retries=0, cooldown_time=60))
        async with gateway(made) as it:
            before = await get(it, "/health/readiness")
            await ask(it, "/v1/chat/completions", chat())
            health, after = (await get(it, "/health")).json(), await get(it, "/health/readiness")
            alive = await get(it, "/health/liveliness")
    assert (before.status, after.status, alive.status) == (200, 503, 200)
    assert (health["status"], health["unhealthy_count"]) == ("unhealthy", 1)
    assert "forbidden" in health["deployments"][0]["reason"]


async def test_health_says_who_is_degraded_and_who_is_warm():
    """Half the share for errors, and a model that is known to be loaded; null where nobody knows."""
    async with MockProvider("openai", name="one") as one, MockProvider("openai", name="two") as two:
        made = over(one, two, router=RouterSettings(num_retries=1), rest=RestSettings(error_threshold=1))
        async with gateway(made) as it:
            before = (await get(it, "/health")).json()["deployments"]
            one.faults.set("status=500")
            while not one.ledger.find(lambda entry: entry.status == 500):
                await ask(it, "/v1/chat/completions", chat())
            after = (await get(it, "/health")).json()["deployments"]
    assert [(row["degraded"], row["warm"]) for row in before] == [(False, None), (False, None)]
    assert [(row["degraded"], row["share"]) for row in after] == [(True, 0.5), (False, 1.0)]
    assert after[1]["warm"] is True


async def test_no_key_is_told_anywhere():
    """Not in a response, an error, a record, the metrics, the health page or the log."""
    out = io.StringIO()
    log.configure("debug", out)
    said: list[bytes] = []
    key = f"authorization: Bearer {MASTER}"
    async with MockProvider("openai", name="one", api_key=UPSTREAM, faults=["status=500:times=2"]) as one:
        at = place(one, api_key=Secret(UPSTREAM))
        made = settings(
            Deployment("m@one", "m", at, one.models[0]),
            Deployment("bad@one", "bad", place(one, api_key=Secret("sk-wrong-canary")), one.models[0]),
            server=ServerSettings(master_key=Secret(MASTER)),
        )
        async with gateway(made) as it:
            it.runtime.listeners += [FailureLog(), DecisionLog(out)]
            for model in ("m", "bad", "nobody", 1):
                reply = await ask(it, "/v1/chat/completions", chat(model), key)
                said += [reply.body, repr(reply.headers).encode()]
                said.append((await ask(it, "/v1/route?verbose=1", chat(model), key)).body)
                record = reply.headers.get("x-pointsman-request-id", "x")
                said.append((await get(it, f"/v1/decisions/{record}", key)).body)
            for path in ("/metrics", "/stats", "/health", "/v1/models"):
                said.append((await get(it, path, key)).body)
            said.append((await ask(it, "/v1/chat/completions", chat(), f"authorization: Bearer {MASTER}x")).body)
            said += [repr(it.runtime.topology).encode(), repr(made).encode(), out.getvalue().encode()]
            assert any(entry.key_matched for entry in one.ledger.entries)
    log.configure("info")
    told = b"\n".join(said)
    assert b"canary" not in told
    assert f":{one.port}".encode() not in b"\n".join(said[:-3])  # an id may hold the digits alone


async def test_the_debug_log_prints_the_same_steps():
    """What the log says of a decision is what ``explain`` prints."""
    out = io.StringIO()
    async with MockProvider("openai", name="one") as one, gateway(over(one)) as it:
        it.runtime.listeners.append(DecisionLog(out))
        await ask(it, "/v1/chat/completions", chat())
        from pointsman.fakes import request

        explained = as_text(it.runtime.decide(request("m"))).splitlines()
    lines = out.getvalue().splitlines()
    assert lines[0] == "[ROUTER] Model: m -> Provider: one (exact match)"
    assert [line.removeprefix("[ROUTER]   ") for line in lines[1:-1]] == explained[1:]
    assert lines[-1] == f"litellm.acompletion(model={one.models[0]}) 200 OK"
