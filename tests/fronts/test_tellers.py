"""OpenAI's answers and streams in another protocol: the same text, calls and end, whichever way they are told."""

from __future__ import annotations

import json
from random import Random

import msgspec
import pytest

from pointsman.errors import UpstreamFailed
from pointsman.fakes import FakeClock, request
from pointsman.fronts import FRONTS
from pointsman.fronts.shapes import Watch
from pointsman.model.request import Native

PATHS = ("/v1/messages", "/v1/responses")
EVERY = (*PATHS, "/api/chat")
TEXTS = ("All", " aboard", " ü😀", "\n\n", "data: x", '"', "\\", "\u2028")
WATCH = Watch(1.0, FakeClock())
ENDS = ("\n", "\r\n", "\r")


def asked(path):
    return msgspec.structs.replace(request("m"), id="0a", stream=True, native=Native(FRONTS[path].protocol, {}))


def chunk(delta=None, **more):
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "up", "choices": choices, **more}


def frame(value, end="\n"):
    text = value if isinstance(value, str) else json.dumps(value)
    return f"data: {text}{end}{end}".encode()


def events(told):
    """Each event by its name; its data says the same name."""
    found = []
    for event in told.decode().split("\n\n")[:-1]:
        name, data = event.split("\n")
        value = json.loads(data.removeprefix("data: "))
        assert name == f"event: {value['type']}"
        found.append(value)
    return found


def tell(path, frames, cuts=()):
    """What a teller says of frames that come in so many pieces."""
    teller = FRONTS[path].teller(asked(path), WATCH)
    pieces = [frames[a:b] for a, b in zip([0, *cuts], [*cuts, len(frames)], strict=True)]
    return b"".join(teller.tell(b"".join(piece)) for piece in pieces)


def read_anthropic(told):
    """Text, thoughts, calls, and why it ended, of a message told in events."""
    blocks, end, under_way = {}, {}, None
    for event in told:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            assert under_way is None
            under_way = event["index"]
            blocks[event["index"]] = {**event["content_block"], "said": ""}
        elif event["type"] == "content_block_stop":
            assert event["index"] == under_way
            under_way = None
        elif event["type"] == "content_block_delta":
            assert event["index"] == under_way
            kinds = ("text", "thinking", "partial_json")
            blocks[event["index"]]["said"] += next(event["delta"][kind] for kind in kinds if kind in event["delta"])
        elif event["type"] == "message_delta":
            end = event
    of = lambda kind: [block for block in blocks.values() if block["type"] == kind]  # noqa: E731
    calls = [(block["id"], block["name"], block["said"]) for block in of("tool_use")]
    texts = ["".join(block["said"] for block in of(kind)) for kind in ("text", "thinking")]
    return (*texts, calls, end["delta"]["stop_reason"], end["usage"]["output_tokens"])


def read_responses(told):
    response = told[-1]["response"]
    items = response["output"]
    deltas = "".join(e["delta"] for e in told if e["type"] == "response.output_text.delta")
    text = "".join(part["text"] for item in items if item["type"] == "message" for part in item["content"])
    assert text == deltas
    thoughts = "".join(part["text"] for item in items if item["type"] == "reasoning" for part in item["content"])
    calls = [(i["call_id"], i["name"], i["arguments"]) for i in items if i["type"] == "function_call"]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    cut = response["incomplete_details"]
    reason = {"max_output_tokens": "max_tokens"}[cut["reason"]] if cut else "tool_use" if calls else "end_turn"
    return text, thoughts, calls, reason, response["usage"]["output_tokens"]


def read_ollama(told):
    *pieces, last = told
    assert [line["done"] for line in told] == [*[False] * len(pieces), True]
    messages = [line["message"] for line in told]
    calls = [
        (call["id"], call["function"]["name"], json.dumps(call["function"]["arguments"]))
        for message in messages
        for call in message.get("tool_calls", ())
    ]
    texts = ["".join(message.get(kind, "") for message in messages) for kind in ("content", "thinking")]
    reason = "tool_use" if calls else {"stop": "end_turn", "length": "max_tokens"}[last["done_reason"]]
    return (*texts, calls, reason, last.get("eval_count"))


READERS = {"/v1/messages": read_anthropic, "/v1/responses": read_responses, "/api/chat": read_ollama}


def parted(path, told):
    """The events of a stream, or its lines."""
    return [json.loads(line) for line in told.splitlines()] if path.startswith("/api/") else events(told)


def woven(lines, dice):
    """All pieces of all calls: one call after the other, or with pieces of earlier ones among those of later ones."""
    step = dice.choice((0, 0.3, 0.9))
    mixed = [(n + step * place, piece) for n, line in enumerate(lines) for place, piece in enumerate(line)]
    return [piece for _, piece in sorted(mixed, key=lambda one: one[0])]


def numbered(number, arguments, cut):
    head = {"index": number, "id": f"call_{number}", "type": "function", "function": {"name": f"f{number}"}}
    pieces = (arguments[:cut], arguments[cut:])
    return [head, *[{"index": number, "function": {"arguments": piece}} for piece in pieces]]


def named_by_id(number, arguments, cut):
    """No index, the id with every piece."""
    head = {"id": f"call_{number}", "function": {"name": f"f{number}", "arguments": arguments[:cut]}}
    return [head, {"id": f"call_{number}", "function": {"arguments": arguments[cut:]}}]


def all_first(number, arguments, cut):
    """The same index for all, the id with every piece."""
    return [{"index": 0, **piece} for piece in named_by_id(number, arguments, cut)]


def one_by_one(number, arguments, _cut):
    """Whole calls without an index."""
    return [{"id": f"call_{number}", "function": {"name": f"f{number}", "arguments": arguments}}]


SPELLINGS = (numbered, named_by_id, all_first, one_by_one)


def story(dice):
    """The frames of a random stream, and what it says."""
    text, thoughts, calls = "", "", []
    told = [chunk({"role": "assistant", "content": ""})]
    for _ in range(dice.randint(0, 3)):
        thoughts += (said := dice.choice(TEXTS))
        told.append(chunk({dice.choice(("reasoning_content", "reasoning")): said}))
    for _ in range(dice.randint(0, 6)):
        text += (said := dice.choice(TEXTS))
        told.append(chunk({"content": said}))
    lines, spelt = [], dice.choice(SPELLINGS)
    for number in range(dice.randint(0, 3)):
        arguments = json.dumps({"city": dice.choice(TEXTS)})
        calls.append((f"call_{number}", f"f{number}", arguments))
        lines.append(spelt(number, arguments, dice.randint(0, len(arguments))))
    told += [chunk({"tool_calls": [piece]}) for piece in woven(lines, dice)]
    finish = "tool_calls" if calls else dice.choice(("stop", "length"))
    told += [chunk({}, finish=finish), chunk(usage={"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12})]
    end = dice.choice(ENDS)
    frames = [frame(value, end) for value in told]
    frames.insert(dice.randint(0, len(frames)), f": a comment{end}{end}".encode())
    reason = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}[finish]
    return [*frames, frame("[DONE]", end)], (text, thoughts, calls, reason, 9)


@pytest.mark.parametrize("path", EVERY)
def test_a_stream_says_the_same_in_whatever_pieces_it_comes(path):
    dice = Random(4)
    for _ in range(300):
        frames, expected = story(dice)
        cuts = sorted(dice.randint(0, len(frames)) for _ in range(dice.randint(0, 4)))
        told = tell(path, frames, cuts)
        assert told == tell(path, frames)
        assert READERS[path](parted(path, told)) == expected


@pytest.mark.parametrize("path", EVERY)
def test_what_makes_no_sense_is_passed_over(path):
    """The rest is told all the same."""
    odd = [
        '{"choices": [',
        '{"choices": 3}',
        "null",
        "[]",
        "3",
        '{"choices":[{"index":0,"delta":{"tool_calls":3}}]}',
        "",
    ]
    frames = [
        frame(chunk({"content": "a"})),
        *map(frame, odd),
        frame(chunk({"content": "b"}, finish="stop")),
        frame("[DONE]"),
    ]
    assert READERS[path](parted(path, tell(path, frames)))[0] == "ab"


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize(
    "odd", [{"tool_calls": {}}, {"tool_calls": 3}, {"tool_calls": [None]}, {"tool_calls": [{"function": 3}, "x"]}]
)
def test_the_text_beside_calls_that_are_none_is_told(path, odd):
    """As is the call between them."""
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    calls = [call, *odd["tool_calls"]] if isinstance(odd["tool_calls"], list) else odd["tool_calls"]
    frames = [frame(chunk({"content": "a"})), frame(chunk({"content": "b", "tool_calls": calls}))]
    text, _, found, _, _ = READERS[path](parted(path, tell(path, [*frames, frame("[DONE]")])))
    assert text == "ab"
    assert found == ([("c", "f", "{}")] if isinstance(calls, list) else [])


@pytest.mark.parametrize("path", EVERY)
def test_figures_that_make_no_sense_cost_no_text(path):
    frames = [frame(chunk({"content": "a"}, usage={"completion_tokens": "7"})), frame("[DONE]")]
    text, _, _, _, tokens = READERS[path](parted(path, tell(path, frames)))
    assert (text, tokens or 0) == ("a", 0)


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize(
    "chunks",
    [
        [[{"id": "a", "function": {"name": "f", "arguments": "{"}}], [{"function": {"arguments": "}"}}],
         [{"id": "b", "function": {"name": "f", "arguments": "{}"}}]],
        [[{"index": 0, "id": "a", "function": {"name": "f"}}, {"index": 1, "id": "b", "function": {"name": "f"}}],
         [{"index": 0, "function": {"arguments": "{"}}, {"index": 1, "function": {"arguments": "{"}}],
         [{"index": 0, "function": {"arguments": "}"}}, {"index": 1, "function": {"arguments": "}"}}]],
        [[{"id": "a", "function": {"name": "f"}}, {"id": "b", "function": {"name": "f"}}],
         [{"function": {"arguments": "{}"}}, {"function": {"arguments": "{}"}}]],
        [[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}],
         [{"index": 0, "id": "b", "function": {"name": "f"}}], [{"index": 0, "function": {"arguments": "{}"}}]],
        [[{"index": 0, "id": "a"}], [{"index": 0, "function": {"name": "f"}}],
         [{"index": 1, "id": "b", "function": {"name": "f", "arguments": "{}"}}],
         [{"index": 0, "function": {"arguments": "{}"}}]],
    ],
)  # fmt: skip
def test_pieces_stay_with_their_call(path, chunks):
    """However calls are told apart, and a name that comes late is one."""
    frames = [frame(chunk({"tool_calls": pieces})) for pieces in chunks]
    found = READERS[path](parted(path, tell(path, [*frames, frame("[DONE]")])))[2]
    assert found == [("a", "f", "{}"), ("b", "f", "{}")]


@pytest.mark.parametrize("path", EVERY)
def test_calls_without_ids_or_numbers_are_told_apart_by_their_names(path):
    pieces = [{"name": "f", "arguments": "{"}, {"arguments": "}"}, {"name": "g", "arguments": "{}"}]
    frames = [frame(chunk({"tool_calls": [{"function": piece}]})) for piece in pieces]
    told = tell(path, [*frames, frame("[DONE]")]).decode()
    assert told.index('"f"') < told.index('"g"')
    if path == "/v1/messages":
        calls = read_anthropic(events(told.encode()))[2]
        assert [call[1:] for call in calls] == [("f", "{}"), ("g", "{}")]


def test_a_call_is_told_as_it_comes_and_the_next_when_it_is_whole():
    """Nothing waits that need not."""
    teller = FRONTS["/v1/messages"].teller(asked("/v1/messages"), WATCH)

    def says(number, arguments, **more):
        piece = {"index": number, "function": {"arguments": arguments, **more}}
        return [event["type"] for event in events(teller.tell(frame(chunk({"tool_calls": [piece]}))))]

    start, delta, stop = (f"content_block_{word}" for word in ("start", "delta", "stop"))
    assert says(0, "{", name="f") == ["message_start", start, delta]
    assert says(1, "{", name="g") == []
    assert says(0, "}") == [delta, stop, start, delta]
    assert says(1, "}") == [delta]


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_without_anything_has_a_beginning_and_an_end(path):
    told = events(tell(path, [frame("[DONE]")]))
    assert told[0]["type"] in ("message_start", "response.created")
    assert told[-1]["type"] in ("message_stop", "response.completed")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "message", [{"content": [{"type": "text", "text": "x"}]}, {"content": None, "refusal": "no"}, {}]
)
def test_whole_answers_of_odd_shapes_are_told(path, message):
    body = json.dumps({"choices": [{"index": 0, "message": message}], "usage": {"prompt_tokens": "3"}}).encode()
    told = json.loads(FRONTS[path].whole(asked(path), body, WATCH))
    assert told["usage"]["input_tokens"] == 0
    assert (message.get("refusal") or "x" * bool(message)) in json.dumps(told)


@pytest.mark.parametrize("path", EVERY)
def test_an_answer_that_nobody_can_read_is_a_failure(path):
    for body in (b"{", b'{"choices": 3}', b'{"choices":[{"message":{"tool_calls":{"a":1}}}]}'):
        with pytest.raises(UpstreamFailed):
            FRONTS[path].whole(asked(path), body, WATCH)


@pytest.mark.parametrize("arguments", ["{", "3", '"x"', "", None, {"a": 1}])
def test_arguments_that_are_no_object_are_handed_on(arguments):
    """Anthropic's input is an object, whatever a model wrote."""
    call = {"id": "c", "function": {"name": "f", "arguments": arguments}}
    body = json.dumps({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}).encode()
    [used] = json.loads(FRONTS["/v1/messages"].whole(asked("/v1/messages"), body, WATCH))["content"]
    assert isinstance(used["input"], dict)
    assert str(arguments or "").strip('"') in str(used["input"])


def test_pieces_of_several_calls_at_a_time_find_their_own():
    """None is lost, none is an item of its own; a text between them neither."""

    def call(number, arguments, **more):
        return chunk({"tool_calls": [{"index": number, "function": {"arguments": arguments, **more}}]})

    story = [call(0, "{", name="a"), call(1, "[", name="b"), call(0, "}"), chunk({"content": "x"}), call(1, "]")]
    frames = [*map(frame, story), frame(chunk({}, finish="tool_calls")), frame("[DONE]")]
    told = events(tell("/v1/responses", frames))
    items = told[-1]["response"]["output"]
    pieces = ["".join(e["delta"] for e in told if "delta" in e and e["output_index"] == n) for n in range(3)]
    ended = [e["item"] for e in told if e["type"] == "response.output_item.done"]
    begun = [e["item"]["id"] for e in told if e["type"] == "response.output_item.added"]
    assert [(item.get("name"), item.get("arguments")) for item in items] == [("a", "{}"), ("b", "[]"), (None, None)]
    assert pieces == ["{}", "[]", "x"]
    assert ended == items
    assert begun == [item["id"] for item in items]


def weight(token):
    return {"token": token, "logprob": -0.5, "bytes": [1], "top_logprobs": [{"token": token, "logprob": -0.5}]}


def test_log_probabilities_of_a_response_are_told_with_their_text():
    """With each piece, and all at the end; those of a token that is no letter yet with the next. Thoughts have none."""

    def says(delta, *tokens):
        one = {"index": 0, "delta": delta, "logprobs": {"content": [weight(token) for token in tokens]}}
        return frame({**chunk(), "choices": [one]})

    said = [
        ({"reasoning_content": "hm"}, "hm"),
        ({"content": "a"}, "a"),
        ({"content": ""}, "b"),
        ({"content": "c"}, "c"),
    ]
    frames = [*[says(*one) for one in said], says({"content": ""}, "d"), frame("[DONE]")]
    told = events(tell("/v1/responses", frames))
    deltas = [e["logprobs"] for e in told if e["type"] == "response.output_text.delta"]
    assert deltas == [[weight("a")], [weight("b"), weight("c")]]
    every = [weight(token) for token in "abcd"]
    [done] = [e["logprobs"] for e in told if e["type"] == "response.output_text.done"]
    [part] = [
        e["part"] for e in told if e["type"] == "response.content_part.done" and e["part"]["type"] == "output_text"
    ]
    assert done == part["logprobs"] == told[-1]["response"]["output"][1]["content"][0]["logprobs"] == every


@pytest.mark.parametrize("created", [0, None, "x", True])
def test_a_response_without_a_time_began_now(created):
    body = {"created": created, "choices": [{"index": 0, "message": {"content": "x"}}]}
    front = FRONTS["/v1/responses"]
    watch = Watch(1_790_000_000.5, FakeClock())
    told = json.loads(front.whole(asked("/v1/responses"), json.dumps(body).encode(), watch))
    teller = front.teller(asked("/v1/responses"), watch)
    begun = events(teller.tell(frame({**chunk({"content": "x"}), "created": created})))[0]
    broken = events(front.teller(asked("/v1/responses"), watch).broken(b"{}"))[-1]
    assert {one["created_at"] for one in (told, begun["response"], broken["response"])} == {1_790_000_000}


def test_two_texts_of_a_response_are_told_apart():
    """By their ids; those of a call between them is its own."""
    call = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}
    frames = [frame(chunk(delta)) for delta in ({"content": "a"}, call, {"content": "b"})]
    told = events(tell("/v1/responses", [*frames, frame("[DONE]")]))
    items = told[-1]["response"]["output"]
    assert [item["type"] for item in items] == ["message", "function_call", "message"]
    assert len({item["id"] for item in items}) == 3


def test_a_response_that_breaks_off_has_what_was_said_to_its_end():
    """A call under way is none."""
    call = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}]}
    teller = FRONTS["/v1/responses"].teller(asked("/v1/responses"), WATCH)
    teller.tell(frame(chunk({"content": "a"})) + frame(chunk(call)))
    [_, failed] = events(teller.broken(b'{"error": {"message": "derailed", "code": "cut"}}'))
    assert [item["type"] for item in failed["response"]["output"]] == ["message"]
    assert failed["response"]["error"] == {"code": "cut", "message": "derailed"}
