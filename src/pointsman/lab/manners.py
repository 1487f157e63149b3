"""Good manners around a prompt. Whoever learns from prompts without them takes a greeting for what is asked."""

from __future__ import annotations

import zlib

BEFORE = (
    "", "Hello, ", "Hi there, ", "Hey, ", "Good morning. ", "Please ", "please, ", "Can you ", "Could you please ",
    "Can you please help me? ", "I need help with this: ", "I have a question. ", "Quick question: ",
    "Could you help me out here? ", "I would like to know the following. ", "Hello! I need your help. ",
    "Sorry to bother you, but ", "Hi, I'd be glad if you could help. ", "Dear assistant, ", "OK so ",
    "Help me with the following:\n",
)  # fmt: skip

BEHIND = (
    "", " Thanks!", " Thank you.", " Thanks in advance.", " please", " Thank you very much!", " Please help.",
    " I'd appreciate it.", " Cheers", " Thanks for your help.", " Let me know.", " Much appreciated!",
    " Kind regards, Tom", " asap please", " Can you do that?", " That would be great.", " thx",
)  # fmt: skip


def dressed(text: str) -> str:
    """The same with a greeting and thanks, always the same ones for one text."""
    number = zlib.crc32(text.encode())
    return BEFORE[number % len(BEFORE)] + text + BEHIND[number // len(BEFORE) % len(BEHIND)]
