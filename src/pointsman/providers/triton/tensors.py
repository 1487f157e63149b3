"""KServe's tensors, version 2: texts and figures as a model's inputs, embeddings and texts among its outputs."""

from __future__ import annotations

from math import prod
from typing import Any

import msgspec

from pointsman.providers.shapes import Inexpressible

USUAL_INPUT = "input_text"
"""The input of an embedding model, where the deployment's ``triton_input`` says no other."""

DATATYPES = {str: "BYTES", bool: "BOOL", int: "INT32", float: "FP32"}

REALS = frozenset({"FP16", "BF16", "FP32", "FP64"})


class Output(msgspec.Struct, gc=False):
    """One of a reply's outputs: its data row by row, in one list."""

    name: str = ""
    datatype: str = ""
    shape: list[int] = []
    data: Any = None


def tensor(name: str, value: Any, *, batched: bool) -> dict[str, Any]:
    """An input of one value, or a list of such. ``batched``: the model wants a dimension for the batch in front.
    Raises Inexpressible.
    """
    data = value if isinstance(value, list) else [value]
    kinds = {type(each) for each in data}
    kind = float if kinds == {int, float} else next(iter(kinds), str)
    if kind not in DATATYPES or (len(kinds) > 1 and kind is not float):
        raise Inexpressible(name, "this provider takes a value, or a list of values of one type")
    return {
        "name": name,
        "shape": [1, len(data)] if batched else [len(data)],
        "datatype": DATATYPES[kind],
        "data": data,
    }


def texts(name: str, given: list[str], *, batched: bool) -> dict[str, Any]:
    """An input of several texts, each a row. ``batched``: the rows are the batch."""
    return {"name": name, "shape": [len(given), 1] if batched else [len(given)], "datatype": "BYTES", "data": given}


def text_of(outputs: list[Output]) -> str | None:
    """What a model says: the first output of texts, joined; None if there is none."""
    for output in outputs:
        data = output.data if isinstance(output.data, list) else [output.data]
        if data and all(isinstance(each, str) for each in data):
            return "".join(data)
    return None


def vectors_of(outputs: list[Output], wanted: int) -> list[list[float]] | None:
    """The first output that has a vector for each of the ``wanted`` texts; None if none has."""
    for output in outputs:
        shape, data = output.shape, output.data
        if output.datatype in REALS and isinstance(data, list) and _fits(shape, wanted) and len(data) == prod(shape):
            size = len(data) // wanted
            return [data[row * size : (row + 1) * size] for row in range(wanted)]
    return None


def _fits(shape: list[int], wanted: int) -> bool:
    """A row a text: two dimensions, those of one aside. Vectors of all tokens have three."""
    if not shape or min(shape) < 1 or wanted < 1:
        return False
    if len(shape) == 1:
        return wanted == 1
    return shape[0] == wanted and prod(shape[1:-1]) == 1
