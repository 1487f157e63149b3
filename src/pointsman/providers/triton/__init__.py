"""Triton Inference Server: ``/v2/models/{model}/generate``, ``generate_stream`` and ``infer``.

Source: Triton's generate extension and KServe's protocol version 2; the models of TensorRT-LLM's and vLLM's backends.
What a backend calls its inputs is ``backends``; conversations become prompts in ``prompt``; requests are rewritten in
``write``, as tensors by ``tensors``, replies in ``read``, streams in ``stream``.
"""

from __future__ import annotations

from pointsman.providers.shapes import Dialect
from pointsman.providers.triton.read import read
from pointsman.providers.triton.stream import reader
from pointsman.providers.triton.write import NEUTRAL, write

DIALECT = Dialect(write=write, read=read, reader=reader, lacks=frozenset(NEUTRAL))
