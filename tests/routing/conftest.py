"""Examples of hypothesis are judged by what they show, never by how long they took."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
