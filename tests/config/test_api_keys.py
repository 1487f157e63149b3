"""Several keys: from where they come, in which order, what is said of those that are no use; none is ever told."""

from __future__ import annotations

import pytest

from pointsman.config.files import Files
from pointsman.config.load import load, load_mapping

ENVIRON = {"ONE": "sk-one", "TWO": "sk-two", "COMMAS": "sk-a,sk-b"}


def read(section: dict, environ=ENVIRON):
    """The keys of a provider by name, and what is said of them."""
    loaded = load_mapping({"providers": {"groq": {"models": ["m"], **section}}}, environ=environ)
    found = None
    if loaded.settings is not None:
        at = loaded.settings.providers["groq"]
        keys = {key.name: key.secret.reveal() for key in at.keys}
        assert at.secrets == tuple(key.secret for key in at.keys) or not at.keys
        found = keys or [secret.reveal() for secret in at.secrets]
    return found, [f"{f.severity} {f.key.removeprefix('providers.groq.')}: {f.message}" for f in loaded.findings]


def test_they_are_used_in_the_order_in_which_they_are_written():
    """A literal, a variable of the environment in both spellings, and with a name of its own."""
    keys = ["sk-zero", "os.environ/ONE", "${TWO}", {"key": "${ONE}-b", "name": "team-b"}]
    assert read({"api_keys": keys}) == ({"1": "sk-zero", "2": "sk-one", "3": "sk-two", "team-b": "sk-one-b"}, [])


def test_api_key_comes_first():
    """Both may stand together; one that is there twice counts once."""
    found, findings = read({"api_key": "os.environ/TWO", "api_keys": ["os.environ/ONE", "sk-two"]})
    assert found == {"1": "sk-two", "2": "sk-one"}
    assert findings == ["warning api_keys[1]: is the same key as `1`: it is left out"]


def test_one_is_a_key_as_ever():
    """It needs no name and no turn."""
    assert read({"api_keys": ["sk-only"]}) == (["sk-only"], [])


def test_a_variable_is_one_key():
    """LiteLLM doesn't split it either; a comma may stand in a key."""
    assert read({"api_keys": ["os.environ/COMMAS"]}) == (["sk-a,sk-b"], [])


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (["os.environ/NOPE", "sk-x"], "api_keys[0]"),
        (["${NOPE}", "sk-x"], "api_keys[0]"),
        ([{"key": "os.environ/NOPE"}, "sk-x"], "api_keys[0].key"),
    ],
)
def test_one_whose_variable_is_not_set_is_left_out(keys, place):
    """The others are used, and it is told once."""
    told = "environment variable `NOPE` is not set or empty: this key is left out"
    assert read({"api_keys": keys}) == (["sk-x"], [f"warning {place}: {told}"])


def test_said_that_there_is_none_the_environment_is_not_asked():
    """As with ``api_key``: a key that nobody wrote is for who says nothing of keys."""
    environ = {"GROQ_API_KEY": "sk-public"}
    assert read({"api_keys": []}, environ) == ([], ["warning api_keys: names no key"])
    assert read({"api_keys": ["os.environ/NOPE"]}, environ)[0] == []
    assert read({}, environ) == (["sk-public"], [])


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "warning api_keys[0]: is empty: this key is left out"),
        ("  ", "warning api_keys[0]: is empty: this key is left out"),
        ("two words", "error api_keys[0]: has characters that can't be sent in a header"),
        (5, "error api_keys[0]: expected text or a mapping, got a number"),
        ({"key": 5}, "error api_keys[0].key: expected text, got a number"),
        (None, "error api_keys[0]: expected text or a mapping, got nothing"),
        ({}, "error api_keys[0]: expected `key` or `file`"),
        ({"name": "x"}, "error api_keys[0]: expected `key` or `file`"),
        ({"key": "sk-a", "file": "f"}, "error api_keys[0].file: stands beside `key`"),
        ({"key": "sk-a", "nmae": "f"}, "error api_keys[0].nmae: unknown key `nmae`"),
        ({"key": "sk-a", "name": "no names"}, "error api_keys[0].name: a key's name has letters, digits"),
        ({"key": "sk-a", "name": "my-sk-a"}, "error api_keys[0].key: its name tells what the key is"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(key, told):
    """Without its text."""
    _, findings = read({"api_keys": [key, "sk-other"]})
    assert len(findings) == 1
    assert findings[0].startswith(told)


def test_names_are_each_key_s_own():
    """What numbers others have is no name either."""
    twice = [{"key": "sk-a", "name": "x"}, {"key": "sk-b", "name": "x"}]
    assert read({"api_keys": twice})[1] == ["error api_keys[1].key: another key has the name `x`"]
    number = ["sk-a", {"key": "sk-b", "name": "1"}]
    assert read({"api_keys": number})[1] == ["error api_keys[1].key: another key has the name `1`"]


def written(folder, text: bytes | None):
    folder.joinpath("pointsman.yaml").write_text("providers:\n  groq:\n    api_key_file: groq.keys\n    models: [m]\n")
    if text is not None:
        folder.joinpath("groq.keys").write_bytes(text)
    loaded = load([folder / "pointsman.yaml"], environ={})
    at = loaded.settings.providers["groq"] if loaded.settings is not None else None
    return at and [secret.reveal() for secret in at.secrets], [str(finding) for finding in loaded.findings]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (b"sk-a", ["sk-a"]),
        (b"sk-a\n", ["sk-a"]),
        (b"sk-a\r\nsk-b\r\n", ["sk-a", "sk-b"]),
        (b"\xef\xbb\xbfsk-a\n\n# of team b\n  sk-b  \n\n", ["sk-a", "sk-b"]),
    ],
)
def test_a_file_has_a_key_a_line(tmp_path, text, keys):
    """One key and a line end is the usual secret of Docker and Kubernetes. It is found beside the configuration."""
    assert written(tmp_path, text) == (keys, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "can't be read: No such file or directory"),
        (b"", "has no key in it"),
        (b"# soon\n", "has no key in it"),
        (b"sk-a\nsk b\n", "line 2 of"),
        (b"\xff\xfe\x00", "line 1 of"),
        (b"x" * 70_000, "has more than 65536 bytes"),
    ],
)
def test_a_file_that_can_t_be_used_is_an_error_where_it_is_named(tmp_path, text, told):
    """So that a reload in the moment in which it is written changes nothing."""
    at, (finding,) = written(tmp_path, text)
    assert at is None
    assert finding.startswith(f"{tmp_path}/pointsman.yaml:3:5: error: providers.groq.api_key_file: ")
    assert told in finding
    assert "sk" not in finding


def test_a_folder_is_no_file(tmp_path):
    """Nor is a pipe, which could be waited for without an end."""
    tmp_path.joinpath("groq.keys").mkdir()
    assert "it is not a file" in written(tmp_path, None)[1][0]


def test_files_stand_in_the_list_too(tmp_path):
    """With a name, if it has one key; one that is there already counts once."""
    for name, text in (("a", "sk-a"), ("b", "sk-b\nsk-a\n"), ("c", "sk-c\nsk-d\n")):
        tmp_path.joinpath(name).write_text(text)
    listed = "[{file: a, name: team-a}, {file: b}, sk-z]"
    path = tmp_path / "pointsman.yaml"
    path.write_text(f"providers: {{groq: {{models: [m], api_keys: {listed}}}}}")
    loaded = load([path], environ={})
    assert [key.name for key in loaded.settings.providers["groq"].keys] == ["team-a", "2", "3"]
    assert [finding.message for finding in loaded.findings] == ["is the same key as `team-a`: it is left out"]
    path.write_text("providers: {groq: {models: [m], api_keys: [{file: c, name: team-c}]}}")
    (finding,) = load([path], environ={}).findings
    assert "has several keys, which can't all have the same name" in finding.message


def test_a_file_of_keys_is_watched_with_the_configuration(tmp_path):
    """Where a secret is exchanged nobody touches the configuration."""
    written(tmp_path, b"sk-a\n")
    files = Files([tmp_path / "pointsman.yaml"], {})
    files.read()
    assert [files.changed() for _ in range(2)] == [False, False]
    tmp_path.joinpath("groq.keys").write_text("sk-a\nsk-b\n")
    assert [files.changed() for _ in range(3)] == [False, True, True]
    assert len(files.read().settings.providers["groq"].keys) == 2
    assert [files.changed() for _ in range(2)] == [False, False]


def entry(environ=ENVIRON, **params):
    document = {
        "providers": {"groq": {"api_keys": ["sk-one", "sk-two"]}},
        "model_list": [{"model_name": "m", "litellm_params": {"model": "groq/x", **params}}],
    }
    return load_mapping(document, environ=environ)


def test_an_entry_of_model_list_has_them_too():
    """They say where it is served, so that they are no fields of a request."""
    made = entry(api_keys=["os.environ/ONE", "sk-four"], temperature=1).settings.deployments[0]
    assert made.provider.name == "groq-2"
    assert [key.secret.reveal() for key in made.provider.keys] == ["sk-one", "sk-four"]
    assert made.params == {"temperature": 1}


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({}, "groq"),
        ({"api_keys": ["sk-one", "sk-two"]}, "groq"),
        ({"api_key": "sk-one", "api_keys": ["sk-two"]}, "groq"),
        ({"api_key": "sk-one"}, "groq-2"),
        ({"api_keys": ["sk-two", "sk-one"]}, "groq-2"),
    ],
)
def test_the_same_keys_are_the_same_provider(params, name):
    """One of them alone is a place of its own: who wrote it wants that key."""
    assert entry(**params).settings.deployments[0].provider.name == name


def test_no_key_is_told(tmp_path):
    """Neither in findings, however a key gets into them, nor by the repr of what was read."""
    tmp_path.joinpath("keys").write_text("sk-file-hush\n")
    path = tmp_path / "pointsman.yaml"
    path.write_text(
        "providers:\n  sk-list-hush: {kind: openai, api_keys: [sk-list-hush, {key: sk-map-hush, nmae: x}, '${HUSH}'],"
        " api_key_file: keys}\n  'sk-file-hush': {knd: openai}\n  b: {kind: sk-map-hush}\n  c: {kind: sk-env-hush}\n"
    )
    loaded = load([path], environ={"HUSH": "sk-env-hush"})
    assert "hush" not in "\n".join(map(str, loaded.findings))
    assert len(loaded.findings) >= 4
    path.write_text("providers: {a: {kind: openai, api_keys: [sk-list-hush, {key: sk-map-hush}], api_key_file: keys}}")
    settings = load([path], environ={}).settings
    assert len(settings.providers["a"].keys) == 3
    assert "hush" not in repr(settings)
