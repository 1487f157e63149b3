"""What becomes of a call when the library, or a service's own package, is not installed."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import pytest

from pointsman.fakes import provider
from pointsman.flow.effects import Call
from pointsman.model.exchange import WireRequest
from pointsman.model.outcome import CONSEQUENCES
from pointsman.wire import any_llm

BODY = msgspec.json.encode({"model": "watsonx/granite", "messages": []})


def _without(_service, _key, _url):
    raise ImportError("ibm-watsonx-ai is missing")


@pytest.mark.parametrize("own", [True, False])
async def test_what_is_not_installed_is_named_and_not_asked_for_again(monkeypatch, own):
    """Nothing was sent, and a second try would find no more; another deployment may serve it."""
    if own:
        monkeypatch.setitem(sys.modules, any_llm.KIND, None)
    else:
        monkeypatch.setattr(any_llm, "_make", _without)
    replies = asyncio.Queue()
    library = any_llm.AnyLlm(provider(kind="any_llm"), asyncio.get_running_loop())
    request = WireRequest("/v1/chat/completions", BODY)
    library.ask(Call(library.provider, request, 20.0, 20.0), replies.put_nowait)
    failed = await replies.get()
    assert ("pip install 'pointsman[any-llm]'" if own else "pip install 'any-llm-sdk[watsonx]'") in failed.detail
    assert not failed.sent
    consequence = CONSEQUENCES[failed.kind]
    assert (consequence.here, consequence.elsewhere) == (False, True)
