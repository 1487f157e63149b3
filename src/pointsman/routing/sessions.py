"""Where a conversation was served last."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.model.request import Request
from pointsman.model.view import View


def home_of(request: Request, places: Mapping[str, int], view: View) -> int | None:
    """The index of the deployment that served the request's session last, if it is among these, which are fit."""
    session = request.hints.session
    found = view.home(session) if session is not None else None
    return places.get(found) if found is not None else None
