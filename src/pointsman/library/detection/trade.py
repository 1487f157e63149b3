"""Whether a text has a word or a sign of software, whatever else is in it."""

from __future__ import annotations

import re

import re2

from pointsman.library.detection.words import TRADE

_SIGNS = re2.compile(
    r"(?m)```|[{;]\s*$|^\s*\}|\{\"|=>|==|!=|::|->|</|\w\(\)|[a-z]{2}_[a-z]{2}|[a-z]{2}\[\w|\bat [\w.$]+\("
    r"|\b(?:(?:pull|merge) requests?|unit[- ]tests?|test (?:cases?|suites?|coverage)|core dump|foreign key)\b"
    r"|\b\w+\.(?:py|js|ts|tsx|jsx|go|rs|rb|java|kt|c|cc|cpp|cs|php|sh|sql|css|html?|md|json|ya?ml|toml|lock|swift|vue)\b"
)
_WORD = re.compile(r"[\w.+#-]+")


def named(plain: str) -> bool:
    """True if a folded text has one."""
    return (
        not TRADE.isdisjoint([word.rstrip(".-") for word in _WORD.findall(plain)]) or _SIGNS.search(plain) is not None
    )
