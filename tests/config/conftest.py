"""What the tests of configuration share: text in, findings out."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from pointsman.config.load import Loaded, load

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.fixture
def loading(tmp_path: Path) -> Callable[..., Loaded]:
    """Write a text to ``pointsman.yaml`` and load it. Findings name it by its short name."""

    def load_text(text: str, *, environ: dict[str, str] | None = None, standalone: bool = True) -> Loaded:
        file = tmp_path / "pointsman.yaml"
        file.write_text(textwrap.dedent(text))
        return load([file], environ=environ or {}, standalone=standalone)

    return load_text


@pytest.fixture
def told(loading) -> Callable[..., list[str]]:
    """The findings of a text, as lines ``line:column severity key: message (suggestion)``."""

    def lines(text: str, **options) -> list[str]:
        return [
            f"{f.line}:{f.column} {f.severity} {f.key}: {f.message}" + (f" ({f.suggestion})" if f.suggestion else "")
            for f in loading(text, **options).findings
        ]

    return lines
