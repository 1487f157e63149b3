"""What OpenAI's newer models refuse, wherever they are served."""

from __future__ import annotations

import re
from typing import Any

from pointsman.mock.message import Refused

NEWER = re.compile(r"(?:gpt-5|o[1-9])(?![0-9a-z])")
"""How their names begin."""


def refuse_older_limit(fields: dict[str, Any]) -> float:
    """They think, so what an answer may cost is not what of it may be read. No time is needed for the question."""
    if "messages" in fields and fields.get("max_tokens") is not None and NEWER.match(str(fields.get("model"))):
        raise Refused(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model; 'max_completion_tokens' is.",
            param="max_tokens",
            code="unsupported_parameter",
        )
    return 0.0
