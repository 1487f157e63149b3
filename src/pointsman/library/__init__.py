"""Routing among registered models inside a program: no server, no configuration file."""

from pointsman.library.aio import AsyncTaskRouter
from pointsman.library.breaker import CircuitBreakerConfig
from pointsman.library.categories import Detector, TaskCategory
from pointsman.library.models import Limits
from pointsman.library.monitor import ResourceMonitor
from pointsman.library.regret import Regret
from pointsman.library.results import BreakerStatus, Candidate, Explanation, ModelMetrics
from pointsman.library.strategy import Strategy
from pointsman.library.task import Task
from pointsman.library.task_router import TaskRouter

__all__ = [
    "AsyncTaskRouter",
    "BreakerStatus",
    "Candidate",
    "CircuitBreakerConfig",
    "Detector",
    "Explanation",
    "Limits",
    "ModelMetrics",
    "Regret",
    "ResourceMonitor",
    "Strategy",
    "Task",
    "TaskCategory",
    "TaskRouter",
]
