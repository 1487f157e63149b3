"""docs/concepts/configuration.md has every key that is acted on, and every one that is not; its examples load."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import pytest

from docs.pages import PAGES, blocks, code, page, section, table
from pointsman.config import facts, failures, schema, shapes
from pointsman.config.classes import CLASSES
from pointsman.config.conditions import MAX_DEPTH as MAX_NESTED
from pointsman.config.discover import OLLAMA_PORT, OPENAI_PORTS
from pointsman.config.grammar import MAX_LENGTH
from pointsman.config.litellm import ROUTER, SERVER
from pointsman.config.load import load
from pointsman.config.patterns import MAX_PATTERN
from pointsman.config.sections import content
from pointsman.config.sections.balancing import FACTORS, MEASURES
from pointsman.config.sections.rest import METRICS
from pointsman.config.settings import EncoderSettings, RouterSettings, ServerSettings, Strategies
from pointsman.config.yaml_marks import MAX_ALIASED, MAX_BYTES, MAX_DEPTH, MAX_NODES
from pointsman.flow.ask import LONGEST_SILENCE
from pointsman.model.rest import HealthCheck

PAGE = page("docs/concepts/configuration.md")

SECTIONS = {
    "Sections": schema.Document,
    "model_list": schema.ModelEntry,
    "litellm_params": schema.LitellmParams,
    "model_info": schema.ModelInfo,
    "providers": schema.ProviderSection,
    "Several keys": schema.KeySection,
    "exact_matches": schema.ExactSection,
    "patterns": schema.PatternSection,
    "request_metadata_routing": shapes.MetadataSection,
    "capabilities": shapes.CapabilitySection,
    "model_size_routing": shapes.SizeSection,
    "redundant_models": shapes.RedundantSection,
    "redundant_models: providers": shapes.ShareSection,
    "strategies": shapes.StrategySection,
    "fallback_chains": shapes.ChainSection,
    "fallback_chains: chain": shapes.MemberSection,
    "first_request_routing": shapes.FirstRequestSection,
    "rate_limited_fallback": shapes.RateLimitedSection,
    "error_based_routing": shapes.ErrorBasedSection,
    "tasks": content.TaskSection,
    "semantic_router": content.SemanticSection,
    "semantic_router: encoder": content.EncoderSection,
    "semantic_router: categories": content.CategorySection,
    "router_settings": schema.RouterSection,
    "breaker": shapes.BreakerSection,
    "health_check": shapes.HealthCheckSection,
    "router_settings: retry_budget": schema.RetryBudgetSection,
    "routing_strategy_args": shapes.StrategyArgsSection,
    "litellm_settings": schema.LitellmSection,
    "general_settings": schema.GeneralSection,
}
LATER = {name: model for name, model in SECTIONS.items() if model.LATER}
YAML = [(path.name, block) for path in PAGES for block in blocks(path.read_text(), "yaml")]


def type_of(said: dict) -> str:
    """A property of the JSON Schema in the page's words."""
    one, *more = [option for option in said.get("anyOf", [said]) if option.get("type") != "null"]
    words = [option["const"] for option in more if "const" in option]
    if words:
        return f"{type_of(one)}, or " + " or ".join(f"`{word}`" for word in words)
    above = " above 0" if one.get("exclusiveMinimum") == 0 else ""
    if "$ref" in one or one.get("properties"):
        return "section"
    if one.get("format") == "password":
        return "secret"
    if isinstance(one["type"], list):
        return {"string": "size", "boolean": "seconds or true"}[one["type"][1]]
    if one["type"] == "number":
        return ("seconds" if one["maximum"] == 86_400 * 365 else "number") + above
    words = {"integer": "whole number" + above, "string": "text", "boolean": "true or false", "array": "list"}
    return words.get(one["type"], "mapping")


@pytest.mark.parametrize("name", SECTIONS)
def test_the_keys_of_a_section_are_those_of_the_schema(name):
    """Each key that is acted on, in the schema's order, with its type, and required where it is."""
    model = SECTIONS[name]
    said = model.model_json_schema()
    acted = [key for key in model.model_fields if key not in model.LATER]
    rows = table(section(PAGE, f"### {name}"))
    assert [code(row[0])[0] for row in rows] == acted
    assert [row[1] for row in rows] == [type_of(said["properties"][key]) for key in acted]
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    assert [code(row[0])[0] for row in rows if row[2] == "required"] == required


def test_other_spellings_stand_with_the_key_they_mean():
    """Wherever a section takes a second spelling the row of the first says so."""
    for name, model in SECTIONS.items():
        rows = {code(row[0])[0]: row[3].partition("also written ")[2] for row in table(section(PAGE, f"### {name}"))}
        assert all(spelling in code(rows[key]) for spelling, key in model.SPELLINGS.items())


def test_the_defaults_are_those_that_are_used():
    """Of what says how to choose, and of the gateway's own settings."""
    router, server = RouterSettings(), ServerSettings()
    rows = {code(row[0])[0]: row[2] for row in table(section(PAGE, "### router_settings"))}
    for field, places in ROUTER.items():
        key = next(key for where, key in places if where == "router_settings")
        value = getattr(router, field)
        others = {
            "allowed_fails": "none",
            "stream_timeout": "the timeout",
            "first_token_timeout": "by `stream_timeout`",
            "idle_timeout": f"by `stream_timeout`, else `{LONGEST_SILENCE:g}`",
            "stream_keepalive": "none",
        }
        assert rows[key] == others.get(key, f"`{value:g}`" if value is not None else "")
    budget = {code(row[0])[0]: row[2] for row in table(section(PAGE, "### router_settings: retry_budget"))}
    assert budget == {"percent": f"`{router.retries.share * 100:g}`", "min": f"`{router.retries.least}`"}
    breaker = {code(row[0])[0]: row[2] for row in table(section(PAGE, "### breaker"))}
    figures = msgspec.structs.asdict(router.breaker)
    assert breaker.pop("adaptive") == f"`{str(figures.pop('adaptive')).lower()}`"
    assert breaker == {name: f"`{value:g}`" for name, value in figures.items()}
    check = {code(row[0])[0]: row[2] for row in table(section(PAGE, "### health_check"))}
    assert (check["interval"], check["timeout"]) == (f"`{HealthCheck().every:g}`", f"`{HealthCheck().timeout:g}`")
    assert rows["disable_cooldowns"] == f"`{str(router.disable_cooldowns).lower()}`"
    assert rows["retry_possibly_billed"] == f"`{str(router.retries.sent).lower()}`"
    assert rows["routing_strategy"] == f"`{Strategies().default}`"
    assert rows["debug_router"] == f"`{str(router.debug_router).lower()}`"
    rows = {code(row[0])[0]: row[2] for row in table(section(PAGE, "### general_settings"))}
    rows |= {code(row[0])[0]: row[2] for row in table(section(PAGE, "### semantic_router: encoder"))}
    assert rows["timeout"] == f"`{EncoderSettings().timeout:g}`"
    assert rows["max_characters"] == f"`{EncoderSettings().most}`"
    assert rows["max_request_size_mb"] == f"`{server.max_request_bytes / 2**20:g}`"
    assert (rows["drain_timeout"], rows["drain_delay"]) == (f"`{server.drain_timeout:g}`", f"`{server.drain_delay:g}`")
    assert rows[SERVER["require_auth_for_metrics"]] == f"`{str(server.require_auth_for_metrics).lower()}`"


@pytest.mark.parametrize("name", LATER)
def test_the_keys_that_wait_are_all_listed(name):
    """Known and not acted on: the same set as in the code."""
    (listed,) = blocks(section(PAGE, f"### {name}: not acted on"), "text")
    assert listed.split() == sorted(LATER[name].LATER)


def test_the_facts_are_those_there_are():
    """What conditions may ask about: every fact with its kind, and how long and deep a condition may be."""
    words = {
        "flag": "true or false",
        "text": "text",
        "texts": "texts",
        "number": "number",
        "size": "size",
        "seconds": "time",
    }
    told = section(PAGE, "## Conditions")
    rows = {name: row[1] for row in table(told) for name in code(row[0])}
    named = {name: words[kind] for name, kind in facts.PLAIN.items()}
    assert rows == named | {
        "header.NAME": "text",
        "PROVIDER_unavailable": "true or false",
        "PROVIDER_available": "true or false",
    }
    assert f"at most {MAX_LENGTH:,} characters and {MAX_NESTED} levels" in told


def test_the_classes_of_failures_are_those_there_are():
    """LiteLLM's names with our kinds, and what the default is not for."""
    *rows, (default, rest) = table(section(PAGE, "### router_settings: retry_policy"))
    assert {code(row[0])[0]: tuple(code(row[1])) for row in rows} == {
        f"{name}Retries": tuple(kind.value for kind in kinds) for name, kinds in failures.CLASSES.items()
    }
    assert code(default) == [f"{failures.REST}Retries"]
    assert set(code(rest)) == {word for word, kind in failures.KINDS.items() if kind not in failures.AGAIN}


def test_the_metrics_and_measures_are_those_there_are():
    """Words that the configuration knows."""
    assert tuple(code(section(PAGE, "### routing_metrics"))) == ("routing_metrics", *METRICS)
    rows = {code(row[0])[0]: row[3] for row in table(section(PAGE, "### strategies"))}
    assert tuple(code(rows["measure"])) == MEASURES
    assert tuple(code(rows["weight_factors"])[:3]) == FACTORS


def test_the_well_known_tasks_are_those_there_are():
    """Told by name, in the order of the table."""
    known = section(PAGE, "### tasks").partition("are known without")[0]
    assert code(known) == list(CLASSES)


def test_the_bounds_are_those_of_the_code():
    """Of files, patterns, and where servers are looked for."""
    where = section(PAGE, "## Where it comes from")
    assert (
        f"{MAX_BYTES // 2**20} MiB and {MAX_NODES:,} values a file, {MAX_DEPTH} levels, {MAX_ALIASED:,} values" in where
    )
    assert (
        f"Ollama on {OLLAMA_PORT}, and what lists models on {OPENAI_PORTS[0]}, {OPENAI_PORTS[1]} and {OPENAI_PORTS[2]}"
        in where
    )
    assert f"at most {MAX_PATTERN:,} characters" in section(PAGE, "### patterns")


@pytest.mark.parametrize(("where", "block"), YAML, ids=[f"{where}:{block[:30]}" for where, block in YAML])
def test_every_yaml_block_in_the_docs_loads(where, block, tmp_path):
    """But for the one that docs/cli.md shows the findings of: those are exactly these. Files of keys are there."""
    for name in re.findall(r"file: ([\w.-]+\.key)\b", block):
        tmp_path.joinpath(name).write_text("sk-of-a-file\n")
    file = tmp_path / "mistyped.yaml"
    file.write_text(block)
    loaded = load([file], environ={}, standalone=True)
    if "num_retires" not in block:
        assert loaded.settings is not None, loaded.findings
        return
    checked = [sys.executable, "-m", "pointsman", "check", file.name]
    printed = subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=False)
    (shown,) = [text for text in blocks(page("docs/cli.md"), "console") if text.startswith("$ pointsman check")]
    assert printed.stdout == shown.partition("\n")[2]
    assert printed.returncode == 1


def test_the_editors_schema_is_printed_as_shown():
    """The command gives a JSON Schema with every section in it."""
    (command,) = blocks(section(PAGE, "## Where it comes from"), "sh")
    code_of_it = command.partition('"')[2].rpartition('"')[0]
    printed = subprocess.run([sys.executable, "-c", code_of_it], capture_output=True, check=True).stdout
    assert set(schema.Document.model_fields) <= set(msgspec.json.decode(printed)["properties"])
