"""A semantic router that has nobody for what is like none of its categories."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.remarks import Remark
from pointsman.config.settings import Settings


def nothing_for_the_rest(settings: Settings) -> Iterator[Remark]:
    """Neither a fallback, nor a default provider with a model for requests that name none."""
    if settings.semantic is None or settings.semantic.fallback is not None:
        return
    default = settings.providers.get(settings.default_provider or "")
    at_default = (d for d in settings.deployments if default is not None and d.provider.name == default.name)
    if default is not None and (default.default_model is not None or any(d.model is not None for d in at_default)):
        return
    text = "has no `fallback`: a request that no category is near enough to has nowhere to go"
    hint = "name a category in `fallback`, call one `general`, or give a default provider a `default_model`"
    yield Remark("warning", ("semantic_router",), text, suggestion=hint)
