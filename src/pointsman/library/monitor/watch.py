"""One router's use of a monitor, which others may use as well."""

from __future__ import annotations

from pointsman.errors import Misuse
from pointsman.library.monitor.monitor import ResourceMonitor
from pointsman.state.scoreboard import Scoreboard


class Watch:
    """Begun at once: the board is told of every look. Raises Misuse for what is no monitor."""

    def __init__(self, monitor: ResourceMonitor, board: Scoreboard) -> None:
        if not isinstance(monitor, ResourceMonitor):
            raise Misuse(f"monitor is a ResourceMonitor, not {type(monitor).__name__}", param="monitor")
        self.monitor = monitor
        self._board = board
        self._started = not monitor.running
        monitor.tell(board.measured)
        monitor.start()

    def end(self) -> None:
        """The board is told nothing more. A monitor that was begun here is stopped; its models stay watched."""
        self.monitor.untell(self._board.measured)
        self._board.measured({})
        if self._started:
            self.monitor.stop()
