"""Why an upstream said no, in the words of the servers in the field: each says the same thing in its own way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.mock.dialects import REFUSALS
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.providers.causes import OPEN, PHRASES, SOON, WORDS, cause, kind_of
from pointsman.providers.refusals import inside, refusal
from pointsman.providers.said import MOST_READ, Said, read_error


def openai(message: str, kind: str | None = "invalid_request_error", code: Any = None, **more: Any) -> dict:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


def anthropic(kind: str, message: str, **more: Any) -> dict:
    return {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_1"}


def old(message: str, kind: str, code: Any) -> dict:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def gemini(code: int, message: str, status: str, *details: dict) -> list:
    return [{"error": {"code": code, "message": message, "status": status, "details": list(details)}}]


def routed(code: Any, message: str, **metadata: Any) -> dict:
    return {"error": {"code": code, "message": message, "metadata": metadata}, "user_id": "u"}


USED_UP = "You exceeded your current quota, please check your plan and billing details."
TOO_LONG = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "36s"}
RAW = {
    "type": "error",
    "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"},
}
ECHO = (
    "1 validation error: {'type': 'missing', 'loc': ('body', 'model'), 'msg': 'Field required', 'input': {'messages': "
)

# dialect, status (None: inside a 200), body, kind
SAID: list[tuple[str, int | None, Any, str]] = [
    ("OpenAI", 400, openai(TOO_LONG, code="context_length_exceeded"), "context"),
    ("OpenAI", 400, openai("Your input exceeds the context window of this model."), "context"),
    ("OpenAI", 400, openai("Rejected by our safety system.", code="content_policy_violation"), "filtered"),
    ("OpenAI", 400, openai("Your prompt was flagged as potentially violating our usage policy.", code="x"), "filtered"),
    ("OpenAI", 429, openai(USED_UP, "insufficient_quota", "insufficient_quota"), "quota"),
    ("OpenAI", 429, openai("Spent.", "insufficient_quota", "project_spend_limit_exceeded"), "quota"),
    ("OpenAI", 429, openai("Your account is not active.", "billing_not_active", "billing_not_active"), "quota"),
    ("OpenAI", 400, openai("Billing hard limit has been reached", code="billing_hard_limit_reached"), "quota"),
    ("OpenAI", 429, openai("Rate limit reached for gpt-4o.", "requests", "rate_limit_exceeded"), "rate_limited"),
    ("OpenAI", 429, openai("Request too large for gpt-4o.", "tokens", "rate_limit_exceeded"), "rate_limited"),
    ("OpenAI", 429, openai("That model is currently overloaded with other requests.", "server_error"), "overloaded"),
    ("OpenAI", 400, openai("The model `x` does not exist", code="model_not_found"), "not_found"),
    ("OpenAI", 401, openai("Incorrect API key provided: sk-1.", code="invalid_api_key"), "auth"),
    ("OpenAI", 400, openai("Unsupported parameter: 'max_tokens'", code="unsupported_parameter"), "bad_request"),
    ("OpenAI", 500, openai("The server had an error", "server_error"), "server_error"),
    ("OpenAI", None, openai("The server had an error", "server_error"), "server_error"),
    ("OpenAI", None, openai(TOO_LONG, code="context_length_exceeded"), "context"),
    ("OpenAI", None, openai(USED_UP, "insufficient_quota", "insufficient_quota"), "quota"),
    ("Azure", 400, REFUSALS["azure"]["content_filter"][1], "filtered"),
    ("Azure", 400, openai("Filtered.", None, None, innererror={"code": "ResponsibleAIPolicyViolation"}), "filtered"),
    ("Azure", 403, {"error": {"code": "403", "message": "Out of call volume quota. Retry after 15 days."}}, "quota"),
    ("Azure", 403, {"error": {"code": "403", "message": "Public access is disabled."}}, "forbidden"),
    ("Azure", 404, {"error": {"code": "DeploymentNotFound", "message": "No such deployment."}}, "not_found"),
    (
        "Azure",
        429,
        {"error": {"code": "429", "message": "Token rate limit. Please retry after 26 seconds."}},
        "rate_limited",
    ),
    ("vLLM", 400, {"error": {"message": TOO_LONG, "type": "BadRequestError", "param": None, "code": 400}}, "context"),
    ("vLLM", 400, old(TOO_LONG, "BadRequestError", 400), "context"),
    (
        "vLLM",
        400,
        old("The decoder prompt (length 9) is longer than the maximum model length of 8.", "B", 400),
        "context",
    ),
    ("vLLM", 400, openai("The model's context length is only 8 tokens.", "BadRequestError", 400), "context"),
    ("vLLM", 400, openai("max_tokens must be at least 1, got -3.", "BadRequestError", 400), "bad_request"),
    ("vLLM", 404, openai("The model `x` does not exist.", "NotFoundError", 404), "not_found"),
    ("vLLM", None, openai("EngineCore encountered an issue.", "InternalServerError", 500), "server_error"),
    ("vLLM", None, openai("n must be 1", "BadRequestError", 400), "bad_request"),
    ("vLLM", None, old("Engine loop is dead", "InternalServerError", 500), "server_error"),
    (
        "SGLang",
        400,
        old("The input (9 tokens) is longer than the model's context length (8 tokens).", "B", 400),
        "context",
    ),
    ("SGLang", 400, old("Requested token count exceeds the model's maximum context length of 8.", "B", 400), "context"),
    ("SGLang", None, {"error": old("The request queue is full.", "SERVICE_UNAVAILABLE", 503)}, "overloaded"),
    ("SGLang", 500, old("The request queue is full.", "InternalServerError", 500), "overloaded"),
    ("llama.cpp", 400, REFUSALS["llama_cpp"]["context_length"][1], "context"),
    ("llama.cpp", 500, {"error": {"code": 500, "message": "too long", "type": "exceed_context_size_error"}}, "context"),
    (
        "llama.cpp",
        500,
        {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}},
        "context",
    ),
    ("llama.cpp", 500, {"error": {"code": 500, "message": "increase the physical batch size"}}, "context"),
    ("llama.cpp", 503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "overloaded"),
    (
        "llama.cpp",
        None,
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        "overloaded",
    ),
    ("llama.cpp", None, {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}, "context"),
    ("llama.cpp", None, {"error": {"message": "Invalid grammar", "type": "invalid_request_error"}}, "bad_request"),
    ("llama-cpp-python", 400, openai(TOO_LONG, code="context_length_exceeded"), "context"),
    (
        "llama-cpp-python",
        500,
        openai("Requested tokens (9) exceed context window of 8", "internal_server_error"),
        "context",
    ),
    ("llama-cpp-python", 500, openai("boom", "internal_server_error"), "server_error"),
    ("Ollama", 400, {"error": "the input length exceeds the context length"}, "context"),
    ("Ollama", 500, {"error": "input length exceeds maximum context length"}, "context"),
    ("Ollama", 400, {"error": "prompt too long; exceeded max context length by 12 tokens"}, "context"),
    ("Ollama", 404, {"error": "model 'x' not found"}, "not_found"),
    ("Ollama", None, {"error": 'model "x" not found, try pulling it first'}, "not_found"),
    ("Ollama", 503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, "overloaded"),
    ("Ollama", None, {"error": "server busy, please try again.  maximum pending requests exceeded"}, "overloaded"),
    ("Ollama", 429, {"error": "you've reached your hourly usage limit, please wait or upgrade to continue"}, "quota"),
    ("Ollama", None, {"StatusCode": 429, "error": "too many concurrent requests"}, "rate_limited"),
    ("Ollama", 500, {"error": "llama runner process has terminated: CUDA error"}, "server_error"),
    ("Ollama", None, {"error": "an error was encountered while running the model"}, "server_error"),
    ("Anthropic", 400, anthropic("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), "context"),
    (
        "Anthropic",
        400,
        anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit: 9"),
        "context",
    ),
    ("Anthropic", 413, anthropic("request_too_large", "Request exceeds the maximum size"), "bad_request"),
    ("Anthropic", 413, anthropic("request_too_large", "prompt is too long: 9 tokens > 8 maximum"), "context"),
    ("Anthropic", None, anthropic("request_too_large", "Request exceeds the maximum size"), "bad_request"),
    ("Anthropic", 400, anthropic("invalid_request_error", "Output blocked by content filtering policy"), "filtered"),
    (
        "Anthropic",
        400,
        anthropic("invalid_request_error", "Your credit balance is too low to access the API."),
        "quota",
    ),
    (
        "Anthropic",
        400,
        anthropic("invalid_request_error", "You have reached your specified API usage limits."),
        "quota",
    ),
    ("Anthropic", 402, anthropic("billing_error", "There is an issue with your billing."), "quota"),
    (
        "Anthropic",
        429,
        anthropic("rate_limit_error", "Spend cap.", details={"error_code": "enforced_spend_limit_reached"}),
        "quota",
    ),
    (
        "Anthropic",
        429,
        anthropic("rate_limit_error", "Spend cap.", details={"error_code": "contract_spend_limit_reached"}),
        "quota",
    ),
    ("Anthropic", 429, anthropic("rate_limit_error", "This would exceed your rate limit."), "rate_limited"),
    ("Anthropic", 529, anthropic("overloaded_error", "Overloaded"), "overloaded"),
    ("Anthropic", None, anthropic("overloaded_error", "Overloaded"), "overloaded"),
    ("Anthropic", None, anthropic("rate_limit_error", "Slow down."), "rate_limited"),
    ("Anthropic", None, anthropic("api_error", "Internal server error"), "server_error"),
    ("Anthropic", None, anthropic("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), "context"),
    ("Anthropic", None, anthropic("timeout_error", "Timed out"), "timeout"),
    ("Anthropic", None, anthropic("authentication_error", "invalid x-api-key"), "auth"),
    ("Anthropic", None, anthropic("permission_error", "not for you"), "forbidden"),
    (
        "TGI",
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8.",
            "error_type": "validation",
        },
        "context",
    ),
    (
        "TGI",
        422,
        {"error": "Input validation error: `max_new_tokens` must be <= 192", "error_type": "validation"},
        "bad_request",
    ),
    ("TGI", 429, {"error": "Model is overloaded", "error_type": "overloaded"}, "overloaded"),
    ("TGI", None, {"error": "Model is overloaded", "error_type": "overloaded"}, "overloaded"),
    ("TGI", None, {"error": "Request failed during generation", "error_type": "generation"}, "server_error"),
    ("TGI", None, {"error": "`inputs` must have less than 8 tokens. Given: 9", "error_type": "validation"}, "context"),
    (
        "Groq",
        400,
        openai("Please reduce the length of the messages or completion.", code="context_length_exceeded"),
        "context",
    ),
    (
        "Groq",
        413,
        openai("Request too large for model `x` on tokens per minute.", "tokens", "rate_limit_exceeded"),
        "rate_limited",
    ),
    ("Groq", 498, openai("Flex tier capacity exceeded", "x", "capacity_exceeded"), "overloaded"),
    ("Groq", 400, openai("The model `x` has been decommissioned.", code="model_decommissioned"), "not_found"),
    (
        "Groq",
        429,
        openai("Rate limit reached. Please try again in 9m38.016s.", "tokens", "rate_limit_exceeded"),
        "rate_limited",
    ),
    (
        "Together",
        422,
        openai("Input validation error: The sum of 'inputs' tokens and 'max_new_tokens' must not exceed 8."),
        "context",
    ),
    ("Together", 402, openai("Credit limit exceeded, please navigate to billing.", "credit_limit"), "quota"),
    ("Together", 404, openai("Unable to access model x.", code="model_not_available"), "not_found"),
    ("Together", 403, openai("This model's maximum context length is 8 tokens."), "context"),
    (
        "Mistral",
        400,
        old("Prompt contains 9 tokens, too large for model with 8 maximum context length", "i", "3051"),
        "context",
    ),
    ("Mistral", 400, old("Invalid model: x", "invalid_model", "1500"), "not_found"),
    (
        "Mistral",
        429,
        old("Service tier capacity exceeded for this model.", "invalid_request_error", None),
        "rate_limited",
    ),
    ("DeepSeek", 402, openai("Insufficient Balance", "unknown_error", "invalid_request_error"), "quota"),
    ("DeepSeek", 400, openai("Insufficient Balance", "unknown_error", "invalid_request_error"), "quota"),
    ("DeepSeek", 400, openai(TOO_LONG, code="invalid_request_error"), "context"),
    ("DeepSeek", 400, openai("Content Exists Risk", code="invalid_request_error"), "filtered"),
    ("DeepSeek", 400, openai("Model Not Exist", code="invalid_request_error"), "not_found"),
    ("OpenRouter", 400, routed(400, "This endpoint's maximum context length is 8 tokens."), "context"),
    (
        "OpenRouter",
        400,
        routed(400, "Provider returned error", raw=json.dumps(RAW), provider_name="Anthropic"),
        "context",
    ),
    ("OpenRouter", 403, routed(403, "Flagged", reasons=["violence"], flagged_input="hi", model_slug="m"), "filtered"),
    ("OpenRouter", 403, routed(403, "Refused", error_type="content_policy_violation"), "filtered"),
    ("OpenRouter", 402, routed(402, "Insufficient credits"), "quota"),
    ("OpenRouter", 402, routed(402, "This request requires more credits, or fewer max_tokens."), "quota"),
    ("OpenRouter", 400, routed(400, "x/y is not a valid model ID"), "not_found"),
    (
        "OpenRouter",
        None,
        routed(429, "Provider returned error", raw="x is temporarily rate-limited upstream."),
        "rate_limited",
    ),
    ("OpenRouter", None, routed(402, "Insufficient credits"), "quota"),
    ("OpenRouter", None, routed(502, "Provider disconnected"), "server_error"),
    ("OpenRouter", None, routed(503, "No instances available"), "overloaded"),
    ("OpenRouter", None, routed("server_error", "Provider disconnected unexpectedly"), "server_error"),
    (
        "Gemini",
        400,
        gemini(400, "The input token count (9) exceeds the maximum number of tokens allowed (8).", "INVALID_ARGUMENT"),
        "context",
    ),
    ("Gemini", 400, gemini(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"), "auth"),
    ("Gemini", 400, gemini(400, "Bad key.", "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}), "auth"),
    ("Gemini", 429, gemini(429, USED_UP, "RESOURCE_EXHAUSTED"), "quota"),
    ("Gemini", 429, gemini(429, USED_UP + "\nPlease retry in 11.665902715s.", "RESOURCE_EXHAUSTED"), "rate_limited"),
    ("Gemini", 429, gemini(429, USED_UP, "RESOURCE_EXHAUSTED", RETRY), "rate_limited"),
    (
        "Gemini",
        429,
        gemini(429, "Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED"),
        "rate_limited",
    ),
    ("Gemini", 503, gemini(503, "The model is overloaded. Please try again later.", "UNAVAILABLE"), "overloaded"),
    (
        "Gemini",
        None,
        {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}},
        "overloaded",
    ),
    ("Gemini", None, {"error": {"message": "Late.", "status": "DEADLINE_EXCEEDED"}}, "timeout"),
    (
        "TensorRT-LLM",
        400,
        old("The sum of prompt length (9.0) should not exceed max_num_tokens (8)", "B", 400),
        "context",
    ),
    ("TensorRT-LLM", 500, {"error": "Prompt length (9) exceeds maximum input length (8)."}, "context"),
    ("Triton", 400, {"error": "Request for unknown model: 'x' is not found"}, "not_found"),
    ("Triton", 404, {"error": "Request for unknown model: 'x' is not found"}, "not_found"),
    ("Triton", 400, {"error": "[request id: <id_unknown>] Exceeds maximum queue size"}, "overloaded"),
    ("Triton", None, {"error": "generate expects model to produce exactly 1 response"}, "server_error"),
    (
        "LM Studio",
        400,
        {"error": "tokens to keep from the initial prompt is greater than the context length"},
        "context",
    ),
    ("xAI", 400, {"code": "Client specified an invalid argument", "error": "maximum prompt length is 8"}, "context"),
    ("xAI", 403, {"code": "denied", "error": "Content violates usage guidelines. Failed check: X"}, "filtered"),
    (
        "xAI",
        429,
        {"code": "x", "error": "Your team has either used all available credits or reached its limit."},
        "quota",
    ),
    ("xAI", 400, {"code": "x", "error": "Incorrect API key provided: x-1"}, "auth"),
    ("Moonshot", 429, openai("Suspended.", "exceeded_current_quota_error"), "quota"),
    ("Moonshot", 429, openai("The engine is currently overloaded", "engine_overloaded_error"), "overloaded"),
    ("Alibaba", 400, openai("Range of input length should be [1, 8]", "InvalidParameter"), "context"),
    ("Alibaba", 400, openai("Refused.", "data_inspection_failed", "data_inspection_failed"), "filtered"),
    ("Alibaba", 400, openai("Overdue.", "Arrearage", "Arrearage"), "quota"),
    ("FastAPI", 422, {"detail": [{"loc": ["body", "n"], "msg": "field required", "type": "missing"}]}, "bad_request"),
    ("a proxy", 502, "<html>the maximum context length of this page</html>", "server_error"),
    # What is repeated of a request tells nothing.
    ("vLLM", 400, old(ECHO + f"'{TOO_LONG}'", "BadRequestError", 400), "bad_request"),
    ("FastAPI", 422, {"detail": [{"msg": "field required", "input": {"prompt": TOO_LONG}}]}, "bad_request"),
    ("OpenRouter", 403, routed(403, "No", patterns=[USED_UP]), "forbidden"),
    ("any", 400, openai("x" * MOST_READ + TOO_LONG), "bad_request"),
    # A status that is clear is not argued with.
    ("any", 401, openai(USED_UP, code="insufficient_quota"), "auth"),
    ("any", 404, openai(TOO_LONG, code="context_length_exceeded"), "not_found"),
    ("any", 503, openai(TOO_LONG), "overloaded"),
    ("any", 429, openai(TOO_LONG), "rate_limited"),
    ("any", 302, openai(TOO_LONG), "garbage"),
    # What makes no sense inside a 200 is a server's error.
    ("any", None, {"error": {"code": 200}}, "server_error"),
    ("any", None, {"error": {"code": "abc", "message": ""}}, "server_error"),
    ("any", None, {"error": [1, {"error": "x"}]}, "server_error"),
    ("any", None, "nothing", "server_error"),
]


def told(status: int | None, body: Any) -> FailureKind:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return inside(data, "").kind if status is None else refusal(Answered(status, {}, data)).kind


@pytest.mark.parametrize(("dialect", "status", "body", "kind"), SAID)
def test_each_server_is_understood_in_its_own_words(dialect, status, body, kind):
    """The same cause, said in many ways, is one kind."""
    assert told(status, body) is FailureKind(kind)


TROUBLES = {"context_length": "context", "content_filter": "filtered", "quota": "quota"}
SIMULATED = [(name, trouble) for name, said in REFUSALS.items() for trouble in said]


@pytest.mark.parametrize(("name", "trouble"), SIMULATED)
def test_what_simulated_servers_say_is_understood(name, trouble):
    """The trials with simulated servers are about the kinds that they are meant to be about."""
    status, body = REFUSALS[name][trouble]
    assert told(status, body) is FailureKind(TROUBLES[trouble])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (100, "garbage"),
        (201, "garbage"),
        (204, "garbage"),
        (301, "garbage"),
        (307, "garbage"),
        (400, "bad_request"),
        (401, "auth"),
        (402, "quota"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "bad_request"),
        (407, "auth"),
        (408, "timeout"),
        (409, "overloaded"),
        (410, "not_found"),
        (413, "bad_request"),
        (415, "bad_request"),
        (418, "bad_request"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (499, "bad_request"),
        (500, "server_error"),
        (501, "server_error"),
        (502, "server_error"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
        (599, "server_error"),
        (999, "server_error"),
    ],
)
def test_a_status_is_a_kind_of_failure(status, kind):
    """The table of docs/concepts/failures.md, row by row."""
    assert kind_of(status) is FailureKind(kind)


ROWS = [(text, kind) for table in (WORDS, PHRASES) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize("text", [text for text, _ in ROWS])
def test_what_is_compared_is_in_lower_case(text):
    """As the error's own words are when they are compared; and it is listed once."""
    assert text == text.lower()
    assert sum(text == other for other, _ in ROWS) == 1


@pytest.mark.parametrize(("phrase", "kind"), [(text, kind) for kind, texts in PHRASES.items() for text in texts])
def test_every_phrase_tells_its_kind(phrase, kind):
    """None is hidden by another, of another kind, that it holds."""
    assert cause(400, Said(text=f"before {phrase} behind")) is kind
    assert cause(None, Said(text=phrase)) is kind


@pytest.mark.parametrize(("word", "kind"), [(text, kind) for kind, texts in WORDS.items() for text in texts])
def test_every_word_tells_its_kind_where_there_is_no_status(word, kind):
    """In capitals as well."""
    assert cause(None, read_error(json.dumps({"error": {"code": word.upper()}}).encode())) is kind


@pytest.mark.parametrize("wait", [0.5, SOON])
def test_who_asks_to_wait_a_little_is_not_out_of_quota(wait):
    """A sentence alone; a code that names the account's credit is believed."""
    sentence, code = Said(text="exceeded your current quota"), Said(words=("insufficient_quota",))
    assert cause(429, sentence, wait) is FailureKind.RATE_LIMITED
    assert cause(400, sentence, wait) is FailureKind.RATE_LIMITED
    assert cause(429, code, wait) is FailureKind.QUOTA


@pytest.mark.parametrize("wait", [None, SOON + 1])
def test_who_asks_to_wait_for_long_or_not_at_all_is(wait):
    """Days are no rate."""
    assert cause(429, Said(text="exceeded your current quota"), wait) is FailureKind.QUOTA


texts = st.sampled_from([text for text, _ in ROWS]) | st.text(max_size=20)


@given(st.sampled_from([401, 402, 404, 407, 408, 409, 410, 503, 504, 529]), st.lists(texts, max_size=5), texts)
def test_a_clear_status_is_the_last_word(status, words, text):
    """Whatever is said besides."""
    assert cause(status, Said(text=text, words=tuple(words))) is kind_of(status)


@given(st.integers(400, 599), st.lists(texts, max_size=5), texts, st.none() | st.floats(0.1, 1e6))
def test_words_make_of_a_status_only_what_they_may(status, words, text, wait):
    """The kind of the status, or one of those that it is open to."""
    kind = kind_of(status)
    may_be = OPEN.get(kind, frozenset()) | {kind}
    if FailureKind.QUOTA in may_be:
        may_be |= {FailureKind.RATE_LIMITED}
    assert cause(status, Said(text=text, words=tuple(words)), wait) in may_be
