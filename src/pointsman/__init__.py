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
        Strategy,
        Task,
        TaskCategory,
        TaskRouter,
    )

__version__ = VERSION

__all__ = [
    "AsyncTaskRouter",
    "BreakerStatus",
    "CircuitBreakerConfig",
    "Explanation",
    "Limits",
    "ModelMetrics",
    "PointsmanError",
    "Strategy",
    "Task",
    "TaskCategory",
    "TaskRouter",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = "pointsman.errors" if name == "PointsmanError" else "pointsman.library"
    found = globals()[name] = getattr(import_module(room), name)
    return found


def __dir__() -> list[str]:
    return __all__
