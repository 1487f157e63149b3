"""Where a model is asked: the paths of Triton's own, or the one that the configuration gives in full."""

from __future__ import annotations

from functools import lru_cache

from pointsman.model.deployment import Deployment
from pointsman.providers.located import part_of_path
from pointsman.providers.shapes import Inexpressible

GENERATE, INFER, EMBEDDINGS = "/generate", "/infer", "/embeddings"
"""How a path ends that the configuration gives."""

VERSIONS = "/versions/"


def generates_at(deployment: Deployment, model: str, *, stream: bool) -> tuple[str, bool]:
    """The path, and whether tensors are wanted there. Raises Inexpressible where no text is made."""
    path = deployment.path
    if path is None:
        path = _of_model(model) + GENERATE
    if path.endswith(EMBEDDINGS):
        raise Inexpressible("model", "this deployment makes embeddings only")
    if path.endswith(INFER):
        return path, True
    return (f"{path}_stream" if stream else path), False


def embeds_at(deployment: Deployment, model: str) -> str:
    """Raises Inexpressible where none are made."""
    path = deployment.path
    if path is None:
        return _of_model(model) + INFER
    if path.endswith(GENERATE):
        raise Inexpressible("input", "this deployment makes no embeddings")
    return path


@lru_cache(1024)
def _of_model(model: str) -> str:
    """``NAME``, or ``NAME/versions/NUMBER``."""
    name, found, version = model.rpartition(VERSIONS)
    if not (found and name and version.isdecimal()):
        name, version = model, ""
    return f"/v2/models/{part_of_path(name)}" + (f"{VERSIONS}{int(version)}" if version else "")
