"""The ``triton`` kind: Triton's generate extension over models of TensorRT-LLM's and vLLM's backends, and tensors."""

from pointsman.mock.triton.api import MODELS, Triton

__all__ = ["MODELS", "Triton"]
