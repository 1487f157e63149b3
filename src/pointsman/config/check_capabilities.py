"""Capabilities that nobody has, as far as the configuration can tell."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.remarks import Remark
from pointsman.config.settings import Capability, Settings
from pointsman.model.deployment import Deployment
from pointsman.model.sizes import size_of


def capabilities_of_nobody(settings: Settings) -> Iterator[Remark]:
    """Everybody who could have it is known to be too small; or nobody is known to be large enough."""
    for name, wanted in settings.capabilities.items():
        known = [_has(deployment, wanted) for deployment in _candidates(wanted, settings)]
        if known and all(has is False for has in known):
            yield Remark("warning", ("capabilities", name), f"nobody has it: all are below {_bounds(wanted)}")
        elif known and True not in known:
            hint = "say `size` and `context_window` in `model_info`"
            text = (
                f"nobody is known to have {_bounds(wanted)}; unless a provider's list tells who, whoever may is asked"
            )
            yield Remark("info", ("capabilities", name), text, suggestion=hint)


def _candidates(wanted: Capability, settings: Settings) -> list[Deployment]:
    """The deployments that the configuration lists; open ones serve names that nobody knows yet."""
    return [
        deployment
        for deployment in settings.deployments
        if deployment.model is not None
        and (not wanted.models or deployment.model_name in wanted.models)
        and (not wanted.providers or deployment.provider.name in wanted.providers)
    ]


def _has(deployment: Deployment, wanted: Capability) -> bool | None:
    """None: nobody said how large it is."""
    size = size_of(deployment)
    billions = size.billions if size is not None else None
    figures = ((billions, wanted.min_size), (deployment.context, wanted.min_context))
    asked = [(figure, least) for figure, least in figures if least is not None]
    if any(figure is not None and figure < least for figure, least in asked):
        return False
    return None if any(figure is None for figure, _ in asked) else True


def _bounds(wanted: Capability) -> str:
    bounds = [f"{wanted.min_size:g}B"] if wanted.min_size is not None else []
    bounds += [f"a context of {wanted.min_context}"] if wanted.min_context is not None else []
    return " and ".join(bounds)
