"""docs/clients.md: every script of it is run as it stands, at another address."""

from __future__ import annotations

import asyncio
import sys

import pytest

from docs.pages import blocks, page
from support.clients import KEY, house_of
from support.programs import HERE

PAGE = page("docs/clients.md")
ADDRESS = "http://127.0.0.1:4000"
LANGUAGES = {"python": [sys.executable, "-c"], "js": ["node", "--input-type=module", "-e"], "sh": ["sh", "-c"]}
SCRIPTS = [(language, script) for language in LANGUAGES for script in blocks(PAGE, language)]
PROGRAMS = {
    "from openai ": "openai",
    "from anthropic ": "anthropic",
    "from langchain_openai ": "langchain",
    "import litellm": "litellm",
    "from llama_index": "llama-index",
}
"""How scripts of Python begin whose client a program has, who does them without importing it again."""


@pytest.mark.parametrize(("language", "script"), SCRIPTS)
async def test_a_script_does_what_it_says(programs, language, script):
    """It prints what the model says, or the length of a vector."""
    name = next((name for begins, name in PROGRAMS.items() if script.startswith(begins)), None)
    async with house_of(programs[name or "openai"], "openai", model_name="gpt-4o-mini") as house:
        assert KEY in script
        script = script.replace(ADDRESS, house.url)
        if language == "python" and name is not None:
            told = await house.do("script", script=script)
        else:
            told = await printed([*LANGUAGES[language], script])
    assert "[one/gpt-4o-mini]" in told or told.strip().isdecimal()


async def printed(command):
    """By a process that must end well."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=HERE / "node", stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
