"""``infer``: KServe's tensors in JSON. A model that is asked for ``text_input`` speaks, any other embeds."""

from __future__ import annotations

from typing import Any

from pointsman.mock.embeddings import MOST_INPUTS
from pointsman.mock.message import Refused, Reply, json_reply
from pointsman.mock.vectors import embed
from pointsman.mock.words import estimate

SHAPES = {"BYTES": str, "BOOL": bool, "INT32": int, "FP32": float}


def read_inputs(fields: dict[str, Any]) -> dict[str, list[Any]]:
    """The values of each input. Raises Refused."""
    inputs = fields.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise Refused(400, "Unable to find 'inputs' in JSON request")
    return dict(_read(each) for each in inputs)


def _read(given: Any) -> tuple[str, list[Any]]:
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str):
        raise Refused(400, "Unable to find 'name' in an input")
    shape, data, kind = given.get("shape"), given.get("data"), SHAPES.get(given.get("datatype"))
    if kind is None or not isinstance(data, list) or not all(type(value) in (kind, int) for value in data):
        raise Refused(400, f"unable to parse 'data' of input '{name}'")
    if not isinstance(shape, list) or not all(type(size) is int for size in shape) or _size(shape) != len(data):
        raise Refused(400, f"unexpected shape for input '{name}': its data has {len(data)} elements")
    return name, data


def _size(shape: list[int]) -> int:
    size = 1
    for each in shape:
        size *= each
    return size


def text_reply(model: str, text: str, tokens: int) -> Reply:
    output = {"name": "text_output", "datatype": "BYTES", "shape": [1], "data": [text]}
    return _reply(model, output, tokens)


def embedding_reply(model: str, texts: list[str], size: int) -> Reply:
    """A row a text."""
    if not texts or len(texts) > MOST_INPUTS or not all(isinstance(text, str) for text in texts):
        raise Refused(400, f"an input has 1 to {MOST_INPUTS} texts")
    data = [number for text in texts for number in embed(text, size)]
    output = {"name": "embedding", "datatype": "FP32", "shape": [len(texts), size], "data": data}
    return _reply(model, output, sum(max(1, estimate(text)) for text in texts))


def _reply(model: str, output: dict[str, Any], tokens: int) -> Reply:
    told = {"model_name": model, "model_version": "1", "outputs": [output]}
    return json_reply(told, tokens=tokens, slow=True)
