"""Installs a peer from PyPI or npm into a folder of the cache. A folder without its mark is begun anew."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from competitors.base import CannotInstallError

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL_SECONDS = 900
MARK = ".installed"


def cache_folder() -> Path:
    """Outside the tree, so that a clean checkout does not install the peers again."""
    named = os.environ.get("POINTSMAN_BENCH_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "pointsman-bench"


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            ["nice", *command],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstallError(f"{command[0]}: {error}") from error
    if done.returncode == 0:
        return
    said = (done.stdout + done.stderr).strip().splitlines()
    errors = [line for line in said if "error" in line.lower()] or said
    raise CannotInstallError(errors[-1][:300] if errors else f"{command[0]} ended with {done.returncode}")


def _once(folder: Path, install: Callable[[], None]) -> Path:
    if not (folder / MARK).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"  installing {folder.name} into {folder.parent}", flush=True)
        install()
        (folder / MARK).touch()
    return folder


def from_pypi(cache: Path, requirement: str, version: str) -> Path:
    """A virtual environment of its own with that one requirement; returns its folder."""
    folder = cache / f"{requirement.partition('[')[0]}-{version}"

    def install() -> None:
        _run([sys.executable, "-m", "venv", str(folder)], cache)
        _run([str(folder / "bin" / "pip"), "install", "-q", f"{requirement}=={version}"], cache)

    return _once(folder, install)


def from_npm(cache: Path, package: str, version: str, overrides: dict[str, str]) -> Path:
    """A folder of its own with that package; ``overrides`` fixes versions of what the package depends on."""
    if shutil.which("npm") is None:
        raise CannotInstallError("npm is not installed")
    parts = [f"{name}-{number}" for name, number in ((package, version), *overrides.items())]
    folder = cache / "+".join(parts).replace("@", "").replace("/", "-")
    manifest = {"private": True, "dependencies": {package: version}, "overrides": overrides}

    def install() -> None:
        (folder / "package.json").write_text(json.dumps(manifest))
        _run(["npm", "install", "--no-audit", "--no-fund"], folder)

    return _once(folder, install)
