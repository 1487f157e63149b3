"""The table of competitors, in the order of the report. To add one: a class, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from competitors.litellm import LiteLLM
from competitors.nginx import Nginx
from competitors.pointsman import Pointsman
from competitors.portkey import Portkey
from competitors.rust_routers import SglangRouter, Smg, VllmRouter

if TYPE_CHECKING:
    from competitors.base import Competitor

REFERENCE = Nginx.name
OURS = Pointsman.name
DIRECT = "direct"  # the upstream itself, asked without a gateway; no row, for it is neither installed nor started


def table() -> list[Competitor]:
    """A new instance of each."""
    return [Nginx(), Pointsman(), VllmRouter(), SglangRouter(), Smg(), LiteLLM(), Portkey()]
