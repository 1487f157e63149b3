"""The real-server test in one command: build the server if it is missing, then run these tests.

``python tests_real/run.py [pytest arguments]``, with the interpreter of the gateway's own environment.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

import environment


def main() -> int:
    """The exit code of pytest."""
    environment.ensure()
    # A run that is told to end stops its servers first, as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return int(pytest.main([str(Path(__file__).parent), "-v", "--durations=5", *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
