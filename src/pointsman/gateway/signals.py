"""Signals of the process: SIGTERM and SIGINT end it by draining, SIGHUP reads the configuration again."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def heard(end: Callable[[int], None], again: Callable[[], None]) -> Iterator[None]:
    """Listen as long as this lasts, if this is the main thread: only there signals arrive.

    A SIGHUP that comes because the terminal is gone ends the process at once, as without us: nobody is left to do it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, terminal = asyncio.get_running_loop(), sys.stderr.isatty()

    def hung_up() -> None:
        if terminal and not sys.stderr.isatty():
            loop.remove_signal_handler(signal.SIGHUP)
            signal.raise_signal(signal.SIGHUP)
        else:
            again()

    for number in ENDING:
        loop.add_signal_handler(number, end, number)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    try:
        yield
    finally:
        for number in (*ENDING, signal.SIGHUP):
            loop.remove_signal_handler(number)
