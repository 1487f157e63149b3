"""The grammar of conditions, and what is said of a text that does not follow it. Names and types come later."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token, Tree, UnexpectedInput

MAX_LENGTH = 1_000
"""Characters of a condition."""

GRAMMAR = r"""
?start: some
?some: every (OR every)*
?every: single (AND single)*
?single: NOT single -> negated
    | "(" some ")"
    | NAME -> alone
    | NAME (ORDER | IN | MATCHES) value -> compared
    | item IN NAME -> among
?value: item | "[" item ("," item)* "]" -> listed
?item: TEXT | NUMBER | TRUTH

AND.2: /(and|AND)(?![\w.-])/
OR.2: /(or|OR)(?![\w.-])/
NOT.2: /(not|NOT)(?![\w.-])/
IN.2: /(in|IN)(?![\w.-])/
MATCHES.2: /matches(?![\w.-])/
TRUTH.2: /(true|True|TRUE|false|False|FALSE)(?![\w.-])/
ORDER: /==|!=|<=|>=|<|>/
NUMBER: /[-+]?(\d+(\.\d+)?|\.\d+)([eE][-+]?\d+(?!\w))?\w*/
TEXT: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
NAME: /[A-Za-z_][\w.-]*/
%ignore /\s+/
"""

ELSEWHERE = {"&&": "and", "||": "or", "!": "not", "=~": "matches", "=": "=="}
"""What other languages write, and what it is called here."""


class NoCondition(Exception):  # noqa: N818  it says what the text is, not what went wrong in here
    """Why a text is no condition: a template of ``Report.error`` with its values, and a hint."""

    def __init__(self, template: str, *values: str | int, hint: str = "") -> None:
        super().__init__(template)
        self.template, self.values, self.hint = template, values, hint


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic")


def parsed(text: str) -> Tree[Token]:
    """The tree of a text. Raises NoCondition."""
    if len(text) > MAX_LENGTH:
        raise NoCondition("is longer than {} characters", MAX_LENGTH)
    if not text.strip():
        raise NoCondition("says nothing", hint="leave it out, or write always")
    try:
        return _parser().parse(text)
    except UnexpectedInput as error:
        raise _misread(text, error) from None


def plain(token: Token) -> str:
    """A text without its quotes. A backslash before a quote of its kind goes, others stay: patterns have many."""
    quote = token[0]
    return token[1:-1].replace("\\" + quote, quote)


def _misread(text: str, error: UnexpectedInput) -> NoCondition:
    token = getattr(error, "token", None)
    at = error.pos_in_stream
    if at is None or (token is not None and token.type == "$END"):
        return NoCondition("is a condition that ends too early")
    if token is None and text[at] in "\"'":
        return NoCondition("has a quote without an end, at character {}", at + 1)
    word = text[at:].split(maxsplit=1)[0]
    if token is not None:
        word = "…" if token.type == "TEXT" else str(token)  # nobody knows yet whether it is a secret
    hint = next((f"write {here}" for mark, here in ELSEWHERE.items() if word.startswith(mark)), "")
    if token is not None and token.type == "NAME" and "TEXT" in getattr(error, "expected", ()):
        hint = "put it in quotes"
    return NoCondition("can't be read as a condition from {} on, character {}", word, at + 1, hint=hint)
