"""A router with a monitor: its models are watched as long as they are registered, and it goes by what is read."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from pointsman import Strategy, TaskRouter
from pointsman.errors import Misuse
from pointsman.library.monitor import Figures, Look, ResourceMonitor
from support.beside import wait_until


class Gauge:
    name = "gauge"

    def __init__(self, **cpu: float) -> None:
        self.cpu = {int(pid.removeprefix("p")): share for pid, share in cpu.items()}

    def look(self) -> Look:
        def of(pid: int | None) -> Figures:
            return {"cpu": self.cpu[pid]} if pid in self.cpu else {}

        return of


def program(pid: int) -> SimpleNamespace:
    return SimpleNamespace(pid=pid)


@pytest.fixture
def gauge():
    return Gauge(p1=0.9, p2=0.2, p3=0.5)


def test_tasks_go_where_there_is_room(gauge):
    """And elsewhere as soon as that has changed; a model that is unregistered is not watched any more."""
    monitor = ResourceMonitor(3600.0, sources=[gauge])
    with TaskRouter("least-utilization", seed=1, monitor=monitor) as router:
        for number in (1, 2, 3):
            router.register_model(f"m{number}", program(number))
        monitor.sample()
        assert {router.route_task("write a test") for _ in range(5)} == {"m2"}
        assert "least-utilization: m2 uses 0.20 of what it has; next: m3" in str(router.explain("write a test"))
        gauge.cpu[2] = 1.0
        monitor.sample()
        assert router.route_task("write a test") == "m3"
        router.unregister_model("m3")
        assert set(monitor.sample()) == {"m1", "m2"}
        assert router.route_task("write a test") == "m1"


def test_the_router_ends_what_it_has_begun(gauge):
    """A monitor that was running before goes on, and tells a closed router nothing."""
    threads = threading.active_count()
    monitor = ResourceMonitor(0.001, sources=[gauge])
    with TaskRouter(Strategy.LEAST_UTILIZATION, monitor=monitor) as router:
        router.register_model("m1", program(1))
        assert monitor.running
        wait_until(lambda: router._desk.board.utilizations == {"m1": 0.9})
    assert not monitor.running
    assert threading.active_count() == threads
    with monitor:
        with TaskRouter(monitor=monitor) as router:
            router.register_model("m2", program(2))
            monitor.sample()
        assert monitor.running
        monitor.sample()
        assert router._desk.board.utilizations == {}
        assert monitor.utilization("m2") == 0.2


def test_a_monitor_is_a_monitor():
    """Another thing is refused before anything begins."""
    with pytest.raises(Misuse, match="monitor is a ResourceMonitor, not bool"):
        TaskRouter(monitor=True)
