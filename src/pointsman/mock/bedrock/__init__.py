"""The ``bedrock`` kind: Amazon Bedrock's Converse with its binary event stream, its errors, and signatures checked."""

from pointsman.mock.bedrock.api import MODELS, Bedrock

__all__ = ["MODELS", "Bedrock"]
