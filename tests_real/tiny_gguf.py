"""Writes the model that the real server serves: two layers, half a megabyte, seeded weights, a token a byte.

It runs in the server's environment (it needs ``gguf``), as a script: ``python tiny_gguf.py FILE``. What the
model says is noise, but lawful noise, so that tests can expect something of it. The first dimension of the
residual stream is a constant that no layer may touch; the output layer reads from it how much each token is
wanted. Printable ASCII is wanted, everything else is not: every token is a visible character, the end of text
never comes by itself, and an answer is exactly as long as it was allowed to be.
"""

from __future__ import annotations

import sys

import gguf
import numpy as np

EMBEDDING = 64
FEED_FORWARD = 128
HEADS = 4
KV_HEADS = 2
LAYERS = 2
CONTEXT = 4096
SEED = 20_240_229

UNKNOWN, BEGIN, END = 0, 1, 2
FIRST_BYTE = 3
VOCABULARY = FIRST_BYTE + 256

CONSTANT = 4.0  # in the first dimension of every token's embedding
UNWANTED = -10.0  # the output layer's answer to that constant, for tokens that must not be said
LIVELINESS = 0.3  # how far the wanted tokens' logits lie apart

TEMPLATE = "{% for m in messages %}{{ m.role }}:{{ m.content }}\n{% endfor %}assistant:"


def write(path: str) -> None:
    """One complete GGUF file; the same bytes for the same constants."""
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer)
    _vocabulary(writer)
    for name, weights in _tensors().items():
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter) -> None:
    writer.add_name("tiny")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)


def _vocabulary(writer: gguf.GGUFWriter) -> None:
    writer.add_tokenizer_model("llama")
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types(kinds + [gguf.TokenType.BYTE] * 256)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


def _tensors() -> dict[str, np.ndarray]:
    """Name to weights, rows are outputs."""
    dice = np.random.default_rng(SEED)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return dice.standard_normal((rows, columns)) / np.sqrt(columns)

    embedding = dice.standard_normal((VOCABULARY, EMBEDDING))
    embedding[:, 0] = CONSTANT
    output = dice.standard_normal((VOCABULARY, EMBEDDING)) * LIVELINESS
    output[:, 0] = UNWANTED
    output[FIRST_BYTE + ord("!") : FIRST_BYTE + ord("~") + 1, 0] = 0.0
    found = {
        "token_embd.weight": embedding,
        "output_norm.weight": np.ones(EMBEDDING),
        "output.weight": output,
    }
    keys = KV_HEADS * EMBEDDING // HEADS
    for layer in range(LAYERS):
        block = {
            "attn_norm": np.ones(EMBEDDING),
            "attn_q": matrix(EMBEDDING, EMBEDDING),
            "attn_k": matrix(keys, EMBEDDING),
            "attn_v": matrix(keys, EMBEDDING),
            "attn_output": matrix(EMBEDDING, EMBEDDING),
            "ffn_norm": np.ones(EMBEDDING),
            "ffn_gate": matrix(FEED_FORWARD, EMBEDDING),
            "ffn_up": matrix(FEED_FORWARD, EMBEDDING),
            "ffn_down": matrix(EMBEDDING, FEED_FORWARD),
        }
        block["attn_output"][0] = 0.0  # hands off the constant
        block["ffn_down"][0] = 0.0
        found |= {f"blk.{layer}.{part}.weight": weights for part, weights in block.items()}
    return found


if __name__ == "__main__":
    write(sys.argv[1])
