"""Words by which the well-known tasks are recognised where a configuration says nothing but their names.

Matched in folded text, so lower case is all there is. They are few and plain on purpose: what has none of them is left
to likeness.
"""

from __future__ import annotations

from typing import Any

import re2

PICTURE = r"(?:images?|pictures?|photos?|photographs?|screenshots?|selfies?|x-?rays?|scans?|drawings?|diagrams?)"
WHICH = r"(?:this|that|these|those|the|attached|uploaded|following|above|my|your|his|her|our|their|two|both)"
SEEING = r"(?:describe|caption|analy[sz]e|look at|see|show|shown|in|on|of|what)"
BEGIN = (
    r"(?:^|[.!?;:\n]\s*|,\s*(?:and |then |please )*|\b(?:and|then|please|pls|kindly|to|you|let's|and then|also)\s+"
    r"|\bi(?:'d| would) like (?:you )?to\s+)"
)
"""Where an order begins: at the beginning of a sentence or behind what leads up to it."""

ACT = (
    r"(?:add|create|schedule|reschedule|delete|update|remove|cancel|book|reserve|send|email|text|call|phone|dial|play|pause"
    r"|skip|remind|turn (?:on|off|up|down)|switch (?:on|off)|lock|unlock|dim|order|buy|pay|transfer|upload|download"
    r"|invite|register|subscribe|unsubscribe|track|snooze|mute|start (?:a|the|my)|set (?:a|an|the|my|up)"
    r"|open (?:a|the|my)|close (?:a|the|my)|move (?:the|my)|look up|search for|fetch|check my"
    r"|mark (?:the|my|it|this|that))"
)
WHOM = r"(?:i|we|you|he|she|they)"
SAYING = r"(?:say|said|tell|told|mention|mentioned|talk|talked|discuss|discussed|decide|decided)"

WORDS: dict[str, tuple[str, ...]] = {
    "vision": (
        rf"\b{WHICH}\s+(?:[a-z]+ )?{PICTURE}\b",
        rf"\b{SEEING} (?:an? |any )?(?:[a-z]+ )?{PICTURE}\b",
        rf"^\W*{PICTURE}\b",
    ),
    "tool_calling": (rf"{BEGIN}(?:just |also |quickly )?{ACT}\b",),
    "memory": (
        r"\b(?:remember|recall|remind me (?:of|who|what|when|where|which|how|why))\b",
        r"\b(?:last time|last session|last chat|earlier today|previous (?:chat|conversation|session|message|answer))\b",
        rf"\b(?:what|when|where|who|which|how|why)\b.{{0,40}}\bdid {WHOM}\b",
        rf"\b(?:did|have|had) (?:i|we|you) (?:ever |already |just )?{SAYING}\b",
        rf"\b{WHOM} (?:already |just |once )?(?:said|told|mentioned|talked about|discussed|decided|agreed)\b",
        r"\bwho(?:'s| is| was) (?:my|our|[a-z]+)(?: again)?\s*\??$",
        r"\bwhat(?:'s| is| was| are) my\b",
    ),
    "reasoning": (
        r"\b(?:prove|proof|derive|derivation|deduce|deduction|disprove|syllogism|counterexample)\b",
        r"\b(?:step[- ]by[- ]step|first principles|chain of thought|root cause|trade-?offs?|pros and cons)\b",
        r"\b(?:think|reason|work) (?:\w+ )?(?:through|carefully|it out|out how|out what|out which|hard about)\b",
        r"\b(?:puzzle|riddle|brain ?teaser|paradox|logic|logical(?:ly)?|fallacy)\b",
        rf"{BEGIN}(?:plan|outline a plan|design a (?:plan|strategy)|devise|strategi[sz]e)\b",
        r"\b(?:a|the|your|detailed|step) (?:plan|strategy) (?:for|to|that|with)\b",
        r"\bif all \w+ are \w+",
        r"\bshow that\b",
    ),
}

PROGRAMS: dict[str, Any] = {name: re2.compile("|".join(words)) for name, words in WORDS.items()}

ENDS = 200
"""Characters at either end of a long text: what is asked stands there, what lies between is what it is about."""


def words_of(name: str, plain: str) -> str | None:
    """The words in a folded text that speak for a well-known task."""
    program = PROGRAMS.get(name)
    if program is None:
        return None
    found = program.search(plain if len(plain) <= 2 * ENDS else f"{plain[:ENDS]}\n{plain[-ENDS:]}")
    return found.group().strip() if found is not None else None
