"""Phrases that tell a category wherever they stand in a text; found at word boundaries, in folded text.

They are asked where no sentence is an order. ``SURE`` are the trade's own and decide; ``LIKELY`` are said of anything
and make their category likelier.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import re2

from pointsman.library.categories import TaskCategory

CODING, REFACTORING = TaskCategory.CODING, TaskCategory.REFACTORING
TESTING, DOCUMENTATION = TaskCategory.TESTING, TaskCategory.DOCUMENTATION
DEBUGGING, CODE_REVIEW = TaskCategory.DEBUGGING, TaskCategory.CODE_REVIEW

REQUEST = r"(?:pull[- ]requests?|merge[- ]requests?|prs?|mrs?|diffs?|patch(?:es)?)"
CHANGE = rf"(?:{REQUEST}|changesets?|changes?|commits?|branch)"
WHAT = r"(?:code|function|class|implementation|solution|approach|script|module|component|program|test|query|loop)"
THIS = r"(?:this|that|my|our|the|these|those|his|her|their) (?:\w+ )?"
OPINION = r"(?:feedback|comments?|remarks?|opinion|thoughts|objections|concerns|criticism)"
LANGUAGE = (
    r"(?:python|java(?:script)?|typescript|kotlin|swift|rust|golang|c(?:\+\+|#)?|ruby|php|perl|scala|haskell|elixir|lua|bash|awk"
    r"|dart|clojure|cobol|fortran|julia|f#|ocaml|sql)"
)
FAILING = (
    r"(?:work|working|start|load|loading|loaded|run|running|respond|build|compile|connect|find|show|showing|save|open|render|update"
    r"|sent|fire|terminate|stop)"
)

SURE: dict[TaskCategory, tuple[str, ...]] = {
    CODE_REVIEW: (
        r"\b(?:lgtm|ptal|code[- ]reviews?|peer[- ]review|nitpicks?|nits|second pair of eyes|sign[- ]?off)\b",
        rf"\b{OPINION} (?:on|to|about|regarding|against) {THIS}(?:{CHANGE}|{WHAT})\b",
        rf"\b(?:approv\w+|reject|accept|review\w*) {THIS}{CHANGE}\b",
        rf"\b(?:review|approval) (?:of|for) (?:an? |{THIS})?(?:{CHANGE}|{WHAT})\b",
        r"\b(?:ok|okay|good|ready|safe|fit) (?:to|for) (?:be )?(?:merged?|merging|ship|shipped|review)\b",
        r"\b(?:should|can|may|could|shall) (?:i|we|this|it|that)(?: \w+)? (?:be )?(?:merged?|shipped?)\b",
        r"\bbefore (?:i|we|it gets?|it is|it's) (?:merged?|push|ship(?:ped)?)\b",
        rf"\b(?:what do you think|how do you like|how does) (?:of |about )?{THIS}(?:{CHANGE}|{WHAT})\b",
        rf"\b(?:wrong|missing|problems?|issues?|mistakes?) (?:with|in) {THIS}{REQUEST}\b",
        rf"\b(?:problems|issues|mistakes|bugs|weak points|concerns) (?:\w+ ){{0,3}}(?:in|with) {THIS}{CHANGE}\b",
        r"\b(?:looks good to me|best practices)\b",
    ),
    DEBUGGING: (
        r"\btraceback \(most recent call last\)",
        r"\b(?:stack ?traces?|core dumped|seg(?:mentation )?faults?|steps to reproduce|bug report|root cause)\b",
        r"\b[a-z.]*[a-z](?:error|exception)\b",
        r"\b(?:panic|fatal|error):|\berr!|\berror [a-z]{1,4}-?\d+|\bora-\d+",
        r"\b(?:null ?pointer|deadlocks?|deadlocked|race condition|memory leak)\b",
        r"\b(?:(?:infinite|endless) loop|off[- ]by[- ]one)\b",
        r"\b(?:crashloopbackoff|stack overflow|permission denied|connection (?:refused|reset))\b",
        r"\bexit(?:s|ed)? (?:with )?(?:code|status) \d+",
        r"\b(?:returns?|returning|gives?|getting|get|shows?|throws?) (?:an? |me )*(?:http )?[45]\d\d\b",
        r"\bundefined (?:reference|symbol|variable)\b",
        r"\b(?:won't|does(?:n't| not)|did(?:n't| not)) compile\b",
        r"\btests? (?:\w+ ){0,2}(?:fails?|failing|failed|breaks|red)\b",
        r"^at [\w.$]+\(",
    ),
    CODING: (rf"\b(?:convert|translate|transpile|port)\b.{{1,60}}\b(?:to|into) {LANGUAGE}(?:\W|$)",),
}

LIKELY: dict[TaskCategory, tuple[str, ...]] = {
    CODE_REVIEW: (
        r"\b(?:approv(?:e|al|als|ed|ing)|verdict|reviewers?|reviewed|critical eye|objections?|feedback)\b",
        rf"\b(?:{REQUEST}|my branch|the branch|this branch)\b",
        r"\b(?:have|take) (?:a|an|one more|another) (?:\w+ )?look\b|\blook closely\b",
        r"\bwould you (?:accept|merge|change|reject|object|criticise|criticize|do differently)\b",
        r"\bwhat (?:would|do|might) (?:you|a reviewer|one) (?:change|improve|criticise|criticize|say|object)\b",
    ),
    DEBUGGING: (
        r"\bwhy (?:is|are|does|do|did|was|were|am|can't|isn't|aren't|doesn't|don't|won't|didn't|has|have)\b",
        r"\bwhat(?:'s| is| am i| are we)? (?:wrong|causing|causes|going wrong|doing wrong|broke|breaks|happened)\b",
        r"\bgo(?:es|ing)? wrong\b|\bnothing happens\b",
        rf"\b(?:does|do|did|is|are|was|has|have|can|could|would|will)(?:n't| not|not) (?:\w+ )?{FAILING}\b",
        r"\b(?:crash(?:es|ed|ing)?|hangs?|hanging|freezes|freezing|fail|fails|failing|failed|broken|breaks|stuck)\b",
        r"\b(?:bugs?|errors?|exceptions?|times? out|timeouts?|leaks?)\b",
        r"\b(?:no longer|stopped|stops) (?:work\w*|load\w*|build\w*|respond\w*|compil\w*)\b",
        r"\bexpected\b.{1,80}\b(?:but|got|actual)\b",
        r"\bwrong (?:results?|outputs?|values?|orders?|numbers?|answers?)\b",
    ),
    REFACTORING: (
        r"\b(?:refactor(?:ing|ed)?|clean(?:er|ed)? up|clean[- ]?up|duplicat(?:ed|ion)|unused)\b",
        r"\b(?:tech(?:nical)? debt|dead code|copy[- ]and[- ]paste|spaghetti|code smells?)\b",
        r"\b(?:make|making|be|get) .{1,60}\b(?:faster|quicker|cleaner|simpler|shorter|nicer|readable|less complex)\b",
        r"\b(?:make|making|be|get) .{1,60}\bmore (?:pythonic|idiomatic|elegant|efficient|concise|maintainable)\b",
        r"\b(?:cleaner|nicer|shorter|simpler|more (?:elegant|idiomatic|efficient|pythonic)) way\b",
        r"\buse (?:an? |the )?[\w -]{1,30} (?:instead of|rather than|in place of)\b",
        r"\b(?:simplified|optimi[sz]ed|tidied)\b",
        r"\bwithout chang(?:ing|e)s? (?:the |its |what |any )?(?:behaviou?r|functionality|semantics|api|it|callers)\b",
        r"\b(?:same|identical) behaviou?r\b|\b(?:too|it is|it's|is) slow\b|\b(?:readable|understandable)\b",
        r"\b(?:results?|output|behaviou?r|interface|logic|rest) (?:\w+ ){1,3}(?:stay|remain|change|the same)\b",
    ),
    TESTING: (
        r"\b(?:unit|integration|regression|smoke|load|stress|acceptance|snapshot) (?:tests?|testing)\b",
        r"\b(?:contract|mutation|end[- ]to[- ]end|e2e|property[- ]based) (?:tests?|testing)\b",
        r"\b(?:test cases?|test suite|test coverage|code coverage|edge cases|tdd|assert(?:s|ions?)?)\b",
        r"\bautomat(?:ed|ically|e) (?:\w+ ){0,2}(?:checks?|tests?|scenarios?)\b",
        r"\b(?:as|with|into|in|by) (?:an? |unit |automated )*tests?\b",
    ),
    DOCUMENTATION: (
        r"\b(?:manual|handbook|instructions|tutorial|wiki|glossary)\b",
        r"\bin (?:plain|simple) (?:words|terms|english|language)\b",
        r"\bwhat (?:it|this|that|each \w+|they) (?:does|do|means?|is for|is good for|are for)\b|\bline by line\b",
        r"\b(?:docstrings?|readme|documentation|changelog|javadoc|code comments?|api docs|user guide|release notes)\b",
        rf"\bwhat (?:does|do|is) {THIS}(?:{WHAT}|snippet|regex|method|line) (?:do|does|for|mean|doing)\b",
    ),
    CODING: (
        r"\bas an? [\w -]{1,30},? i (?:want|would like|need)\b",
        r"\b(?:feature request|new feature|(?:sample|example) code)\b",
        r"\bhow (?:do|can|could|would|should) (?:i|you|we|one)\b|\bhow to\b",
        r"\b(?:syntax|way) (?:to|for|of)\b|\bcode (?:to|for|that|which)\b",
        r"\bshould (?:be able to|support|allow|accept)\b|\b(?:users|customers|visitors) (?:can|want|ask for|may)\b",
        r"\bnew (?:button|page|screen|option|format|endpoint|field|column|command|service|job)\b",
    ),
}


def _program(patterns: Iterable[str]) -> Any:
    return re2.compile("(?m)" + "|".join(patterns))


SURELY = {category: _program(patterns) for category, patterns in SURE.items()}
PROBABLY = {category: _program(patterns) for category, patterns in LIKELY.items()}
