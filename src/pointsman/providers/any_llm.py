"""Models that a library asks for us: OpenAI's format towards it, and only those models that the configuration names.

The name of a model says which service is asked, and the provider's key goes there: no caller may choose that. Nor may
he say what the library's functions take beside OpenAI's fields: headers, addresses, or a body put over all he was
allowed. What a deployment says is the operator's word and goes on as it is.
"""

from __future__ import annotations

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers import openai
from pointsman.providers.lacking import lacking, refuse
from pointsman.providers.shapes import Inexpressible

_FIELDS = (
    "audio dimensions encoding_format frequency_penalty function_call functions input logit_bias logprobs "
    "max_completion_tokens max_tokens messages metadata modalities model n parallel_tool_calls prediction "
    "presence_penalty prompt_cache_key prompt_cache_retention reasoning_effort response_format safety_identifier seed "
    "service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
    "web_search_options"
)
TAKES = frozenset(_FIELDS.split())
"""The fields of OpenAI's chat completions and embeddings."""


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible."""
    if deployment.model is None:
        raise Inexpressible("model", "this provider serves only what the configuration lists of it")
    refuse(lacking(request.body, frozenset(), TAKES))
    if not request.body.keys() <= TAKES:
        body = {name: raw for name, raw in request.body.items() if name in TAKES}
        request = msgspec.structs.replace(request, body=body)
    return openai.write(request, deployment, model)


DIALECT = msgspec.structs.replace(openai.DIALECT, write=write, takes=TAKES)
