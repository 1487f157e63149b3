"""Who is there: the registered models, and whether they are alive.

Calls that change something hold the board's lock.
"""

from __future__ import annotations

from random import Random
from typing import Protocol

import msgspec

from pointsman.errors import DuplicateModel, UnknownModel
from pointsman.library.categories import TaskCategory
from pointsman.library.choice import Chooser
from pointsman.library.models import Model, Wanted
from pointsman.library.strategy import Strategy
from pointsman.model.rest import BreakerSettings
from pointsman.model.view import Clock
from pointsman.state.queue import QueueSettings
from pointsman.state.rules import Rules
from pointsman.state.scoreboard import Scoreboard

PLAIN = (str, int, float, tuple, dict, list)
"""Things that models are registered with and that say nothing of being alive."""


class Options(msgspec.Struct, frozen=True):
    """What holds of the whole router; ``zone`` and ``spill_over`` as in Chooser. A task is waited for ``lease_timeout``
    seconds.
    """

    zone: str | None = None
    spill_over: int | None = None
    lease_timeout: float = 600.0
    queue: QueueSettings = QueueSettings()


class LongMemory(Protocol):
    """What is remembered longer than the program runs."""

    def restore(self, model: Model) -> bool:
        """A model that has just been registered goes on from what is known of it; False if nothing is."""
        ...

    def forget(self, name: str) -> None:
        """It was unregistered."""
        ...

    def note(self) -> None:
        """Something has changed."""
        ...


class Roster:
    """Thread-safe: every method may be called from any thread."""

    def __init__(
        self, strategy: Strategy, breaker: BreakerSettings, options: Options, clock: Clock, dice: Random
    ) -> None:
        self.options = options
        self.board = Scoreboard(clock, dice, Rules(breaker=breaker, queue=options.queue))
        self.models: dict[str, Model] = {}
        self.chooser = Chooser(
            self.board, self.models, dice, strategy, zone=options.zone, spill_over=options.spill_over
        )
        self.memory: LongMemory | None = None
        self._order: tuple[Model, ...] = ()

    def register(self, wanted: Wanted, instance: object) -> None:
        """Raises DuplicateModel."""
        name = wanted.deployment.id
        with self.board.lock:
            if name in self.models:
                raise DuplicateModel(
                    f"model {name!r} is registered already: unregister_model it first", param="model_id"
                )
            record = self.board.enlist(wanted.deployment)
            model = self.models[name] = Model(wanted.deployment, record, instance, wanted.capabilities)
            if self.memory is None or not self.memory.restore(model):
                self.credit(model)
            self.chooser.counts = self.chooser.counts or wanted.deployment.tpm is not None
            self._changed()

    def unregister(self, name: str) -> int:
        """How many tasks it has under way: they end where they are, and what comes of them is not counted. Raises
        UnknownModel.
        """
        with self.board.lock:
            model = self.models.pop(self.model(name).id)
            model.gone = True
            under_way = model.record.in_flight
            self.board.forget(model.deployment)
            self.chooser.bandit.forget(model.id)
            if self.memory is not None:
                self.memory.forget(model.id)
            self._changed()
        return under_way

    def model(self, name: str) -> Model:
        """Raises UnknownModel, which lists who there is."""
        found = self.models.get(name) if isinstance(name, str) else None
        if found is None:
            known = ", ".join(list(self.models)[:20]) or "none; call register_model first"
            raise UnknownModel(f"no model {name!r:.200} is registered; there are: {known}", param="model_id")
        return found

    def everybody(self) -> tuple[Model, ...]:
        """In the order in which they were registered."""
        with self.board.lock:
            if len(self._order) != len(self.models):
                self._order = tuple(self.models.values())
            return self._order

    def check(self) -> dict[str, bool]:
        """Who is well: no breaker or rest keeps it from being asked, and its instance, if it can tell, is alive."""
        found = {}
        for model in self.everybody():
            self.look_at(model)
            found[model.id] = self.board.fitness(model.deployment) is None
        return found

    def look_at(self, model: Model) -> bool:
        """Is its instance alive, as far as it tells? One that is not is left out, and tried again as after failures."""
        instance = model.instance
        if instance is None or isinstance(instance, PLAIN):
            return True
        alive = _alive(instance)
        if not alive:
            self.board.checked(model.deployment.provider, False, self.board.breaker_time(model.deployment))
        elif model.ailing:
            self.board.checked(model.deployment.provider, True, 0.0)
        model.ailing = not alive
        return alive

    def credit(self, model: Model) -> None:
        """What it is said to be capable of counts like one task that went well."""
        for category in TaskCategory:
            if category in model.capabilities:
                self.board.learned(category, model.record, good=True, at=self.board.clock())

    def _changed(self) -> None:
        """Somebody came or left."""
        if self.memory is not None:
            self.memory.note()
        self._order = ()
        self.chooser.changed()


def _alive(instance: object) -> bool:
    """What an instance says of itself; one that can't even say it is not."""
    try:
        said = getattr(instance, "alive", True)
        return bool(said() if callable(said) else said)
    except Exception:  # noqa: BLE001  whatever it is, a task would meet it too
        return False
