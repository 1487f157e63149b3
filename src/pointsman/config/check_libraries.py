"""Deployments that a library asks for us: is it there, and is it said which service to ask?"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from pointsman.config.kinds import LIBRARIES
from pointsman.config.remarks import DEPLOYMENT, Remark
from pointsman.config.settings import Settings

INSTALL = "pip install 'pointsman[any-llm]'"


def libraries_that_are_missing(settings: Settings) -> Iterator[Remark]:
    """One remark, about the first deployment that needs it."""
    for deployment in settings.deployments:
        if deployment.provider.kind in LIBRARIES and find_spec(deployment.provider.kind) is None:
            text = "needs the library any-llm, which is not installed: requests that come to it fail"
            yield Remark("warning", (DEPLOYMENT, deployment.id), text, (), INSTALL)
            return


def services_of_libraries(settings: Settings) -> Iterator[Remark]:
    """A model's name begins with its service's."""
    for deployment in settings.deployments:
        model = deployment.model
        if deployment.provider.kind in LIBRARIES and model is not None and not all(model.partition("/")):
            text, hint = "names no service in {}", "any_llm/SERVICE/MODEL, for example any_llm/watsonx/ibm/granite-4"
            yield Remark("error", (DEPLOYMENT, deployment.id), text, (model,), hint)
