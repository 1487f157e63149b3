"""The names that users import, and nothing else. Each room is loaded when a name of it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pointsman.version import VERSION

if TYPE_CHECKING:
    from pointsman.errors import PointsmanError
    from pointsman.library import (
        AsyncTaskRouter,
        BreakerStatus,
        CircuitBreakerConfig,
        Explanation,
        Limits,
        ModelMetrics,
        ResourceMonitor,
        Strategy,
        Task,
        TaskCategory,
        TaskRouter,
    )
    from pointsman.library.instances import EndpointInstance, FunctionInstance, Instance, ProcessInstance

__version__ = VERSION

__all__ = [
    "AsyncTaskRouter",
    "BreakerStatus",
    "CircuitBreakerConfig",
    "EndpointInstance",
    "Explanation",
    "FunctionInstance",
    "Instance",
    "Limits",
    "ModelMetrics",
    "PointsmanError",
    "ProcessInstance",
    "ResourceMonitor",
    "Strategy",
    "Task",
    "TaskCategory",
    "TaskRouter",
    "__version__",
]

_INSTANCES = ("EndpointInstance", "FunctionInstance", "Instance", "ProcessInstance")
_ROOMS = {"PointsmanError": "pointsman.errors"} | dict.fromkeys(_INSTANCES, "pointsman.library.instances")
"""Where a name stands, if not in the library."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_ROOMS.get(name, "pointsman.library")), name)
    return found


def __dir__() -> list[str]:
    return __all__
