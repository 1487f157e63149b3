"""What both routers have in common: everything that does not wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from inspect import isroutine
from math import inf
from os import PathLike
from random import Random, SystemRandom
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from pointsman.errors import DuplicateModel, InvalidResult, Misuse
from pointsman.library.breaker import CircuitBreakerConfig
from pointsman.library.categories import Detector, TaskCategory, category_of
from pointsman.library.choice import Asked
from pointsman.library.desk import Desk
from pointsman.library.detector import ShippedDetector
from pointsman.library.forks import Fork
from pointsman.library.lineup import NO_WISH, Wish
from pointsman.library.memo import Detect, Memo
from pointsman.library.models import Held, Limits, Model, wanted, words
from pointsman.library.monitor import ResourceMonitor
from pointsman.library.monitor.watch import Watch
from pointsman.library.numbers import LARGEST, count, latency_of, seconds
from pointsman.library.prompts import text
from pointsman.library.regret import Regret
from pointsman.library.results import BreakerStatus, Explanation, ModelMetrics
from pointsman.library.roster import Options
from pointsman.library.strategy import Strategy, strategy_of
from pointsman.library.told import explained, metrics_of, status_of
from pointsman.model.view import Clock
from pointsman.state.queue import NORMAL, URGENT, QueueSettings

if TYPE_CHECKING:
    from pointsman.library.instances import Instance
    from pointsman.library.kept import Kept
    from pointsman.library.store import Store
    from pointsman.library.store.keeper import Status


class ModelPool(Mapping[str, Any]):
    """The instances that models were registered with, by id; in the order in which they were registered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __getitem__(self, model_id: str) -> Any:
        return self._desk.models[model_id].instance

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._desk.models))

    def __len__(self) -> int:
        return len(self._desk.models)

    def __repr__(self) -> str:
        return f"ModelPool({', '.join(self)})"

    def get_instance(self, model_id: str) -> Any:
        """Raises UnknownModel."""
        return self._desk.model(model_id).instance


class Wishes(TypedDict, total=False):
    """What a task may ask for: its ``priority`` (0..9, 9 first); a ``deadline`` by which it must begin (seconds from
    now, or a timedelta); a model with any of these ``tags`` and all of these ``capabilities``.
    """

    priority: int | None
    deadline: float | timedelta | None
    tags: Iterable[str]
    capabilities: Iterable[str]


class Base:
    """Arguments that make no sense raise Misuse or a child of it, and change nothing.

    ``strategy``: how models are picked. ``detector``: who says what a task is about (the shipped one, if none is
    given). ``seed`` makes all dice repeatable. ``zone``: where the program runs; ``spill_over``: tasks at a time that a
    model nearby takes before farther ones are asked. ``queue_size`` tasks wait for room at most, each for
    ``queue_timeout`` seconds. ``adaptive_thresholds``: how many failures leave a model out, and how many results count
    for affinity, follows the error rate that is usual. What is not reported on within ``lease_timeout`` seconds is
    taken to be lost. ``store``: where metrics survive a restart ("metrics.db", "redis://…"); raises StoreFailed if it
    can't be read. ``monitor`` watches what models use, for the strategy least-utilization; unless it runs already it
    runs until ``close``.
    """

    def __init__(  # noqa: PLR0913  options of one thing, all by keyword
        self,
        strategy: Strategy | str = Strategy.ROUND_ROBIN,
        *,
        circuit_breaker_config: CircuitBreakerConfig | None = None,
        detector: Detector | Detect | None = None,
        seed: int | None = None,
        zone: str | None = None,
        spill_over: int | None = None,
        adaptive_thresholds: bool = False,
        store: str | PathLike[str] | Store | None = None,
        queue_size: int = 1000,
        queue_timeout: float | timedelta = 60.0,
        lease_timeout: float | timedelta = 600.0,
        monitor: ResourceMonitor | None = None,
        clock: Clock = monotonic,
    ) -> None:
        self._breaker = CircuitBreakerConfig() if circuit_breaker_config is None else _config(circuit_breaker_config)
        self._adaptive = adaptive_thresholds
        self._memo = Memo(detector if detector is not None else ShippedDetector())
        options = Options(
            None if zone is None else text(zone, "zone"),
            None if spill_over is None else count(spill_over, "spill_over", least=1),
            seconds(lease_timeout, "lease_timeout"),
            QueueSettings(count(queue_size, "queue_size"), seconds(queue_timeout, "queue_timeout")),
        )
        dice = Random(SystemRandom().getrandbits(128) if seed is None else seed)  # noqa: S311  shares, not secrets
        self._desk = Desk(
            strategy_of(strategy), self._breaker.settings(adaptive=adaptive_thresholds), options, clock, dice
        )
        self._fork = Fork(self._desk.board.lock, dice, seeded=seed is not None)
        self._made: dict[str, Instance] = {}
        self._watch = Watch(monitor, self._desk.board) if monitor is not None else None
        self._kept = _kept(self._desk, store) if store is not None else None

    def __repr__(self) -> str:
        desk = self._desk
        everybody = [model.deployment for model in desk.everybody()]
        resting = sum(desk.board.fitness(deployment) is not None for deployment in everybody)
        held = sum(map(desk.board.in_flight, everybody))
        return (
            f"{type(self).__name__}({desk.chooser.strategy.value}, {len(desk.models)} models"
            f"{f', {resting} left out' if resting else ''}, {held} tasks under way)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Save what is to be kept, close the instances that were made here, and end all threads of the router's own."""
        while self._made:
            self._made.popitem()[1].close()
        if self._watch is not None:
            self._watch.end()
        if self._kept is not None:
            self._kept.keeper.close()

    @property
    def store_status(self) -> Status | None:
        """How saving goes; None without a store."""
        return self._kept.keeper.status if self._kept is not None else None

    def __len__(self) -> int:
        return len(self._desk.models)

    def __contains__(self, model_id: object) -> bool:
        return model_id in self._desk.models

    # Models

    def register_model(  # noqa: PLR0913  as above
        self,
        model_id: str,
        instance: Any = None,
        *,
        weight: float | None = None,
        tags: Iterable[str] = (),
        limits: Limits | None = None,
        cost: float | tuple[float, float] | None = None,
        zone: str | None = None,
        capabilities: Iterable[str] = (),
    ) -> None:
        """``instance`` is whatever does the model's tasks; it is kept and handed out. Of a URL ("ollama://host/llama3")
        or a function one is made, which ``close`` closes. ``weight`` is its share in round robin and random, ``cost``
        dollars a million tokens (or those of questions and of answers), ``zone`` where it runs ("eu/frankfurt"),
        ``capabilities`` what it can do. Raises DuplicateModel.
        """
        described = wanted(
            model_id, weight=weight, tags=tags, limits=limits, cost=cost, zone=zone, capabilities=capabilities
        )
        made = _made_of(instance)
        try:
            self._desk.register(described, instance if made is None else made)
        except DuplicateModel:
            if made is not None:
                made.close()
            raise
        if made is not None:
            self._made[model_id] = made
        if self._watch is not None:
            self._watch.monitor.watch(model_id, instance if made is None else made)

    def unregister_model(self, model_id: str) -> None:
        """It gets no further task. What it has under way ends where it is, and is not counted. An instance that was
        made here is closed, if it has nothing to do. Raises UnknownModel.
        """
        under_way = self._desk.unregister(model_id)
        made = self._made.pop(model_id, None)
        if made is not None and not under_way:
            made.close()
        if self._watch is not None:
            self._watch.monitor.forget(model_id)

    @property
    def model_ids(self) -> tuple[str, ...]:
        """In the order in which they were registered."""
        return tuple(self._desk.models)

    def get_instance(self, model_id: str) -> Any:
        """What the model was registered with. Raises UnknownModel."""
        return self._desk.model(model_id).instance

    @property
    def model_pool(self) -> ModelPool:
        """The models by id, to read."""
        return ModelPool(self._desk)

    # Decisions

    @property
    def strategy(self) -> Strategy:
        return self._desk.chooser.strategy

    def set_routing_strategy(self, strategy: Strategy | str) -> None:
        """From the next task on. What was recorded stays. Raises UnknownStrategy."""
        self._desk.go_by(strategy_of(strategy))

    def get_task_category(self, prompt: str) -> TaskCategory:
        """What the prompt is about. Raises DetectorFailed."""
        return self._memo.category(prompt)

    def set_task_category_detector(self, detector: Detector | Detect) -> None:
        """Any object with ``detect(prompt)``, or a callable. Raises Misuse if it is neither."""
        self._memo = Memo(detector)

    def explain(self, prompt: str, **wishes: Unpack[Wishes]) -> Explanation:
        """Who would get the prompt now and why: decided as ever, and nothing counted."""
        return explained(self._desk, self._asked(prompt, **wishes), self._memo.why(prompt))

    # Results

    def record_task_result(
        self,
        model_id: str,
        success: bool,
        latency: float | timedelta,
        category: TaskCategory | str | None = None,
    ) -> None:
        """What came of a task that the model was given, or of one that it was given elsewhere. ``latency`` is seconds
        or a timedelta. Without a category it is the one of the task that is reported on. Raises UnknownModel,
        InvalidResult.
        """
        took = latency if type(latency) is float and 0.0 <= latency <= LARGEST else latency_of(latency)
        if success is not True and success is not False:
            success = _truth(success)
        about = category if category is None or type(category) is TaskCategory else category_of(category)
        self._desk.record(model_id, success, took, about)

    def get_model_metrics(self, model_id: str) -> ModelMetrics:
        """Raises UnknownModel."""
        return metrics_of(self._desk, self._desk.model(model_id))

    def get_all_metrics(self) -> dict[str, ModelMetrics]:
        return {model.id: metrics_of(self._desk, model) for model in self._desk.everybody()}

    def regret(self) -> Regret:
        """What Strategy.BANDIT has learned, and what that has cost. Empty as long as it is not the strategy."""
        return self._desk.regret()

    def reset_metrics(self, *, keep_breakers: bool = False) -> None:
        """Forget counts, latencies, affinity, regret and, unless told otherwise, who is left out. Tasks under way
        stay.
        """
        self._desk.reset(keep_breakers=keep_breakers)

    # Health

    @property
    def circuit_breaker_config(self) -> CircuitBreakerConfig:
        """Of all models. Assigning another one holds from then on; who is left out stays so for its time."""
        return self._breaker

    @circuit_breaker_config.setter
    def circuit_breaker_config(self, config: CircuitBreakerConfig) -> None:
        self._breaker = _config(config)
        self._desk.settle(self._breaker.settings(adaptive=self._adaptive))

    def get_circuit_breaker_status(self, model_id: str) -> BreakerStatus:
        """Truthy while the breaker is open. Raises UnknownModel."""
        return status_of(self._desk, self._desk.model(model_id))

    def force_health_recovery(self, model_id: str) -> None:
        """It is asked again at once. Raises UnknownModel."""
        self._desk.recover(self._desk.model(model_id))

    def health_check(self) -> dict[str, bool]:
        """Of each model: may it be given a task now? An instance that says that it is not ``alive`` may not."""
        return self._desk.check()

    def _asked(
        self,
        prompt: str,
        *,
        priority: int | None = None,
        deadline: float | timedelta | None = None,
        tags: Iterable[str] = (),
        capabilities: Iterable[str] = (),
        reported: bool = True,
    ) -> Asked:
        """A task, checked. Raises Misuse or DetectorFailed."""
        category = self._memo.category(prompt)
        if priority is not None and not (type(priority) is int and 0 <= priority <= URGENT):
            raise Misuse(f"priority is a whole number from 0 to {URGENT}, not {priority!r:.80}", param="priority")
        wish = NO_WISH
        if tags or capabilities:
            wish = Wish(words(tags, "tags"), words(capabilities, "capabilities"))
        until = inf if deadline is None else self._desk.board.clock() + seconds(deadline, "deadline")
        patient = priority is not None or deadline is not None
        urgency = NORMAL if priority is None else priority
        return Asked(self._desk.chooser.about(category, prompt), category, wish, urgency, until, reported, patient)

    def _hold(self, given: list[tuple[Model, Held]]) -> list[str]:
        """What comes of these will be told by id."""
        for model, held in given:
            self._desk.hold(model, held)
        return [model.id for model, _ in given]

    def _take_back(self, given: list[tuple[Model, Held]]) -> None:
        """Nothing will come of these."""
        for model, held in given:
            self._desk.take_back(model, held)


def _kept(desk: Desk, store: str | PathLike[str] | Store) -> Kept:
    from pointsman.library.kept import Kept  # noqa: PLC0415  only who keeps metrics pays for databases
    from pointsman.library.store import open_store  # noqa: PLC0415  as above

    opened = open_store(store) if isinstance(store, (str, PathLike)) else store
    desk.memory = kept = Kept(desk, opened, time)
    kept.keeper.start()
    return kept


def _made_of(instance: Any) -> Instance | None:
    """An instance made of a URL or a function; None of anything else, which is what it is."""
    if not (isinstance(instance, str) and "://" in instance) and not isroutine(instance):
        return None
    from pointsman.library.instances import as_instance  # noqa: PLC0415  only who needs one pays for HTTP

    return as_instance(instance)


def _truth(value: Any) -> bool:
    """A numpy bool is one too; a word or a number is not, for it may mean anything."""
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise InvalidResult(f"success is True or False, not {value!r:.80}", param="success")


def _config(config: CircuitBreakerConfig) -> CircuitBreakerConfig:
    if not isinstance(config, CircuitBreakerConfig):
        raise Misuse(f"expected a CircuitBreakerConfig, not {config!r:.80}", param="circuit_breaker_config")
    return config
