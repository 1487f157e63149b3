"""The monitor: who is watched and how, what is known for how long, and that nothing goes wrong for who routes."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest

from pointsman.errors import Misuse
from pointsman.fakes import FakeClock
from pointsman.library.instances import EndpointInstance, FunctionInstance, ProcessInstance
from pointsman.library.monitor import Figures, Look, ResourceMonitor, Usage
from pointsman.library.monitor.monitor import ROUNDS
from support.beside import wait_until


class Gauge:
    """Says what it is told to, by process; None is the machine."""

    def __init__(self, name: str = "gauge", **machine: float) -> None:
        self.name = name
        self.figures: dict[int | None, Figures] = {None: machine}
        self.looks = 0
        self.looked = threading.Event()
        self.broken = self.stuck = False

    def look(self) -> Look:
        self.looks += 1
        self.looked.set()
        if self.broken:
            raise OSError("no such file")
        return self._of

    def _of(self, pid: int | None) -> Figures:
        if self.stuck:
            raise PermissionError("not allowed")
        return self.figures.get(pid, {})


@pytest.fixture
def gauge():
    return Gauge(cpu=0.5, memory=0.25)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(gauge, clock):
    return ResourceMonitor(5.0, sources=[gauge], clock=clock)


def program(pid: int | None) -> SimpleNamespace:
    return SimpleNamespace(pid=pid)


def test_a_program_is_watched_by_its_number(monitor, gauge, clock):
    """Whichever that is at the moment: a program that was started anew has another one."""
    instance = program(7)
    gauge.figures |= {7: {"cpu": 0.1, "memory": 0.2}, 8: {"cpu": 0.3, "memory": 0.2}}
    monitor.watch("m", instance)
    assert monitor.utilization("m") is None
    assert monitor.sample() == {"m": Usage(0.1, 0.2, at=clock())}
    assert (monitor.usage("m"), monitor.utilization("m")) == (Usage(0.1, 0.2, at=clock()), 0.2)
    instance.pid = 8
    monitor.sample()
    assert monitor.utilization("m") == 0.3


@pytest.mark.parametrize("pid", [None, 9])
def test_a_program_that_does_not_run_has_no_reading(monitor, pid):
    """Not started yet, or gone."""
    monitor.watch("m", program(pid))
    assert monitor.sample() == {}
    assert (monitor.usage("m"), monitor.utilization("m")) == (None, None)


def test_what_is_served_here_is_as_busy_as_the_machine(monitor, clock):
    """An endpoint at a loopback address; one elsewhere is not known, nor is a function, nor who has no instance."""
    for name, instance in {
        "here": EndpointInstance("http://127.0.0.1:11434", "llama3", kind="ollama"),
        "here, by name": EndpointInstance("http://localhost:8000/v1", "llama3"),
        "here, by six": EndpointInstance("http://[::1]:8000/v1", "llama3"),
        "there": EndpointInstance("https://api.openai.com", "gpt-4o"),
        "function": FunctionInstance(str.upper),
        "nobody": None,
    }.items():
        monitor.watch(name, instance)
    found = monitor.sample()
    assert set(found) == {"here", "here, by name", "here, by six"}
    assert found["here"] == monitor.machine == Usage(0.5, 0.25, at=clock())


def test_the_shortest_resource_counts():
    """Whichever source tells of it."""
    cards = Gauge("gpu", gpu=0.2, gpu_memory=0.9)
    monitor = ResourceMonitor(sources=[Gauge(cpu=0.5, memory=0.25), cards])
    monitor.watch("m", SimpleNamespace(local=True))
    monitor.sample()
    assert monitor.utilization("m") == 0.9
    assert (monitor.usage("m").gpu, monitor.usage("m").cpu) == (0.2, 0.5)
    assert Usage().greatest is None
    assert Usage(0.0, 0.0).greatest == 0.0


def test_who_routes_is_told_after_each_look(monitor, gauge):
    """A mapping of its own each time, of those of whom something is known; and of nobody in the end."""
    told = []
    monitor.tell(told.append)
    monitor.watch("m", program(7))
    monitor.watch("gone", program(8))
    monitor.sample()
    gauge.figures[7] = {"cpu": 0.4}
    monitor.sample()
    monitor.stop()
    assert told == [{}, {"m": 0.4}, {}]
    assert monitor.utilization("m") is None
    assert monitor.machine is None


def test_who_is_forgotten_is_not_known_any_more(monitor, gauge):
    """At once, and at the next look; to forget a stranger is no error."""
    gauge.figures[7] = {"cpu": 0.4}
    monitor.watch("m", program(7))
    monitor.watch("other", program(7))
    monitor.sample()
    monitor.forget("m")
    monitor.forget("stranger")
    assert (monitor.utilization("m"), monitor.utilization("other")) == (None, 0.4)
    assert set(monitor.sample()) == {"other"}
    monitor.watch("other", None)
    assert monitor.sample() == {}


def test_a_reading_holds_for_some_rounds(monitor, clock):
    """Who has not been looked at for long is not known: the thread may be stuck."""
    monitor.watch("m", SimpleNamespace(local=True))
    monitor.sample()
    clock.now += 5.0 * ROUNDS
    assert monitor.utilization("m") == 0.5
    clock.now += 0.1
    assert (monitor.utilization("m"), monitor.machine) == (None, None)
    monitor.sample()
    assert monitor.utilization("m") == 0.5


def test_a_source_that_breaks_costs_its_own_figures_alone(gauge):
    """What is the matter stands in ``status`` and ``repr``, until it is well again."""
    cards = Gauge("gpu", gpu=0.9)
    monitor = ResourceMonitor(sources=[gauge, cards])
    monitor.watch("m", SimpleNamespace(local=True))
    cards.broken = True
    monitor.sample()
    assert monitor.utilization("m") == 0.5
    assert monitor.status == {"gauge": "well", "gpu": "OSError: no such file"}
    assert repr(monitor) == ("ResourceMonitor(every 5 s, stopped, 1 models, gauge: well, gpu: OSError: no such file)")
    cards.broken, gauge.stuck = False, True
    monitor.sample()
    assert monitor.utilization("m") == 0.9
    assert monitor.status == {"gauge": "PermissionError: not allowed", "gpu": "well"}
    gauge.broken = cards.broken = True
    assert monitor.sample() == {}


def test_figures_are_parts_of_the_whole(gauge):
    """Whatever a source says: nothing below 0 or above 1, and no figure that is none."""
    monitor = ResourceMonitor(sources=[Gauge(cpu=1.7, memory=-0.1, gpu=float("nan"), gpu_memory=float("inf"))])
    monitor.watch("m", SimpleNamespace(local=True))
    usage = monitor.sample()["m"]
    assert (usage.cpu, usage.memory, usage.gpu, usage.gpu_memory) == (1.0, 0.0, None, None)


def test_it_looks_at_once_and_again_and_again(gauge):
    """In a thread of its own, which ends when it is stopped; it may be started again."""
    monitor = ResourceMonitor(0.001, sources=[gauge])
    monitor.watch("m", SimpleNamespace(local=True))
    before = threading.active_count()
    for _ in range(2):
        with monitor:
            assert monitor.start() is monitor
            assert monitor.running
            assert threading.active_count() == before + 1
            looks = gauge.looks
            wait_until(lambda looks=looks: gauge.looks > looks + 2)
        assert not monitor.running
        assert threading.active_count() == before
    assert "stopped" in repr(monitor)
    ResourceMonitor(sources=[gauge]).stop()


def test_stopping_does_not_wait_for_the_next_look(gauge):
    """A look every hour."""
    with ResourceMonitor(3600.0, sources=[gauge]):
        assert gauge.looked.wait(30)


def test_what_goes_wrong_does_not_end_it(gauge):
    """A source that breaks now may be well later."""
    gauge.broken = True
    with ResourceMonitor(0.001, sources=[gauge]) as monitor:
        monitor.watch("m", SimpleNamespace(local=True))
        assert gauge.looked.wait(30)
        gauge.broken = False
        wait_until(lambda: monitor.utilization("m") == 0.5 or gauge.looked.clear())


def test_models_may_come_and_go_while_it_looks(gauge):
    """From other threads, thousands of times."""
    with ResourceMonitor(1e-6, sources=[gauge]) as monitor:

        def come_and_go(which: int) -> None:
            for n in range(500):
                monitor.watch(f"m{which}.{n}", SimpleNamespace(local=True))
                monitor.utilization(f"m{which}.{n}")
                monitor.forget(f"m{which}.{n}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(come_and_go, range(4)))
        monitor.sample()
        assert monitor._watched == {}
        assert monitor._readings == {}
        assert monitor.running


def test_an_interval_may_be_a_timedelta(gauge):
    assert ResourceMonitor(timedelta(seconds=2), sources=[gauge]).interval == 2.0


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf"), None, "5", True])
def test_an_interval_is_seconds(interval, gauge):
    with pytest.raises(Misuse, match=r"interval (is|must be)"):
        ResourceMonitor(interval, sources=[gauge])


def test_without_psutil_it_is_told_what_to_install(monkeypatch):
    """At once, not in the thread; and sources of one's own need nothing."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(Misuse, match=r"pip install 'pointsman\[monitor\]'"):
        ResourceMonitor()
    assert ResourceMonitor(sources=[]).sample() == {}


def test_a_process_that_is_none_can_not_be_watched(monitor):
    for pid in (2**30, -1, "me"):
        with pytest.raises(Misuse, match="there is no process"):
            monitor.watch("m", pid=pid)


def test_on_this_very_machine():
    """The usual sources, a program of ours, and an endpoint that it is said to serve."""
    with ProcessInstance("cat") as instance, ResourceMonitor(3600.0) as monitor:
        instance.start()
        monitor.watch("cat", instance)
        monitor.watch("served by it", EndpointInstance("http://box", "m"), pid=instance.pid)
        monitor.watch("here", EndpointInstance("http://127.0.0.1:1", "m"))
        found = monitor.sample()
        assert set(found) == {"cat", "served by it", "here"}
        for usage in found.values():
            assert 0 <= usage.cpu <= 1
            assert 0 < usage.memory < 1
        assert found["cat"].memory < found["here"].memory
        assert monitor.status["machine"] == "well"
        assert "gpu" in monitor.status
        instance.close()
        assert set(monitor.sample()) == {"here"}
