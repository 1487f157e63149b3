"""Blocks without the name of their section are told apart by their shape, file by file."""

from __future__ import annotations

import pytest

from pointsman.config.load import load, load_mapping

CAPABILITY = "code:\n  preferred_models: [m]\n  provider: ollama\n"
CHAIN = "code:\n  chain:\n    - primary: ollama\n"
STRATEGY = "round_robin:\n  applicable_to: [code]\n"
NOTE = "stands without its section and is read as one of `{}`"


def loaded(tmp_path, *texts):
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.yaml")
        files[-1].write_text(text)
    return load(files, environ={}, standalone=True)


@pytest.mark.parametrize(
    ("text", "section"),
    [
        (CAPABILITY, "capabilities"),
        ("a:\n  providers: [ollama]\n", "capabilities"),
        ("a:\n  provider: ollama\n", "capabilities"),
        ("a:\n  min_context: 8192\n", "capabilities"),
        (CHAIN, "fallback_chains"),
        ("high:\n  chain: []\n  retry_attempts: 3\n", "fallback_chains"),
        (STRATEGY, "strategies"),
        ("usage_based:\n  weight_factors: {latency: 1}\n", "strategies"),
        ("fastest_response:\n  measure: latency\n", "strategies"),
    ],
)
def test_a_block_is_what_its_keys_say(tmp_path, text, section):
    """And the note says so, at the block's own line."""
    found = loaded(tmp_path, "# a comment\n" + text)
    (note,) = [f for f in found.findings if "stands without" in f.message]

    assert (note.severity, note.message, note.line, note.column) == ("info", NOTE.format(section), 2, 1)
    assert note.key.startswith(f"{section}.")
    assert found.settings is not None


def test_one_name_may_be_a_capability_and_a_chain(tmp_path):
    """In different files."""
    settings = loaded(tmp_path, CAPABILITY, CHAIN, STRATEGY).settings

    assert list(settings.capabilities) == list(settings.chains) == ["code"]
    assert settings.strategies.groups == {"code": "round_robin"}


def test_bare_blocks_join_their_section(tmp_path):
    """Beside it in the same file or in another; what both say must be the same."""
    section = "capabilities:\n  chat:\n    provider: ollama\n"
    settings = loaded(tmp_path, section + CAPABILITY, "fast:\n  provider: vllm\n").settings
    other = loaded(tmp_path, CAPABILITY, "code:\n  provider: vllm\n")

    assert list(settings.capabilities) == ["chat", "code", "fast"]
    assert [str(f).split(": ", 1)[1] for f in other.findings if f.severity == "error"] == [
        f"error: capabilities.code.provider: has another value in {tmp_path / '0.yaml'}:3:3"
    ]


def test_findings_inside_of_a_bare_block_have_its_lines(tmp_path):
    """The place in the file, the path in the section."""
    found = loaded(tmp_path, "code:\n  provider: ollama\n  min_context: many\n")
    (error,) = [f for f in found.findings if f.severity == "error"]

    assert (error.key, error.line, error.column) == ("capabilities.code.min_context", 3, 3)


@pytest.mark.parametrize("text", ["code:\n  shape: none\n", "code: 5\n", "capabilites:\n  a: {provider: p}\n"])
def test_a_block_without_a_known_shape_is_an_unknown_key(tmp_path, text):
    """As ever."""
    assert [f.message.split(" `")[0] for f in loaded(tmp_path, text).findings] == ["unknown key"]


def test_keys_of_the_users_own_stay_theirs(tmp_path):
    """Whatever they look like."""
    found = loaded(tmp_path, "x-code:\n  provider: ollama\n")

    assert (found.findings, found.settings.capabilities) == ((), {})


def test_a_mapping_from_a_program_has_sections():
    """There a block is put where it belongs by whoever writes it; the finding says where."""
    found = load_mapping({"code": {"provider": "ollama"}}, environ={})

    assert next((f.message, f.suggestion) for f in found.findings if f.severity == "error") == (
        "unknown key `code`",
        "it belongs in `capabilities`",
    )
