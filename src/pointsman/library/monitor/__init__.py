"""How busy the machines and programs are that models run on, for strategies that go by it."""

from __future__ import annotations

from pointsman.library.monitor.monitor import ResourceMonitor
from pointsman.library.monitor.usage import Figures, Look, Source, Usage

__all__ = ["Figures", "Look", "ResourceMonitor", "Source", "Usage"]
