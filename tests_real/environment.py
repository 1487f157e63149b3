"""The environment of the real model server: built once, kept outside the tree, found again.

llama-cpp-python is compiled from source, which takes 4 to 20 minutes on two cores. The result lives in a
folder of ``POINTSMAN_REAL_CACHE`` (default ``~/.cache/pointsman-real``) named after everything it was built
from, so a new version is a new folder and an old one is never patched. The gateway's own environment is not
touched.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
COMPLETE = "complete"  # written last: a folder without it is the ruin of an interrupted build
BUILD = {
    # Not tuned to the processor that compiles, so that a cache may be carried to another; without the part
    # for images, which nobody shows to a two-layer model.
    "CMAKE_ARGS": "-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF",
}


def cache_root() -> Path:
    """Where builds and the model file are kept."""
    chosen = os.environ.get("POINTSMAN_REAL_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "pointsman-real"


def server_python() -> Path:
    """The interpreter that runs the model server; built by ``ensure``."""
    return _home() / "bin" / "python"


def ensure() -> Path:
    """The interpreter of a complete environment, which is built now if there is none."""
    home = _home()
    with _locked(cache_root()):
        if not (home / COMPLETE).exists():
            _build(home)
    return server_python()


def _home() -> Path:
    made_of = [
        REQUIREMENTS.read_text(encoding="utf-8"),
        repr(sorted(BUILD.items())),
        platform.python_version(),
        platform.machine(),
    ]
    return cache_root() / f"server-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]}"


def _build(home: Path) -> None:
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        sys.exit("test-real compiles llama.cpp and needs a C++ compiler (g++ or clang++)")
    print(f"building the model server in {home}: 4 to 20 minutes, once", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=True, clear=True)
    install = [home / "bin" / "python", "-m", "pip", "install", "--requirement", REQUIREMENTS]
    # Compiling must not take the machine away from whoever is working on it.
    polite = ["nice", "-n", "15"] if shutil.which("nice") else []
    subprocess.run([*polite, *install], check=True, env={**os.environ, **BUILD})
    (home / COMPLETE).touch()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One build at a time; a second run waits for the first and finds its result."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
